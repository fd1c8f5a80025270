"""Laws of a StyleGAN3's sizes: from a file's attributes, from the published rules, from a header."""

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.generator.base import Band
from engine.generator.foreign.read import read
from engine.generator.foreign.recognise import recognise
from engine.generator.foreign.write import fitted
from engine.generator.mapping_sizes import mapping_sizes
from engine.generator.stylegan3_design import Layer
from engine.generator.stylegan3_spec import StyleGAN3Spec
from tests.engine.generator.golden import golden
from tests.engine.generator.style_golden import case
from tests.engine.generator.stylegan3_models import R, small

NAMES = ["sg3t_64_uncond", "sg3r_64_xform"]
SPEC: StyleGAN3Spec = small(num_layers=4, num_critical=1)[0]
RULES: dict[str, Any] = {"num_critical": 1}


def said(spec: StyleGAN3Spec) -> dict[str, Any]:
    """What a container says of a model's layers."""
    rows = {layer.name: {f.name: getattr(layer, f.name) for f in fields(layer)} for layer in spec.layers}
    padding = {layer.name: {"padding": list(layer.padding)} for layer in spec.layers}
    fourier = spec.fourier
    return {
        "layers": {name: row | padding[name] for name, row in rows.items()},
        "input": {"size": list(fourier.size), "sampling_rate": fourier.sampling_rate, "bandwidth": fourier.bandwidth},
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_of_a_genuine_file_is_what_the_reference_says_of_it(name: str) -> None:
    spec = case(name).spec
    assert isinstance(spec, StyleGAN3Spec)
    about = json.loads(golden(f"{name}.json").read_text())
    assert len(spec.layers) == len(about["layers"]) == 15 and spec.num_ws == about["num_ws"]
    assert list(spec.fourier.size) == about["input"]["size"] and spec.fourier.bandwidth == about["input"]["bandwidth"]
    for layer, row in zip(spec.layers, about["layers"], strict=True):
        assert (layer.name, layer.up_factor, layer.down_factor) == (row["name"], row["up"], row["down"])
        assert (layer.up_taps, layer.down_taps, layer.conv_kernel) == (row["up_taps"], row["down_taps"], row["kernel"])
        assert list(layer.padding) == row["padding_x0x1y0y1"] and layer.down_radial == row["down_radial"]
        assert (layer.is_critically_sampled, layer.use_fp16) == (row["critical"], row["use_fp16"])
        assert layer.tmp_sampling_rate == row["tmp_sampling_rate"] and list(layer.out_size) == row["out_size"]


@pytest.mark.parametrize("name", NAMES)
def test_the_published_rules_give_the_layout_of_a_genuine_file(name: str) -> None:
    spec = case(name).spec
    assert isinstance(spec, StyleGAN3Spec)
    ruled = StyleGAN3Spec.infer(spec.shapes(), {})
    assert ruled.fourier == spec.fourier
    for mine, theirs in zip(ruled.layers, spec.layers, strict=True):
        for key in (f.name for f in fields(Layer)):
            value = getattr(theirs, key)
            assert getattr(mine, key) == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), key


@pytest.mark.parametrize(
    "layout",
    [
        {"num_layers": 9, "num_critical": 3, "margin_size": 6},
        {"num_layers": 5, "num_critical": 0, "filter_size": 4},
        {"num_layers": 3, "num_critical": 1, "first_cutoff": 3.0, "first_stopband": 7.0, "last_stopband_rel": 1.1},
        {"num_layers": 4, "lrelu_upsampling": 1, "conv_clamp": None, "num_fp16_res": 1},
        {"num_layers": 4, "lrelu_upsampling": 4, **R},
        {"num_layers": 2, "num_critical": 1, "margin_size": 0},
    ],
    ids=lambda layout: " ".join(layout),
)
def test_unusual_layouts_are_read_from_rules_and_from_attributes(layout: dict[str, Any]) -> None:
    spec = small(**layout)[0]
    assert StyleGAN3Spec.infer(spec.shapes(), said(spec)) == spec
    rules = {key: value for key, value in layout.items() if key not in ("num_layers", "conv_kernel")}
    assert StyleGAN3Spec.infer(spec.shapes(), rules) == spec


