"""What processes hand to each other: whole or not at all, newest wins, events once."""

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RoomError
from engine.shared import EVENT_SLOTS, ControlTable, EventRing, FrameRing, StampTable, StatePad

WRITER = """
import sys, time, numpy as np
from pathlib import Path
from engine.shared import ControlTable
table = ControlTable(Path(sys.argv[1]))
end, k = time.perf_counter() + float(sys.argv[2]), 0
while time.perf_counter() < end:
    k += 1
    table.write(np.full(200, float(k)), 1, float(k), 0.0, (k, 0, 0))
"""


def test_a_reader_never_sees_a_torn_table(tmp_path: Path) -> None:
    table = ControlTable(tmp_path / "table", create=True)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "table"), "30"])
    seen = set()
    try:
        while writer.poll() is None and len(seen) <= 1000:
            view = table.read()
            if view is not None:
                assert len(set(view.values.tolist())) == 1
                assert view.time_s == view.values[0] == view.stamps[0]
                seen.add(view.time_s)
    finally:
        writer.kill()
        writer.wait()
    assert len(seen) > 100


def test_a_table_left_half_written_is_mended_by_the_next_writer(tmp_path: Path) -> None:
    table = ControlTable(tmp_path / "table", create=True)
    table.write(np.ones(3), 1, 0.0, 0.0, (0, 0, 0))
    table._seq[0] += 1  # killed in the middle
    assert table.read() is None
    again = ControlTable(tmp_path / "table")
    again.write(np.full(3, 2.0), 1, 0.0, 0.0, (0, 0, 0))
    view = table.read()
    assert view is not None and view.values.tolist() == [2.0, 2.0, 2.0]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_each_event_arrives_exactly_once_and_in_order(bursts: list[int]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ring"
        writer, readers = EventRing(path, create=True), [EventRing(path), EventRing(path)]
        sent, got = 0, [[], []]
        for burst in bursts:
            for _ in range(burst):
                writer.post(f"/event/{sent}", float(sent), 0.5, "me")
                sent += 1
            for reader, mine in zip(readers, got, strict=True):
                mine.extend(reader.read())
        for mine in got:
            assert [event.value for event, _ in mine] == list(range(sent))
            assert all(who == "me" for _, who in mine)


def test_a_sleeping_reader_loses_the_oldest_events_and_counts_them(tmp_path: Path) -> None:
    writer, reader = EventRing(tmp_path / "ring", create=True), EventRing(tmp_path / "ring")
    for i in range(EVENT_SLOTS + 10):
        writer.post("/e", float(i), 0.0)
    values = [event.value for event, _ in reader.read()]
    assert values == [float(i) for i in range(10, EVENT_SLOTS + 10)]
    assert reader.lost == 10


def test_an_address_that_does_not_fit_is_lost_and_counted(tmp_path: Path) -> None:
    ring = EventRing(tmp_path / "ring", create=True)
    reader = EventRing(tmp_path / "ring")
    ring.post("/" + "ü" * 200, 1.0, 0.0)
    ring.post("/next", 2.0, 0.0)
    assert [event.value for event, _ in reader.read()] == [2.0] and ring.lost == 1


def test_the_newest_picture_wins_and_stays_whole_while_two_more_are_written(tmp_path: Path) -> None:
    ring = FrameRing(tmp_path / "frames", (1, 4, 6))
    reader = FrameRing(tmp_path / "frames")
    assert reader.view() is None
    for number in range(1, 6):
        ring.next()[:] = number
        ring.publish(tick=number, time_s=0.0, drawn_s=0.0, stamps=(number, 0, 0))
    view = reader.view()
    assert view is not None
    image, note = view
    assert image.shape == (1, 4, 6, 4) and (image == 5).all() and note.number == note.tick == note.stamps[0] == 5
    for number in (6, 7):
        ring.next()[:] = number
        ring.publish(number, 0.0, 0.0, (0, 0, 0))
        assert (image == 5).all() and reader.intact(note)
    ring.next()
    assert not reader.intact(note)


def test_stamps_are_kept_by_number(tmp_path: Path) -> None:
    stamps = StampTable(tmp_path / "stamps", create=True)
    stamps.times_s[1, :5] = [1, 2, 3, 4, 5]
    assert stamps.since(1, 2, 5).tolist() == [3, 4, 5]


def test_a_state_survives_a_writer_killed_in_the_middle(tmp_path: Path) -> None:
    pad = StatePad(tmp_path / "pad", 64, create=True)
    assert pad.read() is None
    pad.write(b"one")
    pad.write(b"two")
    pad._map[24 + 0 : 24 + 3] = b"XXX"  # the slot of "two" is number 2: even, the first slot
    assert StatePad(tmp_path / "pad", 64).read() == b"one"
    with pytest.raises(RoomError, match="does not fit"):
        pad.write(bytes(65))


def test_a_file_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(b"123")
    with pytest.raises(RoomError, match="the processes disagree"):
        ControlTable(tmp_path / "table")


def test_perf_counter_is_shared_between_processes() -> None:
    before = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply(time.perf_counter)
    assert before < there < time.perf_counter()
    assert os.getpid() > 0
