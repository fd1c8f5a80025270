"""BigGAN-deep: the picture is the reference's, and truncation can be played."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import ModelError
from engine.generator.biggan import BigGAN
from engine.generator.biggan_latent import BigGANLatent
from engine.generator.biggan_spec import BigGANSpec
from engine.generator.spec import Canvas
from tests.engine.generator.biggan_configs import LAYERS_128, SMALL
from tests.engine.generator.golden import assert_near, golden

IMAGE = 3e-4  # of the standard deviation: the tolerance of the golden set
TRUNCATIONS = ["0.4", "0.7", "1", "0.43", "0.28", "0.1"]
ON_GRID = ["0.4", "0.7", "1", "0.1"]


pytestmark = pytest.mark.usefixtures("no_gradients")


@dataclass(frozen=True)
class Case:
    """A genuine checkpoint and what the reference drew with it."""

    spec: BigGANSpec
    tensors: Mapping[str, Tensor]
    arrays: Mapping[str, NDArray[Any]]

    def draw(self, z: NDArray[Any], classes: NDArray[Any], truncation: float, spec: BigGANSpec | None = None) -> Any:
        spec = spec or self.spec
        net = BigGAN(spec, self.tensors, Canvas(32, 32))
        return net(torch.from_numpy(self.w(z, classes)), rows_of(spec, truncation)).numpy()

    def w(self, z: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float32]:
        latent = BigGANLatent(self.spec, {name: tensor.numpy() for name, tensor in self.tensors.items()})
        return latent.w(z.astype(np.float64), 1.0, classes.astype(np.float64))


@pytest.fixture(scope="module")
def case() -> Case:
    folder = golden("biggan_deep_32")
    stored = torch.load(folder / "pytorch_model.bin", weights_only=True)
    tensors = baked(stored)
    spec = BigGANSpec.infer(shapes_of(tensors), json.loads((folder / "config.json").read_text("utf-8")))
    return Case(spec, tensors, dict(np.load(folder / "golden.npz")))


def baked(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Canonical tensors: each weight over its largest singular value as the file estimates it, RGB's first three rows."""
    tensors = {}
    for name, tensor in stored.items():
        if name.endswith("weight_orig"):
            u, v = stored[name.replace("_orig", "_u")], stored[name.replace("_orig", "_v")]
            tensors[name.removesuffix("_orig")] = tensor / (u @ (tensor.flatten(1) @ v))
        elif not name.endswith(("weight_u", "weight_v")):
            tensors[name] = tensor
    for part in ("weight", "bias"):
        tensors[f"generator.conv_to_rgb.{part}"] = tensors[f"generator.conv_to_rgb.{part}"][:3]
    return tensors


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def rows_of(spec: BigGANSpec, truncation: float) -> Tensor:
    return torch.from_numpy(spec.inputs({"psi": truncation})["rows"])


def random_tensors(spec: BigGANSpec, seed: int = 0) -> dict[str, Tensor]:
    """A model that nobody trained, with pictures that do not vanish."""
    random = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in spec.shapes().items():
        tensor = torch.randn(shape, generator=random)
        if name.endswith("running_vars"):
            tensor = tensor.abs() + 0.5
        elif name.endswith("weight") and len(shape) > 1:
            tensor = tensor / math.sqrt(math.prod(shape[1:]))
        tensors[name] = tensor
    return tensors


def small(**changes: Any) -> tuple[BigGANSpec, dict[str, Tensor], BigGAN]:
    spec = BigGANSpec.of_json(SMALL | changes)
    tensors = random_tensors(spec)
    return spec, tensors, BigGAN(spec, tensors, Canvas(spec.width, spec.height))


def inputs_of(spec: BigGANSpec, voices: int = 2, seed: int = 1) -> tuple[Tensor, Tensor]:
    w = np.random.RandomState(seed).randn(voices, spec.num_ws, spec.w_dim).astype(np.float32)
    return torch.from_numpy(w), rows_of(spec, 0.43)


@pytest.mark.parametrize("truncation", TRUNCATIONS)
def test_as_upstream_does_it_the_picture_is_the_references(case: Case, truncation: str) -> None:
    exact = replace(case.spec, upstream_exact=True)
    drawn = case.draw(case.arrays[f"z_t{truncation}"], case.arrays["onehot"], float(truncation), exact)
    assert_near(drawn, case.arrays[f"img_t{truncation}"], IMAGE)


