"""`latenz learn compass`: piles become a bank that says how good it is, and bad piles are refused by name."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import cli
from engine.errors import InputError
from engine.generator.catalog import model_directions, model_info
from engine.latent.directions import Directions, architecture_of
from engine.latent.space import seed_z
from engine.studio.learn.compass import Compared, compared_in, learn_from, piles_of, within_bank
from engine.studio.learn.subject import Subject
from engine.studio.still import Still, still
from tests.engine.studio.test_still_golden import reference

BLOOM = model_directions("tulip")["bloom"].vector


@pytest.fixture(scope="module")
def tulip() -> Subject:
    return Subject("tulip", 16, 1)


@pytest.fixture(scope="module")
def axes(tulip: Subject) -> Compared:
    return compared_in(tulip, "z", 20, 2_000)


def extremes(each: int = 6) -> tuple[str, str]:
    """Seeds of open flowers and of buds."""
    order = sorted(range(200), key=lambda seed: float(seed_z(seed, 512) @ BLOOM))
    return ",".join(map(str, order[-each:])), ",".join(map(str, order[:each]))


def learned(out: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["latenz", "learn", "compass", "-o", str(out), "--threads", "1", *words])
    return cli.run()


@pytest.mark.parametrize("method", ["svm", "means"])
def test_six_extremes_of_bloom_become_bloom(tulip: Subject, axes: Compared, method: str) -> None:
    found = learn_from(tulip, piles_of(*extremes(), tulip.info), axes, "open", method)  # type: ignore[arg-type]
    assert found.direction.vector @ BLOOM > 0.75
    assert found.direction.measures["accuracy"] > 0.9 and found.direction.measures["luck"] < 0.01
    assert found.took_s < 1.0 and not found.found.warning


def test_the_command_writes_a_bank_with_measures_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more, less = extremes(4)
    for seed in more.split(","):
        (tmp_path / "more").mkdir(exist_ok=True)
        still(Still("tulip", tmp_path / "more" / f"{seed}.png", seed=int(seed), size=(32, 32)))
    Directions(tuple(model_directions("tulip"))).save(tmp_path / "axes.safetensors")
    out = tmp_path / "open.safetensors"
    given = ["--more", str(tmp_path / "more"), "--less", less, "--side", "16"]
    assert learned(out, monkeypatch, "--model", "tulip", *given, "--in", str(tmp_path / "axes.safetensors")) == 0
    said = capsys.readouterr()
    assert "open: 4 more, 4 less: accuracy 1.00 with each example left out (guessing gets 0.50)" in said.out
    info = model_info("tulip")
    direction = Directions.load(out).check(info)["open"]
    assert direction.vector @ BLOOM > 0.7 and direction.pace is not None
    assert (direction.model_hash, direction.architecture) == (info.hash, architecture_of(info))
    assert direction.measures["more"] == direction.measures["less"] == 4
    with Image.open(out.with_suffix(".png")) as picture:
        assert picture.width > 500
    assert not list(tmp_path.glob("*.work.safetensors"))


def test_a_sorting_that_says_nothing_is_said(tulip: Subject, axes: Compared) -> None:
    found = learn_from(tulip, piles_of("1,2,3,4,5,6", "7,8,9,10,11,12", tulip.info), axes, "noise")
    assert "tossing a coin" in found.found.warning


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--more", "1,2", "--less", "nowhere"], "--less nowhere: no such file or folder"),
        (["--more", "empty", "--less", "1,2"], "--more empty: no stills in it"),
        (["--more", "1,2", "--less", "2,3"], "seed 2: one place lies in more and in less"),
        (["--more", "1", "--less", "2,3"], "--more 1: 1 example; give at least 2 a side"),
        (["--more", "bad", "--less", "2,3"], "not a picture that can be read"),
        (["--more", "1,2", "--less", "3,4", "--method", "forest"], "--method forest: give svm or means"),
        (["--more", "1,2", "--less", "3,4", "--space", "y"], "--space y: give z, w or layer:NAME"),
        (["--more", "w.npy", "--less", "3,4"], "w.npy[0] lies in w and this compass compares z"),
        (["--more", "1,2", "--less", "3,4", "--name", "a b"], "cannot stand in an address"),
    ],
)
def test_bad_piles_are_refused_with_nothing_written(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_text("no picture")
    np.save(tmp_path / "w.npy", np.zeros((2, 160)))
    out = tmp_path / "x.safetensors"
    assert learned(out, monkeypatch, "--model", "tulip", "--samples", "200", "--side", "16", *words) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not out.exists() and not out.with_suffix(".png").exists()


def test_a_bank_is_compared_in_where_it_lies(tulip: Subject) -> None:
    own = model_directions("tulip")
    assert within_bank(tulip, own, "", 20).of == "z"
    with pytest.raises(InputError, match="--space w: the bank of --in lies in z"):
        within_bank(tulip, own, "w", 20)


@pytest.mark.parametrize("of", ["w", "layer:b8"])
def test_w_and_layers_of_the_tulip_tell_buds_from_flowers_too(tulip: Subject, of: str) -> None:
    compared = compared_in(tulip, of, 20, 400)
    found = learn_from(tulip, piles_of(*extremes(8), tulip.info), compared, "open")
    assert found.direction.space == "w" and len(found.direction.vector) == tulip.info.w_dim
    sample = tulip.sample(200, 5)
    x = sample.z.double().numpy() @ BLOOM
    along = tulip.w(sample)[:, 0].double().numpy() @ found.direction.vector
    assert np.corrcoef(x, along)[0, 1] > 0.5


GOLDEN = [("sg3t_64_uncond", "z"), ("sg3t_64_uncond", "w"), ("sg3t_64_uncond", "layer:L2"), ("biggan_deep_32", "z"),
          ("biggan_deep_32", "layer:gen_z")]  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize(("name", "of"), GOLDEN)
def test_the_mechanics_hold_on_stylegan3_and_biggan(name: str, of: str) -> None:
    model, _ = reference(name)
    subject = Subject(str(model), 32, 1)
    compared = compared_in(subject, of, 6, 64)
    direction = learn_from(subject, piles_of("1,2,3", "4,5,6", subject.info), compared, "x").direction
    assert 0.0 <= direction.measures["accuracy"] <= 1.0
    assert direction.space == ("z" if "biggan" in name or of == "z" else "w")
    Directions((direction,)).check(subject.info)


@pytest.mark.real
def test_the_command_learns_on_biggan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = reference("biggan_deep_32")
    out = tmp_path / "x.safetensors"
    words = ["--model", str(model), "--count", "6", "--samples", "64", "--side", "32"]
    assert learned(out, monkeypatch, *words, "--more", "1,2,3", "--less", "4,5,6") == 0, capsys.readouterr().err
    assert Directions.load(out).check(model_info(str(model))).names == ("x",)
