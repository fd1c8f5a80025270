"""A model file as a generator: its mapping, its classes, its controls, and what it refuses."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import ModelError
from engine.generator import model_file
from engine.generator.base import Generator
from engine.generator.catalog import How, find_model, model_directions, model_info, open_model
from engine.generator.model_file import About
from engine.generator.stylegan2_spec import StyleGAN2Spec
from tests.engine.generator.pairs import pair
from tests.engine.generator.small_models import SPECS, STYLE, tensors_of

STILL = How(live=False)


def conditional(folder: Path, classes: int = 3) -> Path:
    spec = StyleGAN2Spec(channels=(16, 16), classes=classes, embed_features=8, **STYLE)
    tensors = {name: tensor.numpy() for name, tensor in tensors_of(spec).items()}
    path = folder / "classes.safetensors"
    model_file.write(path, spec, tensors, About("classes"))
    return path


def ready(path: Path, how: How = STILL, voices: int = 1) -> Generator:
    generator = open_model(str(path), "cpu", 1, how)
    generator.prepare(voices, generator.info.width, generator.info.height)
    return generator


def banded(generator: Generator, *seeds: int) -> np.ndarray:
    """(1, bands, z_dim): a z of its own for each band where several seeds are given."""
    z = [np.random.RandomState(seed).randn(generator.info.z_dim) for seed in seeds]
    return np.array([[z[min(i, len(z) - 1)] for i in range(len(generator.info.bands))]])


def test_each_band_has_the_layers_of_its_own_z(tmp_path: Path) -> None:
    generator = ready(pair("stylegan2 skip", tmp_path)[0])
    mixed = generator.map(banded(generator, 1, 2, 3), 1.0)
    for band, seed in zip(generator.info.bands, (1, 2, 3), strict=True):
        own = generator.map(banded(generator, seed), 1.0)
        assert np.array_equal(mixed[:, band.first : band.last], own[:, band.first : band.last])


def test_psi_draws_w_to_the_average_and_the_cutoff_spares_the_rest(tmp_path: Path) -> None:
    path = pair("stylegan2 skip", tmp_path)[0]
    w = ready(path).map(banded(ready(path), 1), 0.0)
    assert np.allclose(w, w[:, :1])
    half = ready(path, replace(STILL, cutoff=2)).map(banded(ready(path), 1), 0.0)
    full = ready(path).map(banded(ready(path), 1), 1.0)
    assert np.array_equal(half[:, 2:], full[:, 2:])
    assert np.array_equal(half[:, :2], w[:, :2])


def test_class_weights_are_mixed_by_their_ratios(tmp_path: Path) -> None:
    generator = ready(conditional(tmp_path))
    z = banded(generator, 1)

    def w(**weights: float) -> np.ndarray:
        return generator.map(z, 1.0, {"class/0": 0.0} | {f"class/{key[1:]}": value for key, value in weights.items()})

    assert np.array_equal(w(c1=1.0, c2=1.0), w(c1=0.25, c2=0.25))
    assert not np.allclose(w(c1=1.0), w(c2=1.0))
    assert np.array_equal(w(), w(c0=1.0))  # where nobody has weight, the first has it
    path = [w(c0=1.0 - t, c1=t) for t in np.linspace(0.0, 1.0, 33)]
    steps = [float(np.abs(b - a).max()) for a, b in zip(path, path[1:], strict=False)]
    assert max(steps) < 0.3 * float(np.abs(path[-1] - path[0]).max())  # no jump on the way between two classes
    assert set(generator.maps) == {"class/0", "class/1", "class/2"}


def test_a_show_names_the_classes_that_can_be_played(tmp_path: Path) -> None:
    path = conditional(tmp_path, 40)
    addresses = [c.address for c in ready(path, replace(STILL, classes=(30, 7))).controls()]
    assert [a for a in addresses if "class" in a] == ["/generator/class/30", "/generator/class/7"]
    assert sum("class" in c.address for c in ready(path).controls()) == 16
    with pytest.raises(ModelError, match="class 40: the model has classes 0 to 39"):
        model_info(str(path), how=How(classes=(40,)))
    with pytest.raises(ModelError, match="has no classes"):
        model_info(str(pair("progan", tmp_path)[0]), how=How(classes=(1,)))


def test_its_facts_are_read_without_torch(tmp_path: Path) -> None:
    path = pair("stylegan3-t", tmp_path)[0]
    code = (
        "import sys; from engine.generator.catalog import model_info; info = model_info(sys.argv[1]); "
        "assert info.architecture == 'stylegan3', info; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)


def test_models_of_two_architectures_do_not_blend(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    path, other = pair("stylegan2 skip", tmp_path)[0], pair("stylegan2 resnet", tmp_path / "other")[0]
    with pytest.raises(ModelError, match="not of one architecture"):
        model_info(str(path), how=How(second=str(other)))
    with pytest.raises(ModelError, match="only models from files"):
        model_info(str(path), how=How(second="silk"))
    with pytest.raises(ModelError, match="only models from files"):
        model_info("silk", how=How(second=str(path)))


def test_a_pair_has_a_blend_for_all_and_for_each_band(tmp_path: Path) -> None:
    first, second = pair("stylegan2 skip", tmp_path)
    generator = ready(first, replace(STILL, second=str(second)))
    names = {c.address for c in generator.controls()}
    assert {"/generator/blend", "/generator/blend_coarse", "/generator/blend_fine"} <= names
    z = banded(generator, 1)

    def picture(controls: Mapping[str, float]) -> np.ndarray:
        return generator.image(generator.map(z, 1.0, controls), controls).copy()

    one, two = (ready(path) for path in (first, second))
    assert np.allclose(picture({}), one.image(one.map(z, 1.0), {}), atol=1e-4)
    assert np.allclose(picture({"blend": 1.0}), two.image(two.map(z, 1.0), {}), atol=1e-4)
    assert not np.allclose(picture({"blend_fine": 1.0}), picture({}), atol=1e-2)
    assert generator.info.hash.count("+") == 1


def test_what_it_draws_as_bytes_is_what_it_draws_as_numbers(tmp_path: Path) -> None:
    generator = ready(pair("stylegan3-r", tmp_path)[0], voices=2)
    w = generator.map(np.concatenate([banded(generator, 1), banded(generator, 2)]), 1.0)
    numbers = generator.image(w, {})
    pixels = generator.draw(w, {})
    true = np.clip(np.moveaxis(numbers, 1, -1) * 127.5 + 128, 0, 255).astype(np.uint8)
    assert np.abs(pixels[..., :3].astype(int) - true).max() <= 1
    assert (pixels[..., 3] == 255).all()


def test_a_name_is_a_built_in_model_or_a_file(tmp_path: Path) -> None:
    path = pair("progan", tmp_path)[0]
    assert find_model("silk:3") is None
    assert find_model(path.name, tmp_path) == path
    assert len(model_directions(str(path))) == 0
    for name in ("nothing.pkl", "nowhere/at_all"):
        with pytest.raises(ModelError, match="no such model file"):
            find_model(name)
    with pytest.raises(ModelError, match="did you mean 'silk'"):
        model_info("slik")


def test_what_is_wrong_with_a_request_is_said(tmp_path: Path) -> None:
    path = pair("stylegan2 skip", tmp_path)[0]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"cutoff": 99}, "cutoff 99; the model has"), ({"upstream_exact": True}, "is for BigGAN"),
    ]  # fmt: skip
    for how, said in wrong:
        with pytest.raises(ModelError, match=said):
            open_model(str(path), "cpu", 1, replace(STILL, **how))
        with pytest.raises(ModelError, match=said):
            model_info(str(path), how=replace(STILL, **how))  # before a process is started for it
    for how, said in ({"cutoff": 2}, "silk: cutoff 2; only"), ({"upstream_exact": True}, "is for BigGAN; this is silk"):
        with pytest.raises(ModelError, match=said):
            model_info("silk", how=replace(STILL, **how))
    with pytest.raises(ModelError, match="not prepared"):
        open_model(str(path), "cpu", 1).draw(np.zeros((1, 8, 8), np.float32), {})


def test_random_noise_is_another_draw_for_another_seed(tmp_path: Path) -> None:
    spec = SPECS["stylegan2 skip"]()
    tensors = {name: tensor.numpy() for name, tensor in tensors_of(spec).items()}
    path = tmp_path / "noisy.safetensors"
    model_file.write(path, spec, tensors, About("noisy"))
    generator = ready(path)
    w = generator.map(banded(generator, 1), 1.0)

    def picture(**how: Any) -> np.ndarray:
        return ready(path, replace(STILL, **how)).image(w, {}).copy()

    assert np.array_equal(picture(), generator.image(w, {}))
    one, same, two = (picture(noise="random", noise_seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.allclose(one, two, atol=1e-3)
    assert not np.allclose(one, picture(), atol=1e-3)
    assert not np.allclose(picture(noise="none"), picture(), atol=1e-3)