def test_numbers_of_numpy_are_read_as_numbers() -> None:
    facts = said(SPEC)
    facts["input"]["size"] = np.array(facts["input"]["size"])
    facts["layers"] = {
        name: {key: np.asarray(value) if isinstance(value, tuple) else value for key, value in row.items()}
        for name, row in facts["layers"].items()
    }
    facts["output_scale"] = np.float64(0.5)
    assert StyleGAN3Spec.infer(SPEC.shapes(), facts) == replace(SPEC, output_scale=0.5)


def test_the_filters_that_a_file_lacks_are_made() -> None:
    whole = recognise(read(golden("sg3r_64_xform.pkl")))
    bare = {name: array for name, array in whole.tensors.items() if not name.endswith("_filter")}
    spec, tensors = fitted(replace(whole, tensors=bare))
    assert tensors.keys() == spec.shapes().keys()
    for name, array in tensors.items():
        np.testing.assert_allclose(array, whole.tensors[name], rtol=0, atol=1e-6, err_msg=name)


def test_a_file_without_filters_is_read_and_every_other_tensor_is_needed() -> None:
    shapes = {name: shape for name, shape in SPEC.shapes().items() if not name.endswith("_filter")}
    assert StyleGAN3Spec.infer(shapes, RULES) == SPEC
    for name in shapes:
        with pytest.raises(ModelError):
            StyleGAN3Spec.infer({key: shape for key, shape in shapes.items() if key != name}, RULES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"padding": [9, 9, 9, 8]}, "L0_36_16: padding is a list of 4; its sizes and filters need"),
        ({"in_size": [30, 36]}, "L0_36_16: padding|L0_36_16 does not take what input gives"),
        ({"out_size": [36]}, "L0_36_16: out_size is a list of 1; allowed is a list of 2"),
        ({"up_factor": 4, "padding": None}, "L0_36_16"),
        ({"up_taps": 20}, "L0_36_16: padding"),
        ({"up_taps": 1, "padding": [4, 2, 4, 2]}, "L0_36_16: padding|L0_36_16: it changes its sampling rate without"),
        ({"conv_clamp": "much"}, "L0_36_16: conv_clamp is 'much'; allowed is a number from"),
        ({"use_fp16": 1}, "L0_36_16: use_fp16 is 1; allowed is true or false"),
        ({"is_torgb": True}, "the last layer, and no other"),
        ({"in_sampling_rate": float("nan")}, "L0_36_16: in_sampling_rate is nan"),
        ({"down_taps": 512, "padding": None}, "L0_36_16: down_taps is 512; allowed is a whole number from 1 to 64"),
        ({"out_cutoff": 60000.0}, "L0_36_16: a cutoff is above half of its sampling rate"),
    ],
)
def test_attributes_that_do_not_fit_are_named(change: dict[str, Any], message: str) -> None:
    facts = said(SPEC)
    facts["layers"]["L0_36_16"] |= change
    with pytest.raises(ModelError, match=message):
        StyleGAN3Spec.infer(SPEC.shapes(), facts)


def test_tensors_that_do_not_fit_are_named() -> None:
    shapes = SPEC.shapes()
    for name in shapes:
        if name.startswith("synthesis.") and not name.endswith("_filter"):
            with pytest.raises(ModelError):
                StyleGAN3Spec.infer({**shapes, name: (*shapes[name], 7)}, said(SPEC))
    with pytest.raises(ModelError, match=r"synthesis\.L0_36_16\.up_filter has shape \(10,\)"):
        StyleGAN3Spec.infer({**shapes, "synthesis.L0_36_16.up_filter": (10,)}, said(SPEC))
    with pytest.raises(ModelError, match=r"'synthesis\.L0_36_16\.noise' \(\) belongs to no part"):
        StyleGAN3Spec.infer({**shapes, "synthesis.L0_36_16.noise": ()}, said(SPEC))
    with pytest.raises(ModelError, match="layer L2_... are missing"):
        StyleGAN3Spec.infer({name: shape for name, shape in shapes.items() if ".L2_" not in name}, {})
    with pytest.raises(ModelError, match="L0_40_16 would be L0_36_16 by the published sizes"):
        StyleGAN3Spec.infer({name.replace("L0_36", "L0_40"): shape for name, shape in shapes.items()}, RULES)
    with pytest.raises(ModelError, match="says nothing of the layer L0_36_16"):
        facts = said(SPEC)
        del facts["layers"]["L0_36_16"]
        StyleGAN3Spec.infer(shapes, facts)
    with pytest.raises(ModelError, match=r"mapping\.fc0\.weight is missing; the first of its mapping is mapping\.fc1"):
        mapping_sizes({"mapping.fc1.weight": (8, 8)})


