"""Percentiles of durations are right to the width of a bin, and survive their process."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.meter import Meter


@given(st.lists(st.floats(2e-6, 50.0), min_size=1, max_size=300))
def test_percentiles_agree_with_numpy_to_the_width_of_a_bin(durations: list[float]) -> None:
    meter = Meter(["draw"])
    meter.add_many("draw", np.array(durations))
    spread = meter.spread("draw")
    assert spread["n"] == len(durations)
    for name, p in (("p50", 50), ("p95", 95), ("p99", 99)):
        exact_ms = float(np.percentile(durations, p, method="inverted_cdf")) * 1e3
        assert spread[name] == pytest.approx(exact_ms, rel=0.02, abs=1e-4)  # type: ignore[literal-required]
    assert spread["max"] == pytest.approx(max(durations) * 1e3, rel=1e-6, abs=1e-4)


def test_other_processes_read_what_one_counted(tmp_path: Path) -> None:
    writer = Meter(["a", "b"], tmp_path / "meter", create=True)
    writer.add("b", 0.010)
    del writer
    assert Meter(["a", "b"], tmp_path / "meter").spread("b")["n"] == 1
    assert Meter(["a", "b"], tmp_path / "meter").spread("a") == {"n": 0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}


def test_impossible_durations_do_not_raise() -> None:
    meter = Meter(["a"])
    for duration_s in (0.0, -1.0, 1e-12, 1e9):
        meter.add("a", duration_s)
    assert meter.spread("a")["n"] == 4
