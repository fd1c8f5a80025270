"""Devices are found by what stays the same about them, and never silently another one; the ring between threads."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.audio.clock import StreamClock
from mappings.audio.device import Device, choose, scan
from mappings.audio.ring import Ring
from mappings.bus import Bus
from mappings.errors import SourceError
from mappings.sources.audio import Audio, AudioConfig
from mappings.sources.base import State

DEVICES = [
    Device(0, "USB Audio: - (hw:1,0)", "ALSA", 2, 2, 48_000.0),
    Device(1, "HDA Intel PCH: ALC892 Analog (hw:0,0)", "ALSA", 2, 2, 44_100.0),
    Device(2, "pulse", "ALSA", 32, 32, 44_100.0, default_input=True, default_output=True),
    Device(3, "system", "JACK Audio Connection Kit", 2, 0, 48_000.0),
    Device(4, "HDMI 0", "ALSA", 0, 8, 48_000.0),
]


def test_a_device_is_known_without_the_number_of_its_card() -> None:
    assert DEVICES[0].stable_name == "USB Audio: -"
    moved = [Device(7, "USB Audio: - (hw:3,0)", "ALSA", 2, 2, 48_000.0)]
    assert choose(moved, "input", DEVICES[0].stable_name, "ALSA").index == 7


@pytest.mark.parametrize(
    ("kind", "name", "host_api", "index"),
    [
        ("input", "", "", 2),
        ("input", "usb", "", 0),
        ("input", "HDA Intel PCH: ALC892 Analog", "ALSA", 1),
        ("input", "", "JACK Audio Connection Kit", 3),
        ("output", "hdmi", "", 4),
    ],
)
def test_a_device_is_chosen_by_name_part_of_a_name_or_default(kind: str, name: str, host_api: str, index: int) -> None:
    assert choose(DEVICES, "output" if kind == "output" else "input", name, host_api).index == index


@pytest.mark.parametrize(
    ("devices", "name", "host_api", "text"),
    [
        (DEVICES, "HDMI 0", "", r'no sound input device "HDMI 0"; there are: .*pulse'),
        (DEVICES, "plse", "", 'did you mean "pulse"'),
        (DEVICES, "pulse", "JACK Audio Connection Kit", 'no sound input device "pulse"; there are: system'),
        (DEVICES, "", "ASIO", "no sound input device of ASIO"),
        ([], "", "", "there is no sound input device"),
    ],
)
def test_a_device_that_is_not_there_is_never_replaced(
    devices: list[Device], name: str, host_api: str, text: str
) -> None:
    with pytest.raises(SourceError, match=text):
        choose(devices, "input", name, host_api)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), max_size=30))
def test_what_is_read_from_the_ring_is_what_was_written_in_order(moves: list[tuple[int, int]]) -> None:
    ring = Ring(64, 1)
    written = 0
    for put, take in moves:
        ring.write(np.arange(written, written + put, dtype=np.float32)[:, None])
        written += put
        first = ring.read_to
        out = np.full((take, 1), -1.0, np.float32)
        if ring.read(out):
            start = ring.read_to - take
            assert start >= first
            assert out[:, 0].tolist() == list(range(start, start + take))
        else:
            assert ring.available() < take and out.max() == -1
    assert ring.written == written


def test_a_reader_that_slept_goes_on_near_the_newest_and_the_loss_is_counted() -> None:
    ring = Ring(100, 2)
    for n in range(30):
        ring.write(np.full((10, 2), n, np.float32))
    out = np.zeros((10, 2), np.float32)
    assert ring.read(out)
    assert ring.lost == 250 and out[0, 0] == 25


def test_the_clock_of_a_stream_follows_drift_and_smooths_jitter() -> None:
    random = np.random.default_rng(0)
    clock = StreamClock(48_000)
    drift = 1.0001  # a device 100 ppm slow
    errors = []
    for block in range(4000):
        true_s = 5.0 + block * 256 / 48_000 * drift
        clock.observe(block * 256, true_s + random.normal(0, 0.003))
        errors.append(clock.time_s(block * 256) - true_s)
    assert np.abs(errors[500:]).max() < 0.002
    clock.observe(4000 * 256, 100.0)  # the stream stood still
    assert clock.time_s(4000 * 256) == pytest.approx(100.0)
    assert clock.frame(100.0) == pytest.approx(4000 * 256, abs=1)


@pytest.mark.parametrize(
    ("driver", "text"),
    [
        ('raise OSError("PortAudio library not found")', "apt-get install libportaudio2"),
        ("query_hostapis = tuple; query_devices = tuple", "cannot list sound devices"),
    ],
)
def test_a_missing_or_broken_driver_is_said_with_its_remedy_and_stops_nothing(
    driver: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text(driver)
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    with pytest.raises(SourceError, match=text):
        scan()
    source, bus = Audio("audio", AudioConfig()), Bus()
    source.open(bus, time.perf_counter())
    try:
        deadline_s = time.perf_counter() + 20
        while text not in source.detail and time.perf_counter() < deadline_s:
            source.poll(bus, time.perf_counter())
            time.sleep(0.01)
        assert source.state is State.RETRYING
        assert text in source.detail
    finally:
        source.close()


def test_an_opened_source_never_waits_for_its_device() -> None:
    source, bus = Audio("audio", AudioConfig(device="no such device")), Bus()
    began_s = time.perf_counter()
    source.open(bus, began_s)
    for _ in range(10):
        source.poll(bus, time.perf_counter())
    assert time.perf_counter() - began_s < 0.5
    source.close()
    source.close()
    assert bus.find("/audio/low") is not None
