"""Replay: the same signals, events and writes, in order and on time, stepped or not, looped or not."""

import math
from pathlib import Path

import pytest

from mappings.bus import Bus
from mappings.errors import SourceError, TakeError
from mappings.recorder import Recorder, TakeWriter
from mappings.sources import source_class
from mappings.sources.base import State
from mappings.sources.replay import Replay, ReplayConfig

STEP_S = 0.002


def replay(path: Path, **keys) -> Replay:
    return Replay("take", ReplayConfig(file=path, **keys))


def make(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(['{"latenz": "take", "version": 1}', *rows, ""]))
    return path


def perform(bus: Bus, i: int, now_s: float) -> None:
    """A made-up performance: a wave at 100 Hz, hits between the steps, hands, a change of tempo."""
    if i % 5 == 0:
        bus.level("/wave", ((i * 37) % 101) / 7, now_s)
    if i % 83 == 0:
        bus.post("/hit", i / 3, now_s)
    if i % 211 == 10:
        bus.write("/motion/damping", i / 9, now_s, "osc")
    if i > 400:
        beats = 0.3 + now_s * 93.0 / 60.0
        bus.tempo.offer("midi", 93.0, beats % 1.0, now_s, bar_phase=(beats / 4) % 1.0)


def play(bus: Bus, began_s: float, seconds: float, each) -> list[tuple]:
    """Step a bus; everything that can be seen of it, by step."""
    seen = []
    for i in range(round(seconds / STEP_S)):
        now_s = began_s + i * STEP_S
        bus.tempo.step(bus, now_s)
        each(bus, i, now_s)
        wave = bus.value(bus.slot("/wave"))
        events = [(e.address, e.value) for e in bus.read().events if not e.address.startswith("/tempo")]
        writes = [(w.address, w.value) for w in bus.take_writes()]
        seen.append((i, wave, events, writes))
    return seen


@pytest.mark.parametrize("began_s", [0.0, 1234.567])
def test_a_replay_is_the_performance_step_by_step(tmp_path: Path, began_s: float) -> None:
    path = tmp_path / "a.take"
    bus = Bus()
    writer = TakeWriter(path, {})
    recorder = Recorder(writer, 50.0, bus)
    ticks: list[list[float]] = [[], []]

    def live(bus: Bus, i: int, now_s: float) -> None:
        perform(bus, i, now_s)
        recorder.step(bus, now_s)
        ticks[0] += [now_s - 50.0] if bus.tempo.crossed("beat") else []

    expected = play(bus, 50.0, 6.0, live)
    recorder.close()

    source = replay(path)
    bus = Bus()
    source.open(bus, began_s)

    def again(bus: Bus, i: int, now_s: float) -> None:
        source.poll(bus, now_s)
        ticks[1] += [now_s - began_s] if bus.tempo.crossed("beat") else []

    got = play(bus, began_s, 6.0, again)
    assert got == expected
    assert source.addresses() == ("/hit", "/wave")
    assert ticks[1] == pytest.approx(ticks[0], abs=1.5 * STEP_S)
    assert bus.tempo.source == "take" and bus.tempo.bpm == 93.0
    assert (source.state, source.detail) == (State.STALE, "the take is over")


def test_writes_come_from_the_take_and_shows_wait(tmp_path: Path) -> None:
    rows = ['{"t":0,"a":"/motion/damping","w":0.5,"who":"page"}', '{"t":0.01,"show":"pulse"}']
    source, bus = replay(make(tmp_path / "a.take", rows)), Bus()
    source.open(bus, 3.0)
    source.poll(bus, 3.0)
    (write,) = bus.take_writes()
    assert (write.address, write.value, write.time_s, write.who) == ("/motion/damping", 0.5, 3.0, "take")
    source.poll(bus, 3.02)
    assert list(source.shows) == ["pulse"]


def events(source: Replay, times: list[float]) -> list[tuple[float, float]]:
    bus = Bus()
    source.open(bus, 0.0)
    got = []
    for now_s in times:
        source.poll(bus, now_s)
        got += [(e.time_s, e.value) for e in bus.read().events]
    return got


ROWS = ['{"t":0,"a":"/x","e":0}', '{"t":0.5,"a":"/x","e":1}', '{"t":1,"a":"/y","v":2}']


def test_a_loop_goes_round_exactly_and_loses_nothing(tmp_path: Path) -> None:
    source = replay(make(tmp_path / "a.take", ROWS), loop=True, speed=2.0)
    expected = [(k * 0.25, float(k % 2)) for k in range(13)]
    for times in ([i * 0.002 for i in range(1501)], [i * 0.31 for i in range(10)]):
        got = events(source, times)
        assert [v for _, v in got] == [v for _, v in expected[: len(got)]]
        assert [t for t, _ in got] == pytest.approx([t for t, _ in expected[: len(got)]])
        assert len(got) == 1 + math.floor((times[-1] + 1e-9) / 0.25)


def test_a_take_that_is_over_holds_and_says_so(tmp_path: Path) -> None:
    source, bus = replay(make(tmp_path / "a.take", ROWS)), Bus()
    source.open(bus, 0.0)
    source.poll(bus, 5.0)
    source.poll(bus, 5.1)
    assert bus.value(bus.slot("/y")) == 2.0
    assert (source.state, source.detail) == (State.STALE, "the take is over")
    source.close()
    source.close()


def test_a_damaged_line_ends_the_replay_and_not_the_show(tmp_path: Path) -> None:
    source, bus = replay(make(tmp_path / "a.take", [*ROWS[:2], "oops", *ROWS[2:]])), Bus()
    with pytest.raises(TakeError, match=r"a\.take:4"):
        source.addresses()
    with pytest.raises(SourceError, match=r"a\.take:4"):
        source.open(bus, 0.0)
    good = make(tmp_path / "a.take", ROWS)
    source.open(bus, 0.0)
    good.write_text(good.read_text().replace('{"t":1,', "{{{{{{{"))  # while it plays
    source.open(bus, 0.0)
    source.poll(bus, 2.0)
    assert source.state is State.LOST and "a.take:4" in source.detail
    assert source.dropped["take_malformed"] == 1
    source.poll(bus, 2.1)


def test_a_missing_take_is_an_error_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        replay(tmp_path / "no.take").open(Bus(), 0.0)


def test_the_table_of_sources_finds_replay() -> None:
    assert source_class("replay") is Replay
    assert Replay.steppable
