"""What a StyleGAN2 is, from its tensors and back; what is none says which tensor is wrong."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.generator.stylegan2_spec import StyleGAN2Spec

SMALL = StyleGAN2Spec(z_dim=5, w_dim=6, channels=(7, 6, 5), mapping=(8, 6))
CLASSED = replace(SMALL, classes=3, embed_features=4, class_average=True)
FACTS = {"conv_clamp": 256.0, "num_fp16_res": 2, "lr_multiplier": 0.02}


def of_size(resolution: int, base: int, most: int) -> StyleGAN2Spec:
    channels = [min(base // r, most) for r in (4 << i for i in range(resolution.bit_length() - 2))]
    return StyleGAN2Spec(z_dim=512, w_dim=512, channels=tuple(channels), mapping=(512,) * 8)


@st.composite
def specs(draw: st.DrawFn) -> StyleGAN2Spec:
    classes = draw(st.integers(0, 3))
    return StyleGAN2Spec(
        z_dim=draw(st.integers(1, 9)),
        w_dim=6,
        channels=tuple(draw(st.lists(st.integers(1, 9), min_size=2, max_size=6))),
        mapping=(*draw(st.lists(st.integers(1, 9), max_size=3)), 6),
        architecture=draw(st.sampled_from(["skip", "resnet", "orig"])),
        classes=classes,
        const_width=draw(st.integers(1, 8)),
        const_height=draw(st.integers(1, 8)),
        lr_multiplier=draw(st.floats(0.001, 1)),
        embed_features=draw(st.integers(1, 9)) if classes else 0,
        class_average=bool(classes) and draw(st.booleans()),
        clamp=draw(st.none() | st.floats(0.1, 1000)),
        num_fp16_res=draw(st.integers(0, 8)),
        use_noise=draw(st.booleans()),
        img_channels=draw(st.sampled_from([1, 3, 4])),
        filter_taps=draw(st.sampled_from([0, 2, 3, 4])),
    )


@given(specs())
def test_a_specification_is_found_again_in_its_tensors_and_in_its_json(spec: StyleGAN2Spec) -> None:
    facts = {"conv_clamp": spec.clamp, "num_fp16_res": spec.num_fp16_res, "lr_multiplier": spec.lr_multiplier}
    assert StyleGAN2Spec.infer(spec.shapes(), facts) == spec
    assert StyleGAN2Spec.of_json(json.loads(json.dumps(spec.as_json()))) == spec


@given(specs())
def test_bands_follow_one_another_and_none_is_empty(spec: StyleGAN2Spec) -> None:
    bands = spec.bands()
    assert [b.first for b in bands] == [0, *(b.last for b in bands[:-1])] and bands[-1].last == spec.num_ws
    assert all(b.first < b.last for b in bands) and bands[0].name == "coarse"


def test_bands_of_a_large_model_are_cut_after_8_and_32_pixels() -> None:
    coarse, middle, fine = of_size(1024, 32768, 512).bands()
    assert (coarse.first, middle.first, fine.first, fine.last) == (0, 3, 7, 18)


@given(specs())
def test_tensors_know_their_layer_of_w(spec: StyleGAN2Spec) -> None:
    layers = [spec.layer_of(name) for name in spec.shapes() if name.endswith("conv1.weight")]
    assert layers == list(range(0, 2 * len(spec.channels), 2))
    last = spec.resolutions[-1]
    assert spec.layer_of(f"b{last}.torgb.affine.bias") == spec.num_ws - 1
    assert spec.layer_of("synthesis.b8.conv0.weight") == 1 and spec.layer_of("synthesis.b4.const") == 0


@pytest.mark.parametrize(
    ("resolution", "base", "most", "gflop"),
    [(128, 2048, 128, 0.48), (256, 2048, 128, 0.61), (256, 4096, 256, 2.38), (256, 16384, 512, 30.1)],
)
def test_work_is_counted_as_it_was_measured(resolution: int, base: int, most: int, gflop: float) -> None:
    assert of_size(resolution, base, most).gflop(resolution, resolution) == pytest.approx(gflop, rel=0.01)


def test_work_grows_with_the_picture() -> None:
    assert SMALL.gflop(32, 16) == pytest.approx(2 * SMALL.gflop(16, 16))
    assert SMALL.gflop(17, 16) == SMALL.gflop(20, 16)  # a whole column of the constant more


def test_the_largest_blocks_were_trained_in_half_precision() -> None:
    assert replace(SMALL, num_fp16_res=0).half_blocks == ()
    assert replace(SMALL, num_fp16_res=1).half_blocks == (16,)
    assert replace(SMALL, num_fp16_res=4).half_blocks == (8, 16)


def test_noise_is_a_control_at_rest_at_1() -> None:
    (control,) = SMALL.controls()
    assert (control.address, control.default, control.low, control.high) == ("/generator/noise", 1.0, 0.0, 2.0)
    assert SMALL.inputs({})["noise"] == 1.0 and SMALL.inputs({"noise": 0.25, "psi": 1.0})["noise"] == 0.25
    assert SMALL.inputs({})["noise"].dtype == np.float32 and SMALL.inputs({})["noise"].shape == ()


def test_filters_that_change_nothing_may_be_in_the_file() -> None:
    inert = {f"synthesis.{name}.resample_filter": (4, 4) for name in ("b4", "b4.conv1", "b8.conv1")}
    assert StyleGAN2Spec.infer(SMALL.shapes() | inert, {}) == SMALL


def changed(name: str, shape: tuple[int, ...] | None) -> dict[str, tuple[int, ...]]:
    shapes = CLASSED.shapes()
    if shape is None:
        del shapes[name]
    else:
        shapes[name] = shape
    return shapes


@pytest.mark.parametrize("name", list(CLASSED.shapes()))
def test_a_missing_tensor_is_named(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        StyleGAN2Spec.infer(changed(name, None), FACTS)
    # A mapping that ends early is a mapping of another width.
    assert ("mapping.w_avg" if name == "mapping.fc1.weight" else name.rpartition(".")[0]) in str(caught.value)


@pytest.mark.parametrize("name", list(CLASSED.shapes()))
def test_a_tensor_that_fits_nothing_is_told(name: str) -> None:
    with pytest.raises(ModelError):
        StyleGAN2Spec.infer(changed(name, (9, 11, 13, 17, 19)), FACTS)
    with pytest.raises(ModelError):
        StyleGAN2Spec.infer(changed(name, ()) if CLASSED.shapes()[name] else changed(name, (2,)), FACTS)


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("synthesis.b8.conv0.weight", (6, 8, 3, 3), "synthesis.b8.conv0.weight has shape (6, 8, 3, 3)"),
        ("synthesis.b8.conv9.weight", (6, 8, 3, 3), "synthesis.b8.conv9.weight"),
        ("synthesis.b64.conv0.weight", (6, 8, 3, 3), "it has synthesis.b64 but no synthesis.b32"),
        ("synthesis.b12.conv0.weight", (6, 8, 3, 3), "it has synthesis.b12 but no synthesis.b16"),
        ("synthesis.input.freqs", (6, 2), "synthesis.input.freqs"),
    ],
)
def test_what_is_wrong_is_said(name: str, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        StyleGAN2Spec.infer(changed(name, shape), FACTS)
    assert said in str(caught.value)


def test_another_activation_is_refused() -> None:
    with pytest.raises(ModelError, match="activation 'relu' cannot be played"):
        StyleGAN2Spec.infer(SMALL.shapes(), {"activation": "relu"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("z_dim", 0),
        ("z_dim", 1.5),
        ("z_dim", True),
        ("z_dim", 10**30),
        ("channels", []),
        ("channels", [7, 0]),
        ("channels", ["7"]),
        ("channels", 7),
        ("channels", [1] * 12),
        ("channels", None),
        ("mapping", [8, 7]),
        ("architecture", "dense"),
        ("architecture", ["skip"]),
        ("const_width", 10**9),
        ("clamp", -1.0),
        ("clamp", float("nan")),
        ("clamp", "1"),
        ("lr_multiplier", None),
        ("use_noise", 1),
        ("classes", 3),
        ("class_average", True),
        ("filter_taps", 1),
        ("img_channels", 2),
    ],
)
def test_a_strangers_header_is_checked(field: str, value: Any) -> None:
    with pytest.raises(ModelError, match="this StyleGAN2 cannot be played"):
        StyleGAN2Spec.of_json({**SMALL.as_json(), field: value})


def test_a_header_with_other_fields_is_refused() -> None:
    row = SMALL.as_json()
    with pytest.raises(ModelError, match="'colour' is missing or unknown"):
        StyleGAN2Spec.of_json({**row, "colour": 1})
    del row["z_dim"]
    with pytest.raises(ModelError, match="'z_dim' is missing or unknown"):
        StyleGAN2Spec.of_json(row)


def test_a_picture_larger_than_any_model_draws_is_refused() -> None:
    with pytest.raises(ModelError, match="its size is '16384x16384'"):
        replace(SMALL, channels=(1,) * 11, const_width=16, const_height=16)
