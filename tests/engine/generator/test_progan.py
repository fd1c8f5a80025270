"""Progressive GAN: the picture is the reference's, and its sizes are read from its tensors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import ModelError
from engine.generator.progan import ProGAN
from engine.generator.progan_latent import ProGANLatent
from engine.generator.progan_spec import ProGANSpec
from engine.generator.spec import Canvas
from tests.engine.generator.golden import assert_near, golden

IMAGE = 1e-4  # of the standard deviation: the tolerance of the golden set
SMALL = ProGANSpec(5, (8, 6, 4))


pytestmark = pytest.mark.usefixtures("no_gradients")


@dataclass(frozen=True)
class Case:
    """A genuine checkpoint and what the reference drew with it."""

    spec: ProGANSpec
    tensors: Mapping[str, Tensor]
    arrays: Mapping[str, NDArray[Any]]

    def net(self, half: bool = False) -> ProGAN:
        return ProGAN(self.spec, self.tensors, Canvas(32, 32), half=half)

    def w(self) -> Tensor:
        return torch.from_numpy(ProGANLatent(self.spec, {}).w(self.arrays["z"].astype(np.float64)))


@pytest.fixture(scope="module")
def case() -> Case:
    tensors = torch.load(golden("pggan_32.pth"), weights_only=True)
    spec = ProGANSpec.infer({name: tuple(tensor.shape) for name, tensor in tensors.items()}, {})
    return Case(spec, tensors, dict(np.load(golden("pggan_32.npz"))))


def random_tensors(spec: ProGANSpec) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=random) for name, shape in spec.shapes().items()}


def small(half: bool = False) -> tuple[ProGAN, Tensor]:
    net = ProGAN(SMALL, random_tensors(SMALL), Canvas(16, 16), half=half)
    return net, torch.from_numpy(np.random.RandomState(1).randn(2, 1, 5).astype(np.float32))


def test_sizes_are_read_from_the_tensors(case: Case) -> None:
    assert case.spec == ProGANSpec(64, (64, 48, 32, 16))
    assert (case.spec.width, case.spec.height, case.spec.num_ws, case.spec.w_dim) == (32, 32, 1, 64)
    assert [(band.name, band.first, band.last) for band in case.spec.bands()] == [("all", 0, 1)]
    assert case.spec.controls() == () and case.spec.inputs({"psi": 0.5}) == {}


def test_the_picture_is_the_references(case: Case) -> None:
    drawn = case.net()(case.w()).numpy()
    assert_near(drawn, case.arrays["img"], IMAGE)
    assert_near(drawn, case.arrays["f64_img"], IMAGE)


def test_a_longer_z_is_the_same_picture(case: Case) -> None:
    assert_near(case.net()(3 * case.w()[:1]).numpy(), case.arrays["img_z_scaled_by_3"], IMAGE)


def test_features_bear_the_references_names_and_values(case: Case) -> None:
    net, seen = case.net(), dict[str, Tensor]()
    names = [name.removeprefix("feat_") for name in case.arrays if name.startswith("feat_")]
    for name in names:
        net.get_submodule(name).register_forward_hook(lambda _module, _given, out, name=name: seen.update({name: out}))
    net(case.w()[:1])
    assert len(names) == 9
    for name in names:
        assert_near(seen[name].numpy(), case.arrays[f"feat_{name}"], IMAGE, name)


def test_half_precision_stays_within_a_hundredth_of_the_pictures_deviation(case: Case) -> None:
    half = case.net(half=True)(case.w()).numpy()
    assert half.dtype == np.float32
    assert_near(half, case.net()(case.w()).numpy(), 1e-2)


def test_voices_do_not_touch_each_other() -> None:
    net, w = small()
    assert_near(net(w).numpy(), torch.cat([net(w[:1]), net(w[1:])]).numpy(), IMAGE)


def test_the_largest_published_shape_is_counted() -> None:
    spec = ProGANSpec(512, (512, 512, 512, 512, 256, 128, 64, 32, 16))
    assert spec.width == 1024 and "output_1024x1024.conv.weight" in spec.shapes()
    products = 16 * 512 * 512 + 9 * 512 * 512 * 16  # 4x4
    for side, into, out in zip((8, 16, 32, 64, 128, 256, 512, 1024), spec.channels, spec.channels[1:], strict=False):
        products += 9 * side * side * out * (into + out)
    assert spec.gflop(1024, 1024) == pytest.approx(2e-9 * (products + 3 * 16 * 1024 * 1024))
    with pytest.raises(ModelError, match="1024x1024 only"):
        spec.gflop(512, 512)


def test_any_other_size_is_refused() -> None:
    with pytest.raises(ModelError, match=r"draws at 16x16 only, not 32x16; leave \[generator\] size out"):
        ProGAN(SMALL, random_tensors(SMALL), Canvas(32, 16))


@pytest.mark.parametrize("half", [False, True])
def test_it_compiles_without_a_break(half: bool) -> None:
    net, w = small(half)
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    assert torch.equal(compiled(w), net(w))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_its_trace_draws_other_latents_too() -> None:
    net, w = small()
    traced = torch.jit.freeze(torch.jit.trace(net.eval(), w, check_trace=False))
    other = w.flip(2)
    assert_near(traced(other).numpy(), net(other).numpy(), IMAGE)


def test_w_is_z_whatever_psi_is() -> None:
    latent, z = ProGANLatent(SMALL, {}), np.random.RandomState(0).randn(2, 5)
    assert np.array_equal(latent.w(z, 0.3, cutoff=1)[:, 0], z.astype(np.float32))
    with pytest.raises(ModelError, match=r"z has shape \(1, 4\); allowed is \(n, 5\)"):
        latent.w(np.zeros((1, 4)))
    with pytest.raises(ModelError, match="has no classes"):
        latent.w(z, 1.0, np.ones((2, 1)))


def test_json_gives_back_the_specification() -> None:
    assert ProGANSpec.of_json(json.loads(json.dumps(SMALL.as_json()))) == SMALL


def test_inferring_names_the_tensor_that_does_not_fit() -> None:
    shapes = SMALL.shapes()
    for name, shape in shapes.items():
        layer = name.split(".")[0]
        with pytest.raises(ModelError, match=f"the tensor '?({layer}|layer|output)"):
            ProGANSpec.infer({other: s for other, s in shapes.items() if other != name}, {})
        with pytest.raises(ModelError, match="the tensor "):
            ProGANSpec.infer(shapes | {name: (*shape, 1)}, {})
    with pytest.raises(
        ModelError, match=r"layer4.conv.weight has shape \(6, 6, 5, 5\); this progan needs \(6, 6, 3, 3\)"
    ):
        ProGANSpec.infer(shapes | {"layer4.conv.weight": (6, 6, 5, 5)}, {})
    with pytest.raises(ModelError, match=r"layer3.wscale.b has shape \(7,\)"):
        ProGANSpec.infer(shapes | {"layer3.wscale.b": (7,)}, {})
    with pytest.raises(ModelError, match="'layer9.wscale.b'"):
        ProGANSpec.infer(shapes | {"layer9.wscale.b": (4,)}, {})
    with pytest.raises(ModelError, match="layer1.conv.weight is missing"):
        ProGANSpec.infer({}, {})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"channels": [4]}, "z_dim is missing"),
        ({"z_dim": 0, "channels": [4]}, "z_dim is 0; allowed is a whole number from 1 to 8192"),
        ({"z_dim": 10**400, "channels": [4]}, "z_dim is a huge number"),
        ({"z_dim": 4, "channels": []}, "channels is a list of 0"),
        ({"z_dim": 4, "channels": [4] * 1_000_000}, "channels is a list of 1000000"),
        ({"z_dim": 4, "channels": [4, -4]}, r"channels\[1\] is -4"),
        ({"z_dim": 4, "channels": [4, 4.5]}, r"channels\[1\] is 4.5"),
        ({"z_dim": 4, "channels": "4"}, "channels is '4'"),
        ({"z_dim": 4, "channels": [4], "psi": 1}, "'psi' means nothing here"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(row: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        ProGANSpec.of_json(row)


@given(
    st.dictionaries(
        st.sampled_from(["z_dim", "channels", "width"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers() | st.none(), max_size=4),
    )
)
def test_no_header_breaks_the_reader(row: dict[str, Any]) -> None:
    try:
        spec = ProGANSpec.of_json(row)
    except ModelError as error:
        assert len(str(error)) < 300
    else:
        assert spec.shapes() and spec.gflop(spec.width, spec.height) > 0
