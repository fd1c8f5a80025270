"""MIDI through a real JACK server: other people's programs play, die and come back."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mappings.bus import Bus
from mappings.midi.config import MidiConfig
from mappings.midi.drivers import find_driver
from mappings.signal import Event
from mappings.sources.base import State
from mappings.sources.midi import Midi
from tests.conftest import missing
from tests.real_jack import Jack, jack_server

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
SENDER = """
import sys, time, mido
mido.set_backend("mido.backends.rtmidi/UNIX_JACK")
port = mido.open_output("out", virtual=True, client_name="Sender")
print("open", flush=True)
for line in sys.stdin:
    for word in line.split(";"):
        port.send(mido.Message.from_str(word) if word.strip() else mido.Message("active_sensing"))
    print("sent", flush=True)
"""


@pytest.fixture
def jack(program: Callable[[str], str]) -> Iterator[Jack]:
    if find_spec("rtmidi") is None:
        missing("python-rtmidi is not installed")
    if not sys.platform.startswith("linux"):
        missing("the JACK server of the tests needs Linux")
    with jack_server(program) as server:
        yield server


class Player:
    """A source that plays on a bus in real time."""

    def __init__(self, **config: Any) -> None:
        self.bus = Bus()
        self.events: list[Event] = []
        self.midi = Midi("midi", MidiConfig(api="jack", look_s=0.1, **config))
        self.midi.open(self.bus, time.perf_counter())

    def step(self) -> None:
        now_s = time.perf_counter()
        self.bus.tempo.step(self.bus, now_s)
        self.midi.poll(self.bus, now_s)
        self.events += self.bus.read().events
        time.sleep(0.002)

    def until(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 25
        while not done():
            assert time.monotonic() < deadline, f"{self.midi.state}: {self.midi.detail}; {self.bus.addresses}"
            self.step()

    def has(self, state: State, text: str = "") -> Callable[[], bool]:
        return lambda: self.midi.state is state and text in self.midi.detail

    def level(self, address: str) -> float | None:
        slot = self.bus.find(address)
        return None if slot is None else self.bus.value(slot)


@contextmanager
def player(**config: Any) -> Iterator[Player]:
    one = Player(**config)
    try:
        yield one
    finally:
        one.midi.close()


def notes(one: Player, port: str) -> list[Event]:
    return [event for event in one.events if event.address == f"/midi/{port}/1/velocity"]


def play_sequence(jack: Jack, name: str) -> Any:
    # a loop of half a second: note 60 at 0, note 63 at a quarter
    return jack.run("jack_midiseq", name, "24000", "0", "60", "8000", "12000", "63", "8000")


def test_notes_of_another_program_arrive_in_time_and_it_may_die_and_return(jack: Jack) -> None:
    with player(virtual="") as one:
        sequence = play_sequence(jack, "Seq")
        one.until(lambda: len(notes(one, "seq_out")) >= 9)
        times_s = [event.time_s for event in notes(one, "seq_out")]
        gaps_s = [after - before for before, after in zip(times_s, times_s[1:], strict=False)]
        assert statistics.median(gaps_s) == pytest.approx(0.25, abs=0.02)
        one.until(lambda: one.level("/midi/seq_out/1/gate") == 1.0)
        sequence.kill()
        one.until(one.has(State.LOST, "Seq:out is gone"))
        assert one.level("/midi/seq_out/1/gate") == 0.0
        assert one.level("/midi/seq_out/1/note/60") == one.level("/midi/seq_out/1/note/63") == 0.0
        one.events.clear()
        play_sequence(jack, "Seq")
        one.until(one.has(State.OK, "Seq:out"))
        one.until(lambda: notes(one, "seq_out"))


def test_the_clock_of_another_program_leads_the_tempo(jack: Jack) -> None:
    with player(virtual="latenz") as one:
        one.until(one.has(State.OK))
        jack.transport("tempo 120", "play")
        jack.run("jack_midi_clock", "-b", "120")
        jack.connect("jack_midi_clock:mclk_out", "latenz:in")
        bpm = "/midi/latenz/clock/bpm"

        def follows() -> bool:  # a loaded machine makes jackd itself run late for a while
            return abs((one.level(bpm) or 0.0) - 120.0) < 1.0 and abs(one.bus.tempo.bpm - 120.0) < 2.0

        one.until(lambda: one.bus.tempo.source == "midi" and follows())
        assert one.level("/midi/latenz/clock/playing") in (None, 1.0)


class Sender:
    """A second process that plays what it is told, with mido."""

    def __init__(self, jack: Jack) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SENDER],
            env=jack.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == "open\n"

    def send(self, *messages: str) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(";".join(messages) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "sent\n"

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def test_every_kind_of_message_from_mido_arrives(jack: Jack) -> None:
    sender = Sender(jack)
    try:
        with player(virtual="") as one:
            one.until(one.has(State.OK, "Sender:out"))
            base = "/midi/sender_out"

            def arrived() -> bool:  # the first cycles after connecting may be lost
                sender.send("control_change channel=0 control=7 value=64")
                one.step()
                return one.level(f"{base}/1/cc/7") is not None

            one.until(arrived)
            sender.send(
                *(f"control_change channel=1 control=20 value={value}" for value in range(100)),
                "control_change channel=1 control=3 value=64", "control_change channel=1 control=35 value=1",
                "control_change channel=1 control=3 value=65", "control_change channel=1 control=35 value=2",
                "pitchwheel channel=2 pitch=-8192", "sysex data=(1,2,3)", "aftertouch channel=2 value=127",
                "program_change channel=2 program=9", "songpos pos=16", "start", "stop",
                "note_on channel=9 note=36 velocity=127",
            )  # fmt: skip
            one.until(lambda: one.level(f"{base}/10/note/36") == 1.0)
            assert one.level(f"{base}/2/cc/20") == pytest.approx(99 / 127)
            assert one.level(f"{base}/2/cc14/3") == pytest.approx((65 << 7 | 2) / 16383)
            assert one.level(f"{base}/3/bend") == -1.0
            assert one.level(f"{base}/3/pressure") == 1.0
            assert one.level(f"{base}/3/program") == 10.0
            assert {f"{base}/start", f"{base}/stop"} <= {event.address for event in one.events}
            assert not one.midi.dropped
            sender.process.kill()
            one.until(one.has(State.LOST, "Sender:out"))
            assert one.level(f"{base}/10/note/36") == one.level(f"{base}/10/gate") == 0.0
    finally:
        sender.close()


def test_lamps_are_sent_to_a_real_port(jack: Jack) -> None:
    heard: list[tuple[int, ...]] = []
    other = find_driver("jack", "Desk")
    inlet = other.offer("Desk", lambda data, time_s: heard.append(tuple(data)))
    try:
        lamp = {"control": "/direction/bloom", "port": "desk*", "cc": 5, "channel": 3, "range": (-2, 2)}
        with player(virtual="", ports=["none"], feedback=[lamp]) as one:
            values = np.zeros(1)
            address = ("/direction/bloom",)
            turn = iter(range(1, 1_000_000))

            def shown() -> bool:
                values[0] = 2.0 - 0.1 * (next(turn) % 2)  # until the connection carries
                one.midi.feedback(address, values, one.bus, time.perf_counter())
                return (0xB2, 5, 127) in heard

            one.until(shown)
    finally:
        inlet.close()
        other.close()


def test_a_server_that_dies_and_returns_is_found_again(jack: Jack) -> None:
    with player(virtual="latenz") as one:
        one.until(one.has(State.OK))
        jack.stop_server()
        one.until(one.has(State.LOST, "latenz is gone"))
        jack.start()
        one.until(one.has(State.OK))
        assert "latenz:in" in jack.ports()


def test_no_server_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "latenz-nowhere")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with player() as one:
        one.until(one.has(State.RETRYING, "no JACK server runs here"))


ADAPTER = """
import sys, time
from mappings.midi.drivers import Rtmidi2
heard = []
reader, writer = Rtmidi2("jack", "reader"), Rtmidi2("jack", "writer")
inlet = reader.offer("Reader", lambda data, time_s: heard.append((tuple(data), time.perf_counter() - time_s)))
assert "Reader:in" in writer.outputs(), writer.outputs()
outlet = writer.speak("Reader:in")
assert any("writer-out" in name for name in reader.inputs()), reader.inputs()
wanted = {(0xB0, 7, 127), (0xF0, 1, 2, 0xF7), (0xF8,), (0xC0, 5)}
deadline = time.monotonic() + 20
while not wanted <= {data for data, _ in heard} and time.monotonic() < deadline:
    for data in wanted:
        outlet.send(data)
    time.sleep(0.05)
assert wanted <= {data for data, _ in heard}, heard
assert all(0 <= age_s < 1 for _, age_s in heard)
for port in (outlet, inlet, reader, writer):
    port.close()
print("carried")
"""


def test_rtmidi2_carries_the_same_where_python_rtmidi_has_no_wheels(jack: Jack) -> None:
    if find_spec("rtmidi2") is None:
        missing("rtmidi2 is not installed")
    # in a process of its own, because both libraries bring a libjack
    ran = subprocess.run(
        [sys.executable, "-c", ADAPTER],
        env={**os.environ, **jack.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == "carried\n", ran.stderr
