"""What a tulip says of itself: sizes, layers, work, and what a stranger's header may say."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.generator.tulip import factors
from engine.generator.tulip.spec import TulipSpec
from tests.engine.generator.tulip_models import student

SHIPPED = TulipSpec(512, 160, factors.COUNT, (256, 256, 160), (160, 160, 128, 80, 48), 32, 96)
SMALL = TulipSpec(24, 8, factors.COUNT, (8,), (6, 5), 4, 3)


@st.composite
def specs(draw: st.DrawFn) -> TulipSpec:
    sizes = st.integers(1, 40)
    channels = draw(st.lists(sizes, min_size=2, max_size=8))
    mapping = draw(st.lists(sizes, min_size=1, max_size=8))
    layout = draw(st.integers(1, channels[1]))
    return TulipSpec(draw(sizes), mapping[-1], factors.COUNT, tuple(mapping), tuple(channels), layout, draw(sizes))


@given(specs())
def test_a_specification_is_found_again_in_its_tensors_and_in_its_json(spec: TulipSpec) -> None:
    assert TulipSpec.infer(spec.shapes(), {}) == spec
    assert TulipSpec.of_json(spec.as_json()) == spec


@given(specs())
def test_bands_follow_one_another_and_none_is_empty(spec: TulipSpec) -> None:
    bands = spec.bands()
    assert [b.name for b in bands] == ["form", "detail", "colour"]
    assert [b.first for b in bands] == [0, *(b.last for b in bands[:-1])] and bands[-1].last == spec.num_ws
    assert all(b.first < b.last for b in bands)


def test_the_shipped_form_has_five_levels_and_the_palette_last() -> None:
    assert [(b.first, b.last) for b in SHIPPED.bands()] == [(0, 5), (5, 9), (9, 10)]
    assert SHIPPED.maps_side == 64 and SHIPPED.num_ws == 10


def test_its_tensors_are_those_of_the_student_and_the_average() -> None:
    net = student()
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    spec = TulipSpec.infer(shapes | {"mapping.w_avg": (160,)}, {})
    assert spec.shapes() == shapes | {"mapping.w_avg": (160,)}
    assert spec.num_ws == net.synthesis.num_ws


def test_tensors_know_their_layer_of_w() -> None:
    layers = {
        "b4.conv1.weight": 0, "b4.tomaps.bias": 0, "const": 0, "layout4.weight": 0, "b8.conv0.affine.weight": 1,
        "b8.positions": 1, "layout8.bias": 2, "b8.conv1.weight": 2, "b8.tomaps.weight": 2, "b64.conv0.weight": 7,
        "b64.conv1.bias": 8, "b64.tomaps.weight": 8, "palette.0.weight": 9,
    }  # fmt: skip
    for name, layer in layers.items():
        assert SHIPPED.layer_of(f"synthesis.{name}") == SHIPPED.layer_of(f"trunk.{name}") == layer, name


def test_work_is_the_trunks_and_each_pixels_share() -> None:
    trunk = SHIPPED.gflop(0, 0)
    assert 0.5 < trunk < 0.7
    assert SHIPPED.gflop(512, 512) - trunk == pytest.approx(4 * (SHIPPED.gflop(256, 256) - trunk))


def test_sharp_is_a_control_at_rest_at_1() -> None:
    (sharp,) = SHIPPED.controls()
    assert (sharp.address, sharp.default, sharp.low, sharp.high) == ("/generator/sharp", 1.0, 0.25, 3.0)
    assert SHIPPED.inputs({})["sharp"] == 1.0 and SHIPPED.inputs({"sharp": 2.0, "psi": 0.5})["sharp"] == 2.0
    assert SHIPPED.inputs({})["sharp"].shape == ()


def test_a_dress_is_in_no_header_and_changes_no_tensor() -> None:
    dressed = replace(SHIPPED, dress=2)
    assert dressed.as_json() == SHIPPED.as_json() and dressed.shapes() == SHIPPED.shapes()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("z_dim", 0), ("z_dim", 10**9), ("z_dim", 512.0), ("z_dim", True), ("z_dim", "512"), ("w_dim", None),
        ("factors", 18), ("factors", 20), ("mapping", []), ("mapping", [8] * 9), ("mapping", [8, 7]), ("mapping", 8),
        ("mapping", [[8]]), ("channels", [6]), ("channels", [6] * 9), ("channels", [6, 0]), ("channels", "66"),
        ("channels", [6, 10**12]), ("layout", 6), ("layout", 0), ("palette_hidden", -1), ("palette_hidden", 1e400),
    ],
)  # fmt: skip
def test_a_strangers_header_is_checked(field: str, value: Any) -> None:
    with pytest.raises(ModelError, match=rf"this tulip cannot be played: .*{field}"):
        TulipSpec.of_json({**SMALL.as_json(), field: value})


def test_a_header_with_other_fields_is_refused() -> None:
    row = SMALL.as_json()
    with pytest.raises(ModelError, match="'dress' means nothing here"):
        TulipSpec.of_json({**row, "dress": 1})
    for name in row:
        with pytest.raises(ModelError, match=name):
            TulipSpec.of_json({key: value for key, value in row.items() if key != name})


@pytest.mark.parametrize("name", list(SMALL.shapes()))
def test_a_tensor_that_is_missing_or_of_another_shape_is_told(name: str) -> None:
    shapes = SMALL.shapes()
    with pytest.raises(ModelError):
        TulipSpec.infer({key: shape for key, shape in shapes.items() if key != name}, {})
    with pytest.raises(ModelError):
        TulipSpec.infer({**shapes, name: (*shapes[name], 2)}, {})


def test_a_tensor_of_no_tulip_is_named() -> None:
    with pytest.raises(ModelError, match="synthesis.b4.noise"):
        TulipSpec.infer({**SMALL.shapes(), "synthesis.b4.noise": (3,)}, {})
