"""Laws of measuring: figures that fit each other, of the work that was asked for."""

import json

import pytest

from engine.errors import InputError, ModelError
from engine.studio.bench import bench, control_path
from engine.studio.bench_live import bench_live


def test_the_figures_of_a_generator_fit_each_other() -> None:
    told: list[str] = []
    result = bench("silk", size=(64, 64), threads=1, progress=told.append)
    assert result["size"] == [64, 64] and result["threads"] == 1 and told
    (row,) = result["backends"].values()
    assert set(row) == {"gflop_per_frame", "ms_p50", "gflops", "peak_gflops", "percent_of_peak", "prepare_s"}
    assert 0 < row["percent_of_peak"] <= 100
    assert row["gflops"] == pytest.approx(row["gflop_per_frame"] / row["ms_p50"] * 1e3, rel=0.05)
    assert row["percent_of_peak"] == pytest.approx(100 * row["gflops"] / row["peak_gflops"], abs=0.2)
    for part in ("signals", "routes", "motion"):
        spread = result["control_path_ms"][part]
        assert 0 < spread["p50"] <= spread["p95"] <= spread["p99"]
    json.dumps(result, allow_nan=False)


def test_the_control_path_is_that_of_a_shipped_show() -> None:
    rows = control_path(steps=50)
    assert set(rows) == {"signals", "routes", "motion"}


def test_a_live_bench_is_a_report_with_load_and_memory() -> None:
    report = bench_live(2.0, "silk", (96, 64), lambda text: None)
    assert report["frames"] > 10 and report["size"] == [96, 64]
    assert report["signals"]["/osc/fader/1"]["count"] > 50
    assert report["latency_ms"]["osc_to_present"]["n"] > 500, "a thousand messages came each second"
    assert set(report["memory_mb"]) == {"max", "first", "last"}
    assert report["dropped"]["osc_malformed"] == 0


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(InputError, match="give 1 to 256"):
        bench(threads=0)
    with pytest.raises(ModelError, match="no model 'slik' is built in; did you mean 'silk'"):
        bench("slik")
