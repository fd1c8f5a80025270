"""Takes: what is written is read back to the bit; what is malformed is said with file and line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.bus import Bus
from mappings.errors import TakeError
from mappings.recorder import Recorder, TakeWriter
from mappings.take import LINE_BYTES, TakeLine, TakeReader
from tests.conftest import missing

HEADER = {"show": "first_light", "seed": 7, "models": {"silk": "abc"}}
FIRST = '{"latenz": "take", "version": 1}\n'

addresses = st.from_regex(r"/[a-z]{1,5}(/[a-z0-9é\"\\]{1,4})?", fullmatch=True)
numbers = st.floats(allow_nan=False, allow_infinity=False)
lines = st.one_of(
    st.builds(TakeLine, st.sampled_from(["level", "event"]), numbers, addresses, numbers, st.just("")),
    st.builds(TakeLine, st.just("write"), numbers, addresses, numbers, st.text(max_size=20)),
    st.builds(TakeLine, st.just("show"), numbers, st.text(min_size=1, max_size=20), st.just(0.0), st.just("")),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all the files that hypothesis makes up."""
    return tmp_path_factory.mktemp("take")


def put(writer: TakeWriter, line: TakeLine, time_s: float) -> None:
    if line.kind == "level":
        writer.level(line.address, line.value, time_s)
    elif line.kind == "event":
        writer.event(line.address, line.value, time_s)
    elif line.kind == "write":
        writer.write(line.address, line.value, time_s, line.who)
    else:
        writer.show(line.address, time_s)


@given(st.lists(st.tuples(st.floats(0, 1e3), lines), max_size=20))
def test_what_is_written_is_read_back_to_the_bit(folder: Path, script) -> None:
    path = folder / "a.take"
    writer = TakeWriter(path, HEADER)
    now_s, expected = 0.0, []
    for dt_s, line in script:
        now_s += dt_s
        put(writer, line, now_s)
        expected.append(TakeLine(line.kind, now_s, line.address, line.value, line.who))
    writer.close()
    writer.close()
    reader = TakeReader(path)
    assert reader.header == {"latenz": "take", "version": 1, **HEADER}
    assert list(reader) == expected
    extent = reader.extent()
    assert extent.addresses == tuple(sorted({e.address for e in expected if e.kind in ("level", "event")}))
    assert (extent.seconds, extent.lines, extent.cut) == (now_s, len(expected), False)
    assert not writer.part.exists()


def test_a_take_cut_by_a_crash_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "a.take"
    writer = TakeWriter(path, HEADER)
    for i in range(3000):
        writer.level("/audio/low", i / 7, i * 0.01)
    writer.close()
    whole = path.read_bytes()
    part = tmp_path / "b.take.part"
    for cut in (1, 2, 40, 71, 5000):
        part.write_bytes(whole[:-cut])
        reader = TakeReader(part)
        got = list(reader)
        assert got == list(TakeReader(path))[: len(got)]
        assert 3000 - len(got) <= cut // 20
        assert reader.extent().addresses == ("/audio/low",)
        assert reader.extent().cut == (cut > 1)


def test_the_leftover_of_a_crash_is_moved_aside_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.take"
    for content in ("one", "two"):
        (tmp_path / "a.take.part").write_text(content)
        TakeWriter(path, HEADER).close()
    assert (tmp_path / "a.cut1.take").read_text() == "one"
    assert (tmp_path / "a.cut2.take").read_text() == "two"
    assert list(TakeReader(path)) == []


def test_a_folder_that_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match=r"a\.take\.part: cannot be written .*; record to another folder"):
        TakeWriter(tmp_path / "no" / "a.take", HEADER)