@pytest.mark.parametrize("truncation", ON_GRID)
def test_on_the_grid_of_truncations_the_right_way_is_upstreams(case: Case, truncation: str) -> None:
    drawn = case.draw(case.arrays[f"z_t{truncation}"], case.arrays["onehot"], float(truncation))
    assert_near(drawn, case.arrays[f"img_t{truncation}"], IMAGE)


def test_off_the_grid_the_right_way_is_another_picture(case: Case) -> None:
    drawn = case.draw(case.arrays["z_t0.28"], case.arrays["onehot"], 0.28)
    assert np.abs(drawn - case.arrays["img_t0.28"]).max() > 0.01  # upstream's rounding takes row 15 for row 14


def test_the_picture_is_that_of_double_precision(case: Case) -> None:
    assert_near(case.draw(case.arrays["z_t0.4"], case.arrays["onehot"], 0.4), case.arrays["f64_img_t0.4"], IMAGE)


def test_a_mixture_of_classes_is_mixed_in_the_embedding(case: Case) -> None:
    drawn = case.draw(case.arrays["z_t0.4"][:2], case.arrays["soft_label"], 0.4)
    assert_near(drawn, case.arrays["img_soft_t0.4"], IMAGE)


def test_weights_are_divided_by_their_spectral_norm(case: Case) -> None:
    for name in ("gen_z", "layers.0.conv_1", "layers.0.bn_0.scale", "conv_to_rgb"):
        reference = case.arrays[f"effective_weight:generator.{name}"]
        mine = case.tensors[f"generator.{name}.weight"].numpy()
        assert_near(mine, reference[: len(mine)], 1e-5, name)


def test_features_bear_the_references_names_and_values(case: Case) -> None:
    w = torch.from_numpy(case.w(case.arrays["z_t0.4"][:1], case.arrays["onehot"][:1]))
    net = BigGAN(case.spec, case.tensors, Canvas(32, 32))
    seen: dict[str, Tensor] = {}
    names = [name.removeprefix("feat_") for name in case.arrays if name.startswith("feat_")]
    modules = [name for name in names if name != "embed"]
    for name in modules:
        net.get_submodule(f"generator.{name}").register_forward_hook(
            lambda _module, _given, out, name=name: seen.update({name: out})
        )
    net(w, rows_of(case.spec, 0.4))
    assert len(modules) > 15
    for name in modules:
        mine = seen[name].numpy()
        assert_near(mine, case.arrays[f"feat_{name}"][:, : mine.shape[1]], IMAGE, name)
    assert_near(w[:, 0, case.spec.z_dim :].numpy(), case.arrays["feat_embed"], 1e-5, "embed")


def test_half_precision_stays_within_a_fortieth_of_the_pictures_deviation(case: Case) -> None:
    net = BigGAN(case.spec, case.tensors, Canvas(32, 32), half=True)
    for truncation in TRUNCATIONS:
        z = case.arrays[f"z_t{truncation}"]
        full = case.draw(z, case.arrays["onehot"], float(truncation))
        half = net(torch.from_numpy(case.w(z, case.arrays["onehot"])), rows_of(case.spec, float(truncation))).numpy()
        assert half.dtype == np.float32
        assert_near(half, full, 2.5e-2, truncation)
        assert np.sqrt(np.square(half - full).mean()) <= 3e-3 * full.std()


def test_each_layer_takes_its_own_w() -> None:
    spec, _, net = small()
    w, rows = inputs_of(spec)
    seen: list[Tensor] = []
    for layer in net.generator.layers:
        layer.register_forward_hook(lambda _module, _given, out: seen.append(out))
    net(w, rows)
    before = list(seen)
    for changed in range(spec.num_ws):
        seen.clear()
        other = w.clone()
        other[:, changed] += 1.0
        net(other, rows)
        same = [torch.equal(a, b) for a, b in zip(before, seen, strict=True)]
        first = max(0, changed - 1)  # the first w reaches the first block as its input
        first += int(first >= spec.attention)  # the attention has no w
        assert same == [i < first for i in range(len(same))]