def test_only_the_usual_bend_is_drawn() -> None:
    with pytest.raises(ModelError, match="activation 'swish' cannot be played"):
        StyleGAN3Spec.infer(SPEC.shapes(), {"activation": "swish"})


@pytest.mark.parametrize("layout", [{}, {"num_layers": 4, **R}])
def test_a_header_gives_the_specification_back(layout: dict[str, Any]) -> None:
    spec = replace(small(**layout)[0], classes=3, embed_features=8, class_average=True)
    assert StyleGAN3Spec.of_json(json.loads(json.dumps(spec.as_json()))) == spec
    assert StyleGAN3Spec.of_json(spec.as_json()) == spec


def _paths(row: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a tree of JSON."""
    items = row.items() if isinstance(row, dict) else enumerate(row) if isinstance(row, list) else []
    return [path, *(found for key, value in items for found in _paths(value, (*path, key)))]


HEADER = json.dumps(SPEC.as_json())
PATHS = _paths(json.loads(HEADER))[1:]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([]), st.just({}),
    st.lists(st.integers(-3, 40), max_size=4),
)  # fmt: skip


@given(st.sampled_from(PATHS), VALUES)
def test_a_strangers_header_is_a_specification_or_a_refusal(path: tuple[Any, ...], value: Any) -> None:
    row = json.loads(HEADER)
    place = row
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        spec = StyleGAN3Spec.of_json(row)
    except ModelError:
        return
    assert StyleGAN3Spec.of_json(spec.as_json()) == spec


@given(st.dictionaries(st.sampled_from([f.name for f in fields(StyleGAN3Spec)]), VALUES))
def test_any_table_is_no_header(row: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        StyleGAN3Spec.of_json(row)


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_grown_grid_covers_the_picture_and_keeps_the_native_samples(width: int, height: int) -> None:
    drawn = SPEC.at(width, height)
    for axis, wanted in ((0, width), (1, height)):
        grown = drawn.layers[-1].out_size[axis] - SPEC.layers[-1].out_size[axis]
        assert wanted <= drawn.layers[-1].out_size[axis] < wanted + 8
        for mine, native in zip(drawn.layers, SPEC.layers, strict=True):
            assert mine.padding == native.padding
            added = mine.out_size[axis] - native.out_size[axis]
            assert added % 2 == 0 and added * 64 == grown * native.out_sampling_rate
            assert mine.in_size[axis] > 0


def test_the_native_size_needs_no_other_grid() -> None:
    assert SPEC.at(64, 64) is SPEC


def test_bands_share_all_layers_and_the_first_is_coarse() -> None:
    spec = case("sg3t_64_uncond").spec
    assert spec.bands() == (Band("coarse", 0, 6), Band("middle", 6, 11), Band("fine", 11, 16))
    assert [spec.layer_of(name) for name in ("input.weight", "L0_36_32.weight", "synthesis.L14_64_3.bias")] == [
        0,
        1,
        15,
    ]


def test_more_picture_is_more_work() -> None:
    assert SPEC.gflop(64, 64) < SPEC.gflop(128, 64) < SPEC.gflop(128, 128) < 5 * SPEC.gflop(64, 64)


def test_controls_at_rest_change_no_bit() -> None:
    at_rest = {c.address.removeprefix("/generator/"): c.default for c in SPEC.controls()}
    for controls in ({}, at_rest, {**at_rest, "psi": 0.7}):
        transform = SPEC.inputs(controls)["transform"]
        assert transform.dtype == np.float32 and transform.tobytes() == np.eye(3, dtype=np.float32).tobytes()