@pytest.mark.real
def test_a_full_disk_stops_the_recording_and_not_the_show(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        missing("only Linux has /dev/full")

    class Full(TakeWriter):
        def _open(self):
            return Path("/dev/full").open("wb")

    writer = Full(tmp_path / "a.take", HEADER)
    for i in range(20000):
        writer.level("/x", float(i), i * 0.01)
    writer.close()
    assert "No space left" in writer.failed and "a.take" in writer.failed
    assert writer.dropped["take_stopped"] == 1
    assert not (tmp_path / "a.take").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"x\.take:1: .*not JSON"),
        ("[1]\n", r'x\.take:1: given .*allowed: a first line {"latenz": "take", "version": 1'),
        ('{"latenz": "take", "version": 2}\n', r"x\.take:1: version 2; allowed: version 1; a newer latenz"),
        (FIRST + "nonsense\n", r"x\.take:2: given 'nonsense' \(not JSON\); allowed: a level"),
        (FIRST + '{"t":1,"a":"/x","v":1}\n{"t":0.5,"a":"/x","v":1}\n', r"x\.take:3: time 0\.5 after 1\.0"),
        (FIRST + '{"t":1,"a":"/x"}\n', r"x\.take:2: given .* allowed: a level"),
        (FIRST + '{"t":1,"a":"x","v":1}\n', r"x\.take:2"),
        (FIRST + '{"t":-1,"a":"/x","v":1}\n', r"x\.take:2"),
        (FIRST + '{"t":1,"a":"/x","v":true}\n', r"x\.take:2"),
        (FIRST + '{"t":1,"a":"/x","v":NaN}\n', r"x\.take:2"),
        (FIRST + '{"t":1,"a":"/x","v":1e999}\n', r"x\.take:2"),
        (FIRST + '{"t":1,"a":"/x","v":1' + "0" * 5000 + "}\n", r"x\.take:2"),
        (FIRST + "[" * 50000 + "\n", r"x\.take:2"),
        (FIRST + " " * (LINE_BYTES + 1) + "\n", r"x\.take:2: a line of more than 65536 bytes"),
    ],
)
def test_a_malformed_take_is_said_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.take"
    path.write_text(text)
    with pytest.raises(TakeError, match=said):
        list(TakeReader(path))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match="No such file"):
        TakeReader(tmp_path / "no.take")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["t", "a", "v", "e", "w"]), inner),
    max_leaves=8,
)
dicts = st.dictionaries(st.sampled_from(["t", "a", "v", "e", "w", "who", "show", "end", "addresses"]), json_values)


@given(st.lists(st.binary(max_size=60) | dicts.map(lambda d: json.dumps(d).encode()), max_size=8), st.booleans())
def test_whatever_a_file_holds_it_is_read_or_refused(folder: Path, chunks, headed) -> None:
    path = folder / "x.take"
    path.write_bytes((FIRST.encode() if headed else b"") + b"\n".join(chunks))
    try:
        reader = TakeReader(path)
        extent = reader.extent()
        for line in reader:
            assert line.time_s >= 0.0
        assert extent.seconds >= 0.0
    except TakeError as error:
        assert str(path) in str(error)


def record(path: Path, seconds: float, play) -> None:
    bus = Bus()
    writer = TakeWriter(path, HEADER)
    recorder = None
    for i in range(round(seconds * 500)):
        now_s = 50.0 + i * 0.002
        recorder = recorder or Recorder(writer, now_s, bus)
        bus.tempo.step(bus, now_s)
        play(bus, i, now_s)
        recorder.step(bus, now_s)
        bus.read()
        bus.take_writes()
    writer.close()


def test_levels_are_written_when_they_change_and_at_most_200_times_a_second(tmp_path: Path) -> None:
    def play(bus: Bus, i: int, now_s: float) -> None:
        bus.level("/fast", float(i), now_s)
        bus.level("/still", 3.0, now_s)
        if i % 100 == 50:
            bus.post("/hit", float(i), now_s - 0.001)
            bus.post("/hit", float(i) + 0.5, now_s)
            bus.write("/motion/damping", i / 500, now_s, "page")

    record(tmp_path / "a.take", 2.0, play)
    got = list(TakeReader(tmp_path / "a.take"))
    fast = [line for line in got if line.address == "/fast"]
    assert 300 <= len(fast) <= 400
    assert min(b.time_s - a.time_s for a, b in zip(fast, fast[1:], strict=False)) >= 0.005 - 1e-8
    assert fast[-1].value >= 997
    assert sum(line.address == "/still" for line in got) == 1
    hits = [line for line in got if line.address == "/hit"]
    assert [h.value for h in hits] == [v for i in range(50, 1000, 100) for v in (i, i + 0.5)]
    assert hits[0].time_s == pytest.approx(50 * 0.002 - 0.001, abs=1e-9)
    writes = [line for line in got if line.kind == "write"]
    assert len(writes) == 10 and writes[0].who == "page"
    assert sum(line.address == "/tempo/beat" for line in got) <= 6


def test_a_level_that_rests_after_a_quick_move_is_written_where_it_rests(tmp_path: Path) -> None:
    record(tmp_path / "a.take", 1.0, lambda bus, i, now_s: bus.level("/x", float(min(i, 101)), now_s))
    assert list(line.value for line in TakeReader(tmp_path / "a.take") if line.address == "/x")[-1] == 101.0


def test_the_silence_at_the_end_belongs_to_the_take(tmp_path: Path) -> None:
    bus = Bus()
    recorder = Recorder(TakeWriter(tmp_path / "a.take", HEADER), 0.0, bus)
    bus.level("/x", 1.0, 0.0)
    for i in range(1000):
        recorder.step(bus, i * 0.01)
    recorder.close()
    assert TakeReader(tmp_path / "a.take").extent().seconds == pytest.approx(9.99)
