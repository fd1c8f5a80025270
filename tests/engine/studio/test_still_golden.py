"""`latenz still` draws the reference's own checkpoints as the reference does."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import cli
from engine.generator import convert
from engine.generator.model_file import read_tensors as load_tensors
from engine.latent.places import Place, Places
from engine.stage.outputs.picture import read_latent, read_text
from tests.engine.generator.golden import assert_near, golden

STYLE = ("sg2_64_uncond", "sg2_64_cond3_clamp", "sg2_32_sg3repo_modern", "sg3t_64_uncond", "sg3r_64_xform")
BIGGAN_PSI = (0.4, 0.7, 1.0, 0.1)  # on the grid of the statistics
TOLERANCE = {"biggan": 3e-4, "other": 1e-4}

Draw = Callable[..., np.ndarray]


@pytest.fixture
def draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Runs the command with arrays for files; the array that it wrote."""

    def run(model: Path, *more: str, **arrays: np.ndarray) -> np.ndarray:
        out = tmp_path / "out.npy"
        words = ["latenz", "still", "--model", str(model), "-o", str(out), *more]
        for name, array in arrays.items():
            np.save(tmp_path / f"{name}.npy", array)
            words += [f"--{name}", str(tmp_path / f"{name}.npy")]
        monkeypatch.setattr(sys, "argv", words)
        assert cli.run() == 0
        drawn: np.ndarray = np.load(out, allow_pickle=False)
        assert drawn.dtype == np.float32
        return drawn

    return run


def reference(name: str) -> tuple[Path, dict[str, np.ndarray]]:
    folder = name == "biggan_deep_32"
    model = golden(name) if folder else next(golden(f"{name}.json").parent.glob(f"{name}.p*"))
    with np.load(golden(f"{name}/golden.npz" if folder else f"{name}.npz"), allow_pickle=False) as file:
        return model, dict(file)


def words_of(image: str) -> list[str]:
    """The command's options from the name of a reference's picture: img_const_psi0.7_cut4."""
    words = []
    if found := re.search(r"psi(-?[\d.]+)", image):
        words += ["--psi", found[1]]
    if found := re.search(r"_cut(\d+)", image):
        words += ["--cutoff", found[1]]
    return [*words, "--noise", "none"] if "_none" in image else words


@pytest.mark.parametrize("name", STYLE)
def test_styles_are_drawn_as_the_reference_draws_them(name: str, draw: Draw) -> None:
    model, arrays = reference(name)
    given = {"z": arrays["z"], **({"c": arrays["c"]} if "c" in arrays else {})}
    images = [key for key in arrays if re.fullmatch(r"img(_const|_none)?_psi-?[\d.]+(_cut\d+)?", key)]
    assert len(images) >= 3
    for image in images:
        assert_near(draw(model, *words_of(image), **given), arrays[image], TOLERANCE["other"], f"{name} {image}")


@pytest.mark.parametrize("name", STYLE)
def test_mapped_latents_are_drawn_as_they_are(name: str, draw: Draw) -> None:
    model, arrays = reference(name)
    noise = "_const" if name.startswith("sg2") else ""
    assert_near(draw(model, w=arrays["wplus"]), arrays[f"img{noise}_wplus"], TOLERANCE["other"])
    assert_near(draw(model, w=arrays["w_psi1"][:, 0]), arrays[f"img{noise}_psi1"], TOLERANCE["other"])


@pytest.mark.parametrize("name", STYLE)
def test_psi_truncates_a_w_that_is_given(name: str, draw: Draw) -> None:
    model, arrays = reference(name)
    for image in (key for key in arrays if re.fullmatch(r"img(_const)?_psi(0.7|-0.5)(_cut\d+)?", key)):
        assert_near(draw(model, *words_of(image), w=arrays["w_psi1"]), arrays[image], TOLERANCE["other"], image)


def test_psi_picks_the_statistics_of_a_w_that_is_given(draw: Draw) -> None:
    model, arrays = reference("biggan_deep_32")
    z, c = arrays["z_t0.4"], arrays["onehot"]
    from_z = draw(model, "--psi", "0.7", z=z, c=c)
    embedding = load_tensors(convert.cached(model))[1]["embeddings.weight"]
    from_w = draw(model, "--psi", "0.7", w=np.concatenate([z, c @ embedding.T], axis=1))
    assert_near(from_w, from_z, TOLERANCE["biggan"])


