"""StyleGAN3 against the reference's own pictures, against its formulas, and the laws of moving it and of any size."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generator.spec import Canvas, Spec
from engine.generator.stylegan3 import StyleGAN3
from tests.engine.generator.golden import assert_near
from tests.engine.generator.style_golden import case
from tests.engine.generator.stylegan3_models import REST, R, by_the_book, draw, small, some_w

NAMES = ["sg3t_64_uncond", "sg3r_64_xform"]
CLOSE, HALF = 1e-4, 2e-2  # of the standard deviation; the second is what float16 may differ by anywhere in a picture
WAYS = pytest.mark.parametrize("batched", [False, True], ids=["weights", "activations"])


@pytest.fixture(autouse=True)
def _one_thread_without_gradients() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


def genuine(name: str, /, **ways: bool) -> StyleGAN3:
    return StyleGAN3(case(name).spec, tensors_of(name), Canvas(64, 64), **ways)


def tensors_of(name: str) -> dict[str, Tensor]:
    return {key: torch.from_numpy(np.array(array)) for key, array in case(name).tensors.items()}


def pictures(net: StyleGAN3, w: NDArray[np.float32], transform: Tensor = REST) -> NDArray[np.float32]:
    """One by one where it takes one voice."""
    rows = torch.from_numpy(w)
    if net.batched:
        return np.asarray(net(rows, transform))
    return torch.cat([net(row[None], transform) for row in rows]).numpy()


@WAYS
@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_the_references(name: str, batched: bool) -> None:
    net, arrays = genuine(name, batched=batched), case(name).arrays
    for key in ("psi1", "psi0.7_cut5"):
        assert_near(pictures(net, arrays[f"w_{key}"]), arrays[f"img_{key}"], CLOSE, key)
    assert_near(pictures(net, arrays["wplus"]), arrays["img_wplus"], CLOSE, "wplus")


@WAYS
@pytest.mark.parametrize("name", NAMES)
def test_features_are_the_references(name: str, batched: bool) -> None:
    net, arrays = genuine(name, batched=batched), case(name).arrays
    found: dict[str, Tensor] = {}
    for child, module in net.named_children():
        module.register_forward_hook(lambda _m, _i, out, child=child: found.__setitem__(child, out))
    pictures(net, arrays["w_psi1"][:1])
    wanted = {key.removeprefix("feat_"): array for key, array in arrays.items() if key.startswith("feat_")}
    assert found.keys() == wanted.keys() and len(found) == 16
    for key, array in wanted.items():
        assert_near(found[key][:, : array.shape[1]].numpy(), array, CLOSE, key)


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_transform_is_the_references(name: str) -> None:
    arrays, tensors = case(name).arrays, tensors_of(name)
    for key, transform in (("A", arrays["transform_A"]), ("B", arrays["transform_B"])):
        tensors["synthesis.input.transform"] = torch.from_numpy(transform)
        net = StyleGAN3(case(name).spec, tensors, Canvas(64, 64), batched=True)
        assert_near(pictures(net, arrays["w_psi1"]), arrays[f"img_psi1_xform{key}"], CLOSE, key)
    tensors["synthesis.input.transform"] = REST
    net = StyleGAN3(case(name).spec, tensors, Canvas(64, 64), batched=True)
    assert_near(pictures(net, arrays["w_psi1"]), arrays.get("img_psi1_identity", arrays["img_psi1"]), CLOSE, "identity")
    for key in "AB":  # what is played stands for what is stored where nothing is stored
        played = torch.from_numpy(arrays[f"transform_{key}"])
        assert_near(pictures(net, arrays["w_psi1"], played), arrays[f"img_psi1_xform{key}"], CLOSE, f"{key} played")


@pytest.mark.parametrize("name", NAMES)
def test_bytes_are_the_references(name: str) -> None:
    arrays = case(name).arrays
    drawn = pictures(genuine(name), arrays["w_psi1"])
    levels = np.clip(drawn * 127.5 + 128, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    apart = np.abs(levels.astype(int) - arrays["u8_psi1"])
    assert apart.max() <= 1 and (apart > 0).mean() < 1e-3


@WAYS
@pytest.mark.parametrize("name", NAMES)
def test_half_precision_stays_near(name: str, batched: bool) -> None:
    net, arrays = genuine(name, batched=batched, half=True), case(name).arrays
    drawn, wanted = pictures(net, arrays["w_psi1"]), arrays["img_psi1"]
    assert drawn.dtype == np.float32
    assert_near(drawn, wanted, HALF)
    assert np.sqrt(np.square(drawn - wanted).mean()) < 5e-3 * wanted.std()


def test_layers_that_were_not_trained_in_half_precision_are_not_drawn_in_it() -> None:
    spec, tensors = small(num_layers=4, num_critical=1, num_fp16_res=1)
    net = StyleGAN3(spec, tensors, Canvas(64, 64), half=True)
    kinds = {net.get_submodule(layer.name).bias.dtype: layer.use_fp16 for layer in spec.layers}
    assert kinds == {torch.float16: True, torch.float32: False}


STRETCH: list[dict[str, Any]] = [
    {"num_layers": 9, "num_critical": 3, "margin_size": 6},
    {"num_layers": 5, "num_critical": 0, "filter_size": 4},
    {"num_layers": 3, "num_critical": 1, "first_cutoff": 3.0, "first_stopband": 7.0, "last_stopband_rel": 1.1},
    {"num_layers": 4, "lrelu_upsampling": 1, "conv_clamp": None},
    {"num_layers": 3, "num_critical": 1, "lrelu_upsampling": 4, "conv_clamp": 0.5},
    {"num_layers": 2, "num_critical": 1, "margin_size": 0},
    {"num_layers": 3, "num_critical": 1, "filter_size": 5, "conv_kernel": 5},
    {"num_layers": 4, "num_critical": 1, "use_radial_filters": True},
]


@WAYS
@pytest.mark.parametrize("layout", STRETCH, ids=lambda layout: " ".join(layout))
def test_any_layout_is_drawn_as_its_formulas_say(layout: Mapping[str, Any], batched: bool) -> None:
    spec, tensors = small(32, base=256, most=8, **layout)
    tensors["synthesis.input.affine.weight"] = torch.randn(4, 8, generator=torch.Generator().manual_seed(5))
    tensors["synthesis.input.transform"] = torch.tensor([[0.8, -0.6, 0.2], [0.6, 0.8, -0.1], [0.0, 0.0, 1.0]])
    w = some_w(spec)
    drawn = StyleGAN3(spec, tensors, Canvas(32, 32), batched=batched)(w, REST)
    assert_near(drawn.numpy(), by_the_book(spec, tensors, w).numpy(), CLOSE)


def test_filters_with_a_side_are_drawn_as_their_formulas_say() -> None:
    spec, tensors = small(32, base=256, most=8, num_layers=4, use_radial_filters=True)
    for name in tensors:
        if name.endswith("_filter"):
            tensors[name] = tensors[name] + 0.02 * torch.randn(tensors[name].shape)
    w = some_w(spec)
    drawn = StyleGAN3(spec, tensors, Canvas(32, 32))(w, REST)
    assert_near(drawn.numpy(), by_the_book(spec, tensors, w).numpy(), CLOSE)


@WAYS
def test_voices_do_not_touch_each_other(batched: bool) -> None:
    spec, tensors = small(num_layers=4, num_critical=1)
    w = some_w(spec, 3)
    net = StyleGAN3(spec, tensors, Canvas(64, 64), batched=True)
    alone = StyleGAN3(spec, tensors, Canvas(64, 64), batched=batched)
    assert_near(net(w, REST)[1:2].numpy(), alone(w[1:2], REST).numpy(), CLOSE)


@pytest.mark.parametrize("channels", [1, 5])
def test_grey_is_repeated_and_of_many_channels_three_are_shown(channels: int) -> None:
    spec, tensors = small(num_layers=3, num_critical=1)
    row = spec.as_json()
    last = dict(row["layers"][-1], out_channels=channels)
    other = type(spec).of_json({**row, "layers": [*row["layers"][:-1], last]})
    for part in ("weight", "bias"):
        name = f"synthesis.{spec.layers[-1].name}.{part}"
        tensors[name] = tensors[name][torch.arange(channels) % 3]
    picture = draw(other, tensors)
    assert picture.shape == (3, 64, 64)
    assert (picture[1] == picture[0]).all() == (channels == 1)


LAYOUTS = [
    {"num_layers": 3, "num_critical": 1, "margin_size": 16},
    {"num_layers": 3, "num_critical": 1, "margin_size": 16, **R},
]
TURNED = pytest.mark.parametrize("layout", LAYOUTS, ids=["T", "R"])


@TURNED
def test_the_picture_moves_right_and_down(layout: Mapping[str, Any]) -> None:
    spec, tensors = small(**layout)
    still, moved = draw(spec, tensors), draw(spec, tensors, translate_x=8 / 64, translate_y=4 / 64)
    assert_near(moved[:, 20:-16, 24:-16], still[:, 16:-20, 16:-24], CLOSE)


def test_the_picture_turns_clockwise() -> None:
    spec, tensors = small(**LAYOUTS[1])
    still, turned = draw(spec, tensors), draw(spec, tensors, rotate=0.25)
    assert_near(turned[:, 16:-16, 16:-16], np.rot90(still, -1, (1, 2))[:, 16:-16, 16:-16], CLOSE)


@TURNED
def test_the_picture_is_enlarged_around_its_middle(layout: Mapping[str, Any]) -> None:
    spec, tensors = small(**layout)
    still, large = draw(spec, tensors), draw(spec, tensors, scale=2.0)
    halved = large.reshape(3, 32, 2, 32, 2).mean((2, 4))[:, 8:-8, 8:-8]
    assert np.corrcoef(halved.ravel(), still[:, 24:40, 24:40].ravel())[0, 1] > 0.99


def test_what_is_played_is_scaled_then_turned_then_moved() -> None:
    spec, tensors = small(**LAYOUTS[1])
    turned = draw(spec, tensors, rotate=0.25)
    both = draw(spec, tensors, rotate=0.25, translate_x=8 / 64)
    assert_near(both[:, 16:-16, 24:-16], turned[:, 16:-16, 16:-24], CLOSE)


def test_what_is_played_moves_the_picture_that_the_model_has_moved() -> None:
    spec, tensors = small(**LAYOUTS[1])
    tensors["synthesis.input.transform"] = torch.from_numpy(spec.inputs({"rotate": 0.1, "scale": 1.5})["transform"])
    still, moved = draw(spec, tensors), draw(spec, tensors, translate_x=8 / 64)
    assert_near(moved[:, 16:-16, 24:-16], still[:, 16:-16, 16:-24], CLOSE)


def test_at_rest_the_stored_transform_is_used_bit_for_bit() -> None:
    spec, tensors = small(num_layers=3, num_critical=1)
    stored = torch.from_numpy(spec.inputs({"rotate": 0.123, "translate_x": 0.3, "scale": 1.7})["transform"])
    played = draw(spec, {**tensors, "synthesis.input.transform": stored})
    tensors["synthesis.input.transform"] = torch.eye(3)
    net = StyleGAN3(spec, tensors, Canvas(64, 64))
    assert np.array_equal(played, net(some_w(spec), stored)[0].numpy())


@TURNED
@pytest.mark.parametrize(("width", "height"), [(160, 96), (97, 64), (40, 31), (1, 200)])
def test_at_any_size_the_native_picture_is_in_the_middle(layout: Mapping[str, Any], width: int, height: int) -> None:
    spec, tensors = small(**layout)
    native, other = draw(spec, tensors), draw(spec, tensors, width, height)
    assert other.shape == (3, height, width)
    (columns, wide), (rows, high) = shared(width), shared(height)
    assert np.abs(other[:, high, wide] - native[:, rows, columns]).max() <= CLOSE * native.std()


def shared(side: int) -> tuple[slice, slice]:
    """What a picture this wide and the native one both show: where it lies in the native one, and in the other."""
    start = (64 - side) // 2
    first, last = max(0, start), min(64, start + side)
    return slice(first, last), slice(first - start, last - start)


def test_a_wide_picture_goes_on_beyond_the_native_one() -> None:
    spec, tensors = small(**LAYOUTS[0])
    wide = draw(spec, tensors, 256, 64)
    assert wide[:, :, :64].std() > 0.3 * wide[:, :, 96:160].std()
    assert not np.allclose(wide[:, :, :64], wide[:, :, 64:128])


@pytest.mark.filterwarnings("ignore:.*torch.jit.* is deprecated:DeprecationWarning")
@WAYS
@TURNED
def test_the_synthesis_can_be_traced(layout: Mapping[str, Any], batched: bool) -> None:
    spec, tensors = small(**layout)
    net = StyleGAN3(spec, tensors, Canvas(96, 64), batched=batched).eval()
    w, other = some_w(spec), 0.5 * some_w(spec)
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(net, (w.clone(), REST.clone())).eval())  # type: ignore[no-untyped-call]
        assert_near(traced(other, REST).numpy(), net(other, REST).numpy(), CLOSE)


def test_slots_are_w_and_one_transform_for_all() -> None:
    spec, tensors = small(num_layers=3, num_critical=1)
    net = StyleGAN3(spec, tensors, Canvas(64, 64))
    assert [(slot.name, slot.shape, slot.shared) for slot in net.slots] == [
        ("w", (5, 8), False), ("transform", (3, 3), True),
    ]  # fmt: skip
    assert not list(net.parameters()) and isinstance(net.spec, Spec)
