"""Laws of measuring: figures that fit each other, of the work that was asked for."""

import json
from pathlib import Path

import pytest

from engine.errors import InputError, ModelError
from engine.studio.bench import bench, control_path
from engine.studio.bench_live import bench_live
from tests.conftest import needed
from tests.engine.generator.pairs import pair

FIGURES = {"gflop_per_frame", "ms_p50", "gflops", "peak_gflops", "percent_of_peak", "prepare_s"}


def test_the_figures_of_a_generator_fit_each_other() -> None:
    told: list[str] = []
    result = bench("silk", size=(64, 64), threads=1, progress=told.append)
    assert result["size"] == [64, 64] and result["threads"] == 1 and told
    (row,) = result["backends"].values()
    assert set(row) == FIGURES
    assert 0 < row["percent_of_peak"] <= 100
    assert row["gflops"] == pytest.approx(row["gflop_per_frame"] / row["ms_p50"] * 1e3, rel=0.05)
    assert row["percent_of_peak"] == pytest.approx(100 * row["gflops"] / row["peak_gflops"], abs=0.2)
    for part in ("signals", "routes", "motion"):
        spread = result["control_path_ms"][part]
        assert 0 < spread["p50"] <= spread["p95"] <= spread["p99"]
    json.dumps(result, allow_nan=False)


def test_every_backend_of_a_model_is_measured_against_one_peak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed("openvino")
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    path = pair("stylegan2 skip", tmp_path)[0]
    result = bench(str(path))
    rows = result["backends"]
    assert set(rows) == {"eager", "frozen", "openvino"} and not result["left_out"]
    assert len({row["peak_gflops"] for row in rows.values()}) == 1
    for name, row in rows.items():
        assert FIGURES | {"agreement", "draws"} <= set(row) and row["draws"] == name
        assert row["gflops"] == pytest.approx(row["gflop_per_frame"] / row["ms_p50"] * 1e3, rel=0.05)
        assert 0 <= row["agreement"] < 1e-2
    assert 0 < rows["openvino"]["prepare_cached_s"] < rows["openvino"]["prepare_s"]
    second = bench(str(path), backend="openvino")["backends"]["openvino"]
    assert second["prepare_s"] < second["compile_s"] == rows["openvino"]["compile_s"], "a second start compiles nothing"
    assert result["handover_ms"] > 0 and result["device"] == "cpu" and result["size"] == [32, 32]
    json.dumps(result, allow_nan=False)


def test_one_backend_can_be_asked_for_by_name(tmp_path: Path) -> None:
    path = pair("stylegan2 skip", tmp_path)[0]
    assert set(bench(str(path), backend="frozen")["backends"]) == {"eager", "frozen"}
    with pytest.raises(InputError, match="no backend 'graph' on cpu; there are: auto, eager, frozen"):
        bench(str(path), backend="graph")
    with pytest.raises(InputError, match="silk has one way of drawing"):
        bench("silk", backend="frozen")


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