def test_soft_classes_are_mixed(draw: Draw) -> None:
    model, arrays = reference("sg2_64_cond3_clamp")
    soft = [key for key in arrays if key.startswith("img") and "soft" in key]
    assert soft
    for image in soft:
        count = len(arrays[image])
        drawn = draw(model, *words_of(image), z=arrays["z"][:count], c=arrays["c_soft"][:count])
        assert_near(drawn, arrays[image], TOLERANCE["other"], image)


def test_a_class_by_its_number_is_its_one_hot_row(draw: Draw) -> None:
    model, arrays = reference("sg2_64_cond3_clamp")
    for row, number in enumerate(arrays["c"].argmax(axis=1)):
        drawn = draw(model, "--class", str(number), z=arrays["z"][row])
        assert_near(drawn, arrays["img_const_psi1"][row : row + 1], TOLERANCE["other"])


@pytest.mark.parametrize("psi", BIGGAN_PSI)
def test_truncation_picks_the_statistics_of_a_given_z(psi: float, draw: Draw) -> None:
    model, arrays = reference("biggan_deep_32")
    given = {"z": arrays[f"z_t{psi:g}"], "c": arrays["onehot"]}
    assert_near(draw(model, "--psi", f"{psi:g}", **given), arrays[f"img_t{psi:g}"], TOLERANCE["biggan"])


@pytest.mark.parametrize("psi", [0.43, 0.28])
def test_the_public_code_s_truncation_is_reproduced_when_asked(psi: float, draw: Draw) -> None:
    model, arrays = reference("biggan_deep_32")
    given = {"z": arrays[f"z_t{psi}"], "c": arrays["onehot"]}
    drawn = draw(model, "--psi", str(psi), "--upstream-exact", **given)
    assert_near(drawn, arrays[f"img_t{psi}"], TOLERANCE["biggan"])
    halfway = psi == 0.43  # where both ways of interpolating meet
    assert (np.abs(draw(model, "--psi", str(psi), **given) - drawn).max() < 1e-3) == halfway


def test_soft_classes_of_biggan_are_mixed(draw: Draw) -> None:
    model, arrays = reference("biggan_deep_32")
    given = {"z": arrays["z_t0.4"][:2], "c": arrays["soft_label"]}
    assert_near(draw(model, "--psi", "0.4", **given), arrays["img_soft_t0.4"], TOLERANCE["biggan"])


def test_progressive_gans_are_drawn_as_the_reference_draws_them(draw: Draw) -> None:
    model, arrays = reference("pggan_32")
    assert_near(draw(model, z=arrays["z"]), arrays["img"], TOLERANCE["other"])
    assert_near(draw(model, z=3.0 * arrays["z"][:1]), arrays["img_z_scaled_by_3"], TOLERANCE["other"])


def test_a_seed_is_the_reference_s_seed(draw: Draw) -> None:
    for name, image in (("sg2_64_uncond", "img_const_psi0.7"), ("pggan_32", "img")):
        model, arrays = reference(name)
        drawn = draw(model, *words_of(image), "--seed", str(arrays["seeds"][1]))
        assert_near(drawn, arrays[image][1:2], TOLERANCE["other"], name)


def test_a_picture_of_a_place_in_w_remembers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, arrays = reference("sg2_64_cond3_clamp")
    np.save(tmp_path / "w.npy", arrays["wplus"][:1])
    command = ["latenz", "still", "--model", str(model), "--w", str(tmp_path / "w.npy"), "-o", str(tmp_path / "x.png")]
    monkeypatch.setattr(sys, "argv", command)
    assert cli.run() == 0
    notes = read_text(tmp_path / "x.png")
    assert notes["latenz.space"] == "w" and np.array_equal(read_latent(notes["latenz.latent"]), arrays["wplus"][0])
    assert json.loads(notes["latenz.classes"]) == {"0": 1.0} and notes["latenz.psi"] == "1"
    assert notes["latenz.model"] == "sg2_64_cond3_clamp" and len(notes["latenz.model_hash"]) == 64
    assert notes["latenz.backend"].startswith("eager")
    with Image.open(tmp_path / "x.png") as image:
        shown = np.asarray(image.convert("RGB")).astype(int)
    reference_px = np.clip(arrays["img_const_wplus"][0].transpose(1, 2, 0) * 127.5 + 127.5, 0, 255)
    assert np.abs(shown - reference_px).max() <= 1.01