def test_voices_do_not_touch_each_other() -> None:
    spec, _, net = small()
    w, rows = inputs_of(spec, voices=3)
    alone = torch.cat([net(w[i : i + 1], rows) for i in range(3)])
    assert_near(net(w, rows).numpy(), alone.numpy(), 1e-4)


@pytest.mark.parametrize("position", range(4))
def test_the_attention_shifts_the_numbers_of_later_blocks(position: int) -> None:
    spec, tensors, net = small(attention_layer_position=position)
    plain = BigGANSpec.of_json(SMALL | {"attention_layer_position": 64})
    assert not any("snconv" in name for name in plain.shapes())
    assert f"generator.layers.{position}.gamma" in spec.shapes()
    tensors[f"generator.layers.{position}.gamma"] = torch.zeros(1)  # an attention that adds nothing
    renamed = {}
    for name in plain.shapes():
        parts = name.split(".")
        if parts[1] == "layers" and int(parts[2]) >= position:
            parts[2] = str(int(parts[2]) + 1)
        renamed[name] = tensors[".".join(parts)]
    w, rows = inputs_of(spec)
    without = BigGAN(plain, renamed, Canvas(16, 16))(w, rows)
    assert torch.equal(BigGAN(spec, tensors, Canvas(16, 16))(w, rows), without)
    assert not torch.equal(net(w, rows), without)


def test_a_model_shaped_as_the_published_128_draws() -> None:
    config = SMALL | {"output_dim": 128, "layers": LAYERS_128, "attention_layer_position": 8, "n_stats": 51}
    spec = BigGANSpec.of_json(config)
    assert (spec.width, spec.num_ws, spec.w_dim) == (128, 11, 8)
    assert [(band.first, band.last) for band in spec.bands()] == [(0, 4), (4, 8), (8, 11)]
    picture = BigGAN(spec, random_tensors(spec), Canvas(128, 128))(*inputs_of(spec, voices=1))
    assert picture.shape == (1, 3, 128, 128) and bool(picture.isfinite().all())
    assert picture.std() > 0.01 and picture.abs().max() <= 1.0


@pytest.mark.parametrize("size", [(32, 16), (16, 8), (8, 8)])
def test_any_other_size_is_refused(size: tuple[int, int]) -> None:
    spec, tensors, _ = small()
    with pytest.raises(ModelError, match=r"draws at 16x16 only.*leave \[generator\] size out: the stage scales"):
        BigGAN(spec, tensors, Canvas(*size))


@pytest.mark.parametrize("half", [False, True])
def test_it_compiles_without_a_break(half: bool) -> None:
    spec, tensors, _ = small()
    net = BigGAN(spec, tensors, Canvas(16, 16), half=half)
    w, rows = inputs_of(spec)
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    assert torch.equal(compiled(w, rows), net(w, rows))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_its_trace_draws_other_latents_too() -> None:
    spec, _, net = small()
    traced = torch.jit.freeze(torch.jit.trace(net.eval(), inputs_of(spec), check_trace=False))
    other = inputs_of(spec, seed=2)[0], rows_of(spec, 1.0)
    assert_near(traced(*other).numpy(), net(*other).numpy(), 1e-4)


def test_its_slots_are_what_it_takes() -> None:
    spec, _, net = small()
    assert [(slot.name, slot.shape, slot.shared) for slot in net.slots] == [
        ("w", (5, 8), False),
        ("rows", (11,), True),
    ]
    assert {name: rows.shape for name, rows in spec.inputs({}).items()} == {"rows": (11,)}


def test_each_tensor_belongs_to_the_layer_whose_w_it_takes() -> None:
    spec, _, net = small()
    layers = {name: spec.layer_of(name) for name, _ in net.named_buffers()}
    assert layers["generator.gen_z.weight"] == 0
    assert layers["generator.layers.1.condition"] == 2
    assert layers["generator.layers.2.snconv1x1_g.weight"] == layers["generator.layers.3.conv_0.weight"] == 3
    assert layers["generator.layers.4.statistics.means"] == layers["generator.conv_to_rgb.bias"] == 4
    assert layers["generator.gain"] == 4
