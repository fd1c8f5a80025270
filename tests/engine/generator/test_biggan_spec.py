"""What a BigGAN is: truncation that can be played, sizes held against every tensor, headers that are refused."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.generator.biggan_spec import BigGANSpec
from tests.engine.generator.biggan_configs import LAYERS_128, SMALL


@given(st.integers(2, 200), st.floats(0, 1))
def test_rows_are_weights_that_lie_at_the_truncation(n_stats: int, psi: float) -> None:
    rows = replace(BigGANSpec.of_json(SMALL), n_stats=n_stats).inputs({"psi": psi})["rows"]
    assert rows.shape == (n_stats,) and rows.dtype == np.float32
    assert (rows >= 0).all() and np.count_nonzero(rows) <= 2
    assert rows.sum() == pytest.approx(1.0, abs=1e-6)
    assert rows @ np.arange(n_stats) == pytest.approx(psi * (n_stats - 1), abs=1e-3)


def test_a_swept_psi_makes_no_sawtooth() -> None:
    spec = replace(BigGANSpec.of_json(SMALL), n_stats=51)
    table = np.random.RandomState(0).randn(51).cumsum()
    steepest = np.abs(np.diff(table)).max() * 50
    psis = np.linspace(0, 1, 5001)
    swept = np.array([spec.inputs({"psi": psi})["rows"] @ table for psi in psis])
    assert np.abs(np.diff(swept)).max() <= steepest / 5000 + 1e-4
    upstream = replace(spec, upstream_exact=True)
    torn = np.array([upstream.inputs({"psi": psi})["rows"] @ table for psi in psis])
    assert np.abs(np.diff(torn)).max() > 10 * steepest / 5000


@given(st.integers(2, 400), st.data())
def test_on_exact_grid_values_both_ways_agree(n_stats: int, data: st.DataObject) -> None:
    spec = replace(BigGANSpec.of_json(SMALL), n_stats=n_stats)
    psi = data.draw(st.integers(0, n_stats - 1)) * (1.0 / (n_stats - 1))
    if psi <= 1.0 and (psi / (1.0 / (n_stats - 1))).is_integer():
        mine, theirs = (replace(spec, upstream_exact=exact).inputs({"psi": psi})["rows"] for exact in (False, True))
        assert mine == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(
    ("psi", "weights"),
    [
        (0.4, {20: 1.0}),
        (0.43, {21: 0.5, 22: 0.5}),
        (0.419, {20: 0.95, 21: 0.05}),
        (0.28, {15: 1.0}),  # 0.28 / 0.02 is a hair over 14
        (0.58, {28: 1.0}),  # and 0.58 / 0.02 a hair under 29
        (1.0, {50: 1.0}),
    ],
)
def test_upstreams_rows_are_swapped_and_rounded_as_upstream_does(psi: float, weights: dict[int, float]) -> None:
    spec = replace(BigGANSpec.of_json(SMALL), n_stats=51, upstream_exact=True)
    wanted = np.zeros(51)
    wanted[list(weights)] = list(weights.values())
    assert spec.inputs({"psi": psi})["rows"] == pytest.approx(wanted, abs=1e-6)


@given(st.integers(2, 4096))
def test_truncation_one_is_the_last_row_and_none_is_read_after_it(n_stats: int) -> None:
    spec = replace(BigGANSpec.of_json(SMALL), n_stats=n_stats)
    rows = spec.inputs({})["rows"]
    assert rows[-1] == 1.0 and np.count_nonzero(rows) == 1
    rows = replace(spec, upstream_exact=True).inputs({})["rows"]  # its rounding may end at the last row but one
    assert rows.shape == (n_stats,) and rows[-2:].sum() == 1.0


@pytest.mark.parametrize(("psi", "row"), [(-1.0, 0), (0.0, 0), (1.5, 10), (float("inf"), 10), (float("nan"), 10)])
@pytest.mark.parametrize("exact", [False, True])
def test_psi_is_held_within_the_truncations_there_are(psi: float, row: int, exact: bool) -> None:
    rows = replace(BigGANSpec.of_json(SMALL), upstream_exact=exact).inputs({"psi": psi})["rows"]
    assert rows[row] == 1.0 and np.count_nonzero(rows) == 1


def test_the_work_is_that_of_the_published_512() -> None:
    layers = LAYERS_128[:5] + [[True, 8, 8], [False, 8, 8], *LAYERS_128[5:9], [True, 2, 1], [False, 1, 1], [True, 1, 1]]
    config = SMALL | {"output_dim": 512, "z_dim": 128, "channel_width": 128, "num_classes": 1000, "layers": layers}
    spec = BigGANSpec.of_json(config | {"attention_layer_position": 8})
    spared = 2e-9 * 125 * 128 * 9 * 512 * 512  # RGB has 3 of 128 channels
    assert spec.gflop(512, 512) + spared == pytest.approx(151.5, abs=0.05)
    with pytest.raises(ModelError, match="512x512 only"):
        spec.gflop(256, 256)


def test_json_gives_back_the_specification() -> None:
    spec = replace(BigGANSpec.of_json(SMALL), upstream_exact=True)
    assert BigGANSpec.of_json(json.loads(json.dumps(spec.as_json()))) == spec


def test_config_json_may_say_more_and_may_leave_out_the_classes_width() -> None:
    facts = {name: value for name, value in SMALL.items() if name != "class_embed_dim"} | {"comment": "hi"}
    spec = BigGANSpec.of_json(SMALL)
    assert BigGANSpec.infer(spec.shapes(), facts) == spec


def test_inferring_names_the_tensor_that_does_not_fit() -> None:
    spec = BigGANSpec.of_json(SMALL)
    for name, shape in spec.shapes().items():
        lacking = {other: s for other, s in spec.shapes().items() if other != name}
        for shapes in (lacking, spec.shapes() | {name: (*shape, 1)}, lacking | {name: (shape[0] + 1, *shape[1:])}):
            with pytest.raises(ModelError, match=f"the tensor {name} "):
                BigGANSpec.infer(shapes, SMALL)
    with pytest.raises(ModelError, match="the tensor 'generator.layers.9.gamma'"):
        BigGANSpec.infer(spec.shapes() | {"generator.layers.9.gamma": (1,)}, SMALL)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"z_dim": -1}, "z_dim is -1; allowed is a whole number from 1 to 4096"),
        ({"z_dim": True}, "z_dim is True"),
        ({"z_dim": 4.0}, "z_dim is 4.0"),
        ({"z_dim": 10**400}, "z_dim is a huge number"),
        ({"channel_width": 0}, "channel_width is 0"),
        ({"num_classes": 10**9}, "num_classes is 1000000000"),
        ({"n_stats": 1}, "n_stats is 1"),
        ({"n_stats": 2**60}, "n_stats is"),
        ({"eps": float("nan")}, "eps is nan"),
        ({"eps": "1e-4"}, "eps is '1e-4'"),
        ({"eps": -1e-4}, "eps is -0.0001"),
        ({"output_dim": 32}, "output_dim is 32, but its layers draw 16x16"),
        ({"attention_layer_position": -1}, "attention_layer_position is -1"),
        ({"attention_layer_position": 3, "channel_width": 2}, "the attention needs 8"),
        ({"layers": "many"}, "layers is 'many'"),
        ({"layers": []}, "layers is a list of 0"),
        ({"layers": [[False, 16, 16]] * 1_000_000}, "layers is a list of 1000000"),
        ({"layers": [[True, 16, 16]] * 64}, "layers end at 16"),
        ({"layers": [[True, 16, 16]] * 8 + SMALL["layers"]}, None),
        ({"layers": [[True, 16, 16]] * 10 + SMALL["layers"]}, "double the size 12 times; allowed are 11"),
        ({"layers": [[False, 16, 4], [True, 4, 1]]}, r"layers\[0\] makes 4 of 16"),
        ({"layers": [[False, 8, 8]]}, r"layers\[0\] takes 8 times the channel width, but 16"),
        ({"layers": [[1, 16, 8]]}, r"layers\[0\] is a list of 3; allowed is \[true or false"),
        ({"layers": [[False, 16]]}, r"layers\[0\]"),
        ({"layers": [None]}, r"layers\[0\] is None"),
        ({"layers": [[False, 16, 8], [False, 8, 4], [False, 4, 2], [False, 2, 1]], "channel_width": 1}, "needs 4"),
        ({"upstream_exact": 1}, "upstream_exact is 1"),
        ({"more": 1}, "'more' means nothing here"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(changes: dict[str, Any], says: str | None) -> None:
    if says is None:  # at the limit it is allowed, but says how large it is
        with pytest.raises(ModelError, match="draw 4096x4096"):
            BigGANSpec.of_json(SMALL | changes)
        return
    with pytest.raises(ModelError, match=says):
        BigGANSpec.of_json(SMALL | changes)


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"class_embed_dim"}))
def test_every_fact_is_needed(name: str) -> None:
    facts = {other: value for other, value in SMALL.items() if other != name}
    with pytest.raises(ModelError, match=f"config.json: {name} is missing"):
        BigGANSpec.infer({}, facts)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(SMALL)), values, max_size=4))
def test_no_header_breaks_the_reader(changes: dict[str, Any]) -> None:
    try:
        spec = BigGANSpec.of_json(SMALL | changes)
    except ModelError as error:
        assert len(str(error)) < 300
    else:
        assert spec.shapes() and spec.gflop(spec.width, spec.height) > 0