def test_a_place_of_a_file_is_drawn_by_its_name(tmp_path: Path, draw: Draw) -> None:
    model, arrays = reference("sg2_64_uncond")
    file = tmp_path / "mine.safetensors"
    Places((Place("here", arrays["z"][1]), Place("there", arrays["wplus"][0], "w"))).save(file)
    assert_near(draw(model, "--place", f"{file}:here"), arrays["img_const_psi1"][1:2], TOLERANCE["other"])
    assert_near(draw(model, "--place", f"{file}:there"), arrays["img_const_wplus"][:1], TOLERANCE["other"])


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("sg2_64_uncond", ["--seed", "1", "--class", "0"], "sg2_64_uncond has no classes"),
        ("sg2_64_uncond", ["--seed", "1", "--cutoff", "99"], "sg2_64_uncond: cutoff 99; the model has 10 layers"),
        ("sg2_64_uncond", ["--seed", "1", "--upstream-exact"], "is for BigGAN"),
        ("sg2_64_uncond", ["--seed", "1", "--noise", "loud"], "--noise loud: give const, none, random"),
        ("sg2_64_uncond", ["--seed", "1", "--backend", "magic"], "--backend magic: give "),
        ("sg2_64_uncond", [], "give one of --seed N"),
        ("sg2_64_uncond", ["--place", "nowhere:x"], "--place nowhere:x: no such file"),
        ("sg2_64_uncond", ["--seed", "1", "--amount", "smile=1"], 'no direction "smile"; there are: none'),
        ("biggan_deep_32", ["--seed", "1", "--class", "20"], "--class 20: biggan_deep_32 has classes 0 to 19"),
        ("biggan_deep_32", ["--seed", "1", "--size", "64x64"], "draws at 32x32 only"),
    ],
)
def test_what_does_not_fit_the_model_is_said(
    name: str, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    model, _ = reference(name)
    monkeypatch.setattr(sys, "argv", ["latenz", "still", "--model", str(model), "-o", str(tmp_path / "x.png"), *words])
    assert cli.run() == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "nothing half-written"


@pytest.mark.real
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory as Linux does")
def test_a_picture_that_does_not_fit_into_memory_is_refused(tmp_path: Path) -> None:
    model, _ = reference(name := "sg3t_64_uncond")
    code = "import resource as r, sys; r.setrlimit(r.RLIMIT_AS, (3 << 30,) * 2); from engine import cli; cli.main()"
    words = ["still", "--model", str(model), "--seed", "1", "--size", "16384x16384", "-o", str(tmp_path / "x.npy")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == f"{name} at 16384x16384 does not fit into memory; give a smaller --size"
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("option", "shape", "said"),
    [
        ("--z", (2, 63), "the model takes finite N x 64"),
        ("--w", (2, 9, 48), "the model takes finite N x 8 x 48, or N x 48"),
        ("--c", (2, 4), "1 latents take finite 1 x 2, or 2"),
    ],
)
def test_arrays_of_another_shape_are_refused_with_what_is_taken(
    option: str, shape: tuple[int, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    model, _ = reference("sg2_32_sg3repo_modern")
    np.save(tmp_path / "f.npy", np.zeros(shape, np.float32))
    words = ["latenz", "still", "--model", str(model), option, str(tmp_path / "f.npy"), "-o", str(tmp_path / "x.npy")]
    monkeypatch.setattr(sys, "argv", [*words, "--seed", "1"] if option == "--c" else words)
    assert cli.run() == 2
    assert said in capsys.readouterr().err and not (tmp_path / "x.npy").exists()


@pytest.mark.parametrize("option", ["--z", "--w", "--c"])
@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e300, 1e30])
def test_numbers_that_nothing_can_be_drawn_from_are_refused(
    option: str, value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = reference("sg2_32_sg3repo_modern")
    array = np.zeros((1, {"--z": 64, "--w": 48, "--c": 2}[option]))
    array[0, 1] = value
    np.save(tmp_path / "f.npy", array)
    words = ["latenz", "still", "--model", str(model), option, str(tmp_path / "f.npy"), "-o", str(tmp_path / "x.npy")]
    monkeypatch.setattr(sys, "argv", [*words, "--seed", "1"] if option == "--c" else words)
    assert cli.run() == 2
    assert f"f.npy: it holds {value:g}; " in capsys.readouterr().err and not (tmp_path / "x.npy").exists()
