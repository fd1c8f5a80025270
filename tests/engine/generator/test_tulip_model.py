"""The tulip as a model: its file, its mapping, its directions, and what it draws."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from engine.errors import InputError, ModelError
from engine.generator import model_file
from engine.generator.base import Generator
from engine.generator.catalog import How, file_of, model_directions, model_info, open_model
from engine.generator.spec import Canvas
from engine.generator.tulip import factors
from engine.generator.tulip.latent import TulipLatent
from engine.generator.tulip.maps import LAYERS
from engine.generator.tulip.synthesis import TulipSynthesis
from engine.latent.directions import Direction
from engine.studio.tulip.export import EXACT, export, write
from tests.engine.generator.small_models import one_thread
from tests.engine.generator.tulip_models import small_tulip, student, weights

__all__ = ["one_thread", "small_tulip"]
STILL = How(live=False)
SIDE = 32


def gaussian(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.RandomState(seed).randn(count, 512)


def latent(path: Path) -> TulipLatent:
    return TulipLatent(*model_file.read_tensors(path))


def network(path: Path, canvas: Canvas | None = None) -> TulipSynthesis:
    spec, arrays = model_file.read_tensors(path)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    return TulipSynthesis(spec, tensors, canvas or Canvas(SIDE, SIDE)).eval().requires_grad_(False)  # type: ignore[arg-type]


def moved(z: NDArray[np.float64], by: Direction, sigma: float, generator: Generator) -> NDArray[np.float32]:
    """w of z (z_dim,) with a direction in the bands that hold one of its layers, as motion does it."""
    bands = generator.info.bands
    held = [by.layers is None or any(b.first <= layer < b.last for layer in by.layers) for b in bands]
    return generator.map((z + np.array(held)[:, None] * sigma * by.vector)[None], 1.0)


def test_a_file_gives_back_what_was_exported_in_half_precision(small_tulip: Path) -> None:
    spec, tensors = model_file.read_tensors(small_tulip)
    for name, array in weights(student()).items():
        kept = array if name in EXACT else array.astype(np.float16).astype(np.float32)
        assert tensors[name].dtype == np.float32 and np.array_equal(tensors[name], kept), name
    assert set(tensors) == {*weights(student()), "mapping.w_avg", model_file.MEAN, model_file.COVARIANCE}
    header = model_file.read_header(small_tulip)
    assert header.hash == model_file.weights_hash(model_file.weights(small_tulip))
    assert header.about.licence == "CC0-1.0" and header.about.card["samples"] == 7
    assert set(header.about.card["factors"]) == set(factors.NAMES)
    assert small_tulip.stat().st_size < 2.2 * sum(np.prod(shape) for shape in spec.shapes().values()) + 200_000


def test_the_same_training_gives_the_same_bytes(tmp_path: Path, small_tulip: Path) -> None:
    training = tmp_path / "training.safetensors"
    own = {f"average/{name}": array for name, array in weights(student()).items()}
    save_file(own | {"net/mapping.basis": np.zeros((19, 512), np.float32)}, training)
    export(training, tmp_path / "again.safetensors", {"samples": 7}, sharp=1.0)
    assert (tmp_path / "again.safetensors").read_bytes() == small_tulip.read_bytes()


def test_sharp_is_multiplied_into_the_logits_alone(tmp_path: Path, small_tulip: Path) -> None:
    path = tmp_path / "sharp.safetensors"
    write(weights(student()), path, {}, sharp=2.0)
    w = torch.from_numpy(latent(small_tulip).w(gaussian(2)))
    soft, crisp = network(small_tulip).trunk(w), network(path).trunk(w)
    count = len(LAYERS)
    torch.testing.assert_close(crisp[:, :count], 2 * soft[:, :count], atol=1e-3, rtol=1e-3)
    assert torch.equal(crisp[:, count:], soft[:, count:])


def test_what_is_no_training_is_refused_by_name(tmp_path: Path) -> None:
    out, bad = tmp_path / "out.safetensors", tmp_path / "bad.safetensors"
    bad.write_bytes(b"no tensors")
    with pytest.raises(InputError, match="bad.safetensors is no checkpoint of a training"):
        export(bad, out, {})
    save_file({"net/mapping.basis": np.zeros((19, 512), np.float32)}, bad)
    with pytest.raises(InputError, match="no averaged weights"):
        export(bad, out, {})
    own = {f"average/{name}": array for name, array in weights(student()).items()}
    save_file({name: array for name, array in own.items() if "b8.conv0.weight" not in name}, bad)
    with pytest.raises(InputError, match=r"bad.safetensors holds no tulip .*b8.conv0.weight"):
        export(bad, out, {})
    for number in (np.nan, 1e6):
        save_file(own | {"average/synthesis.const": np.full((1, 36, 4, 4), number, np.float32)}, bad)
        with pytest.raises(InputError, match="synthesis.const holds values that float16 cannot"):
            export(bad, out, {})
    assert not out.exists()


def test_the_mapping_in_numpy_is_the_students(small_tulip: Path) -> None:
    net, tensors = student(), model_file.read_tensors(small_tulip)[1]
    net.load_state_dict({n: torch.from_numpy(np.array(a)) for n, a in tensors.items() if n in net.state_dict()})
    z = gaussian(50) * 1.5
    x = torch.from_numpy(z.astype(np.float32)) @ net.mapping.basis.T
    np.testing.assert_allclose(latent(small_tulip).w(z), net.w(x).numpy(), atol=1e-5)


def test_what_of_z_is_across_the_factors_does_nothing(small_tulip: Path) -> None:
    basis = np.asarray(model_file.read_tensors(small_tulip)[1]["mapping.basis"], np.float64)
    z = gaussian(8)
    across = gaussian(8, 1) @ (np.eye(512) - np.linalg.pinv(basis) @ basis)
    np.testing.assert_allclose(latent(small_tulip).w(z + 5 * across), latent(small_tulip).w(z), atol=1e-5)
    assert np.linalg.matrix_rank(basis) == factors.COUNT


def test_psi_draws_w_to_the_average_and_the_cutoff_spares_the_rest(small_tulip: Path) -> None:
    mapping, tensors = latent(small_tulip), model_file.read_tensors(small_tulip)[1]
    z, average = gaussian(3), tensors["mapping.w_avg"]
    full, none = mapping.w(z), mapping.w(z, 0.0)
    assert np.array_equal(none, np.broadcast_to(average, none.shape))
    np.testing.assert_allclose(mapping.w(z, 0.5), (full + average) / 2, atol=1e-6)
    assert np.array_equal(mapping.w(z, 0.0, cutoff=2)[:, 2:], full[:, 2:])
    np.testing.assert_array_equal(mapping.truncated(full, 0.3), mapping.w(z, 0.3))
    np.testing.assert_allclose(average, mapping.w(gaussian(20_000, 5))[:, 0].mean(0), atol=0.02)
    with pytest.raises(ModelError, match=r"takes \(n, 512\)"):
        mapping.w(z[:, :100])


def test_a_direction_moves_its_factor_alone_by_sigmas(small_tulip: Path) -> None:
    bank = model_directions(str(small_tulip)).check(model_info(str(small_tulip)))
    basis = np.asarray(model_file.read_tensors(small_tulip)[1]["mapping.basis"], np.float64)
    assert bank.names == factors.NAMES
    for i, direction in enumerate(bank):
        assert direction.space == "z" and direction.sigma == 1.0 and direction.method == "construction"
        np.testing.assert_allclose(basis @ (2 * direction.vector), 2 * np.eye(factors.COUNT)[i], atol=1e-5)


def test_colours_leave_the_maps_and_form_leaves_the_palette_as_they_are(small_tulip: Path) -> None:
    generator, net = open_model(str(small_tulip), "cpu", 1, STILL), network(small_tulip)
    z = gaussian(1)[0]
    for factor, direction in zip(factors.FACTORS, model_directions(str(small_tulip)), strict=True):
        before, after = (torch.from_numpy(moved(z, direction, sigma, generator)) for sigma in (0.0, 2.0))
        same_maps = torch.equal(net.trunk(before), net.trunk(after))
        same_palette = torch.equal(net.trunk.palette(before[:, -1]), net.trunk.palette(after[:, -1]))
        expected = (False, False) if factor.name == "wilt" else (factor.colour, not factor.colour)
        assert (same_maps, same_palette) == expected, factor.name


def test_pictures_are_what_the_student_and_the_head_draw(small_tulip: Path) -> None:
    generator = open_model(str(small_tulip), "cpu", 1, STILL)
    generator.prepare(2, SIDE, SIDE)
    w = latent(small_tulip).w(gaussian(2))
    picture = generator.image(w, {"sharp": 1.0})
    assert picture.shape == (2, 3, SIDE, SIDE) and -1 <= picture.min() and picture.max() <= 1
    net = network(small_tulip)
    np.testing.assert_allclose(picture, net(torch.from_numpy(w), torch.tensor(1.0)).numpy(), atol=1e-5)
    assert np.abs(generator.image(w, {"sharp": 3.0}) - picture).max() > 0.01
    pixels = generator.draw(w, {})
    assert np.abs(pixels[..., :3] - (np.moveaxis(picture, 1, -1) * 127.5 + 128)).max() <= 1.0
    generator.close()


@pytest.mark.parametrize("size", [(48, 27), (20, 40)])
def test_it_draws_at_any_size(small_tulip: Path, size: tuple[int, int]) -> None:
    generator = open_model(str(small_tulip), "cpu", 1, STILL)
    generator.prepare(1, *size)
    assert generator.image(latent(small_tulip).w(gaussian(1)), {}).shape == (1, 3, size[1], size[0])
    generator.close()


def test_its_facts_and_directions_are_read_without_torch(small_tulip: Path) -> None:
    code = (
        "import sys; from engine.generator.catalog import model_directions, model_info; "
        "assert [len(model_directions(name)) for name in sys.argv[1:]] == [19, 19]; "
        "infos = [model_info(name) for name in sys.argv[1:]]; assert not any(info.native for info in infos); "
        "sys.exit(bool({'torch', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(small_tulip), "tulip"], timeout=120, check=False)
    assert done.returncode == 0


def test_the_built_in_tulip_is_its_shipped_file() -> None:
    path = file_of("tulip")
    assert path is not None and path.stat().st_size <= 6_000_000
    info = model_info("tulip")
    assert (info.z_dim, info.w_dim, info.num_ws, info.licence) == (512, 160, 10, "CC0-1.0")
    assert info.hash == model_info(str(path)).hash == model_file.weights_hash(model_file.weights(path))
    assert model_directions("tulip").check(info).names == factors.NAMES


def test_a_dress_is_worn_by_number_or_by_word_and_keeps_the_weights() -> None:
    plain, night = model_info("tulip"), model_info("tulip:night")
    assert plain.name == model_info("tulip:0").name == "tulip" and night.name == "tulip:night"
    assert plain.hash == night.hash  # a bank of the one fits the other
    assert model_info("tulip:1").name == "tulip:night"
    assert open_model("tulip:1", "cpu", 1, STILL).info.name == "tulip:night"
    with pytest.raises(ModelError, match="did you mean tulip:night"):
        model_info("tulip:nigth")
    for word in ("99", "-1", "1.5", "", "²"):
        with pytest.raises(ModelError, match="tulip has no dress"):
            model_info(f"tulip:{word}")


def test_other_models_wear_no_dress(small_tulip: Path) -> None:
    assert model_info(str(small_tulip), how=How(dress=1)).name == "tulip:night"
    with pytest.raises(ModelError, match="a tulip has 0 to"):
        model_info(str(small_tulip), how=How(dress=77))


def test_the_shipped_tulip_draws_flowers_that_differ() -> None:
    generator = open_model("tulip", "cpu", 1, STILL)
    generator.prepare(1, 64, 64)
    w = latent(file_of("tulip") or Path()).w(gaussian(2, 3))
    one, two = (generator.image(row[None], {}).copy() for row in w)
    assert one.std() > 0.1 and np.abs(one - two).mean() > 0.05
    generator.close()


def test_two_tulips_blend_and_their_palettes_apart(tmp_path: Path, small_tulip: Path) -> None:
    other = tmp_path / "other.safetensors"
    write(weights(student(1)), other, {}, sharp=1.0)

    def picture(path: Path, second: str, controls: dict[str, float]) -> NDArray[np.float32]:
        generator = open_model(str(path), "cpu", 1, How(live=False, second=second))
        generator.prepare(1, SIDE, SIDE)
        z = np.repeat(gaussian(1)[:, None], 3, axis=1)
        drawn = generator.image(generator.map(z, 1.0, controls), controls).copy()
        generator.close()
        return drawn

    one, two = picture(small_tulip, "", {}), picture(other, "", {})
    np.testing.assert_allclose(picture(small_tulip, str(other), {}), one, atol=1e-5)
    np.testing.assert_allclose(picture(small_tulip, str(other), {"blend": 1.0}), two, atol=1e-4)
    dyed = picture(small_tulip, str(other), {"blend_colour": 1.0})
    assert np.abs(dyed - one).max() > 0.01 and np.abs(dyed - two).max() > 0.01


def test_the_page_names_the_file_that_ships() -> None:
    shipped = file_of("tulip")
    assert shipped is not None
    page = Path(__file__).parents[3] / "docs" / "tulip.md"
    assert hashlib.sha256(shipped.read_bytes()).hexdigest() in page.read_text(encoding="utf-8")
    assert shipped.stat().st_size <= 6_000_000
