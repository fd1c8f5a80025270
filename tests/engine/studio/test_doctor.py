"""The doctor looks at everything, never falls over, and names a remedy for whatever is not well."""

import json
import sys
from collections.abc import Iterator

import pytest

import engine.studio.doctor as room
from engine.studio.doctor import Finding, as_rows, doctor


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return doctor()


def test_everything_a_show_may_need_is_looked_at(findings: list[Finding]) -> None:
    assert [finding.what for finding in findings] == [
        "Python", "shipped shows and effects", "cache", "torch", "GPU", "pictures from GPU to stage", "built-in generator", "built-in flower", "window", "offscreen drawing",
        "sound", "MIDI", "OSC port 9000", "video files", "live markets",
    ]  # fmt: skip


def test_what_is_not_well_has_a_remedy_and_what_is_well_needs_none(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.state in ("ok", "limited", "missing") and finding.found
        assert finding.state == "ok" or finding.remedy, finding
        assert finding.state != "ok" or not finding.remedy, finding
        assert "\n" not in finding.found and "Traceback" not in finding.found


def test_what_the_tests_themselves_need_is_found(findings: list[Finding]) -> None:
    states = {finding.what: finding for finding in findings}
    assert states["shipped shows and effects"].state == "ok" and states["video files"].state == "ok"
    for what in ("built-in generator", "built-in flower"):
        assert states[what].state != "missing" and "ms a picture" in states[what].found
    assert states["offscreen drawing"].state == "ok"


def test_without_a_gpu_it_is_said_plainly_with_what_torch_was_built_for(findings: list[Finding]) -> None:
    found = {finding.what: finding for finding in findings}
    gpu = found["GPU"]
    import torch

    if torch.cuda.is_available() or torch.backends.mps.is_available():
        assert "bytes: at most" in gpu.found
        return
    assert gpu.state == "limited" and torch.__version__ in gpu.found
    assert "no CUDA device" in gpu.found or "but torch" in gpu.found
    assert found["pictures from GPU to stage"].found.startswith("by copy: ")


def test_the_model_that_a_gpu_is_tried_with_draws_the_same_in_half_precision() -> None:
    from engine.generator.plans.device_plan import DevicePlan
    from engine.generator.spec import Canvas
    from engine.studio.doctor_gpu import tiny_source

    notes = DevicePlan(tiny_source(), 1, Canvas(64, 64)).notes()
    assert notes["precision"] == "fp16" and str(notes["bytes"]).startswith(("at most 0", "at most 1"))


def test_findings_are_plain_rows(findings: list[Finding]) -> None:
    rows = json.loads(json.dumps(as_rows(findings)))
    assert set(rows[0]) == {"what", "state", "found", "remedy"}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(room, "PROBE_S", 1.0)
    yield


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ("import os; os.abort()", "status -6"),
        ("raise OSError('PortAudio library not found')", "OSError: PortAudio library not found"),
        ("raise SystemExit('no display')", "no display"),
        ("print('{}'); import sys; sys.exit(3)", "status 3"),
        ("pass", "it said nothing that can be read"),
        ("print('no json')", "it said nothing that can be read"),
    ],
)
def test_a_probe_that_hangs_crashes_or_complains_is_told(code: str, why: str, short: None) -> None:
    assert room._probe(code) == (None, why)


def test_a_probe_loads_the_very_engine_that_asks(short: None) -> None:
    data, why = room._probe("import json, engine.paths as p; print(json.dumps({'at': p.__file__}))")
    assert data == {"at": sys.modules["engine.paths"].__file__}, why


def test_a_taken_port_is_limited_not_missing() -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        try:
            other.bind(("127.0.0.1", 9000))
        except OSError:
            pass  # somebody has it already: all the better
        found = room._osc_port()
    assert found.state == "limited" and "--osc" in found.remedy
