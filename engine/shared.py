"""What the processes of a show hand to each other: memory-mapped tables and rings, newest wins.

Plain files in the show's session folder, mapped by every process: no queues, no pickles, and what one process
wrote is still there when it has died. Writers never wait for readers. A reader finds a torn copy by the sequence
number around it (a seqlock) and, because processors other than x86 may reorder stores, by a checksum inside it.
"""

import mmap
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent
from engine.errors import RoomError

LEVELS = 1024  # controls a show may have
STAMP_KINDS = ("osc", "midi", "audio")
STAMPS = 4096  # receive times kept per kind
EVENT_SLOTS = 1024
ROLES = ("stage", "generator", "signals", "console", "script")


def map_file(path: Path, size: int, create: bool) -> mmap.mmap:
    """Map a file of exactly `size` bytes, made and zeroed when `create`."""
    if create:
        with path.open("wb") as file:
            file.truncate(size)
    elif path.stat().st_size != size:
        raise RoomError(f"{path.name}: {path.stat().st_size} bytes, expected {size}: the processes disagree")
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), size)


class TableView(NamedTuple):
    """One consistent copy of a table."""

    values: NDArray[np.float64]  # (n,)
    generation: int  # of the show the values belong to
    time_s: float
    beat: float
    stamps: tuple[int, ...]  # messages of each kind that these values include


class ControlTable:
    """Levels of a show, written by one process and read by any: a seqlock.

    Beside the values it keeps what hands have set (`bases`, `suspended`), so that a restarted writer goes on.
    """

    _HEAD = 16  # uint64: seq, generation, n, crc; float64: time, beat; uint64: stamp counts from 8

    def __init__(self, path: Path, create: bool = False) -> None:
        self._map = map_file(path, 8 * (self._HEAD + 3 * LEVELS), create)
        words = np.frombuffer(self._map, np.uint64, self._HEAD)
        self._seq, self._ints = words[0:1], words[1:4]
        self._floats: NDArray[np.float64] = np.frombuffer(self._map, np.float64, 2, 8 * 4)
        self._counts = words[8 : 8 + len(STAMP_KINDS)]
        body = np.frombuffer(self._map, np.float64, 3 * LEVELS, 8 * self._HEAD)
        self._values, self.bases, self.suspended = body[:LEVELS], body[LEVELS : 2 * LEVELS], body[2 * LEVELS :]

    @property
    def generation(self) -> int:
        """The show that the table belongs to now; 0 before the first write."""
        return int(self._ints[0])

    def write(
        self, values: NDArray[np.float64], generation: int, time_s: float, beat: float, stamps: Sequence[int]
    ) -> None:
        """Publish all levels at once. One writer only."""
        n = len(values)
        seq = int(self._seq[0])
        self._seq[0] = seq + 1 | 1  # odd: being written (also mends what a killed writer left)
        self._values[:n] = values
        self._floats[0], self._floats[1] = time_s, beat
        self._counts[:] = stamps
        self._ints[0], self._ints[1], self._ints[2] = generation, n, zlib.crc32(values.tobytes())
        self._seq[0] = (seq + 1 | 1) + 1

    def read(self) -> TableView | None:
        """The newest consistent copy, or None when nothing was written yet or the writer is in the middle."""
        for _ in range(8):
            seq = int(self._seq[0])
            if seq == 0 or seq & 1:
                continue
            generation, n, crc = (int(i) for i in self._ints)
            if n > LEVELS:
                continue
            values = self._values[:n].copy()
            view = TableView(
                values, generation, float(self._floats[0]), float(self._floats[1]), tuple(int(c) for c in self._counts)
            )
            if int(self._seq[0]) == seq and zlib.crc32(values.tobytes()) == crc:
                return view
        return None


class StampTable:
    """When messages of each kind were received: rings of times, numbered, for measuring latency."""

    def __init__(self, path: Path, create: bool = False) -> None:
        self._map = map_file(path, 8 * STAMPS * len(STAMP_KINDS), create)
        self.times_s: NDArray[np.float64] = np.frombuffer(self._map, np.float64).reshape(len(STAMP_KINDS), STAMPS)

    def since(self, kind: int, first: int, count: int) -> NDArray[np.float64]:
        """Receive times of messages first <= i < count, at most the newest `STAMPS`."""
        first = max(first, count - STAMPS)
        times_s: NDArray[np.float64] = self.times_s[kind, np.arange(first, count) % STAMPS]
        return times_s


class EventRing:
    """Events from one process to others, each exactly once per reader; the oldest are lost when a reader sleeps."""

    _TEXT = 224  # bytes of an address and who wrote it
    _SLOT = struct.Struct(f"<Qdd{_TEXT}sI")
    _SIZE = 256

    def __init__(self, path: Path, create: bool = False) -> None:
        self._map = map_file(path, self._SIZE * (EVENT_SLOTS + 1), create)
        self._count = np.frombuffer(self._map, np.uint64, 1)
        self._cursor = int(self._count[0])
        self.lost = 0

    def post(self, address: str, value: float, time_s: float, who: str = "") -> None:
        """Write one event. One writer only. `who` rides along for hands' writes; too long an address is lost."""
        text = f"{address}\t{who}".encode()
        if len(text) > self._TEXT:
            self.lost += 1
            return
        number = int(self._count[0]) + 1
        at = self._SIZE * (1 + (number - 1) % EVENT_SLOTS)
        crc = zlib.crc32(text, number & 0xFFFFFFFF)
        self._SLOT.pack_into(self._map, at, number, time_s, value, text, crc)
        self._count[0] = number

    def read(self) -> list[tuple[ControlEvent, str]]:
        """Events since the last read, oldest first, each with who wrote it."""
        count = int(self._count[0])
        if count == self._cursor:
            return []
        if count - self._cursor > EVENT_SLOTS:
            self.lost += count - self._cursor - EVENT_SLOTS
            self._cursor = count - EVENT_SLOTS
        events = []
        while self._cursor < count:
            at = self._SIZE * (1 + self._cursor % EVENT_SLOTS)
            number, time_s, value, text, crc = self._SLOT.unpack_from(self._map, at)
            text = text.rstrip(b"\0")
            if number != self._cursor + 1 or zlib.crc32(text, number & 0xFFFFFFFF) != crc:
                if number > self._cursor + 1:  # overwritten while we slept
                    self.lost += 1
                    self._cursor += 1
                    continue
                break  # not visible yet: the next read gets it
            address, _, who = text.decode("utf-8", "replace").partition("\t")
            events.append((ControlEvent(address, value, time_s), who))
            self._cursor += 1
        return events


class FrameNote(NamedTuple):
    """What rides along with a picture."""

    number: int
    tick: int  # the stage's tick that asked for it
    time_s: float  # when its controls were taken
    drawn_s: float  # when it was complete
    stamps: tuple[int, ...]  # messages of each kind that its latent includes


class FrameRing:
    """Three pictures (voices, height, width, 4) RGBA8, sRGB, row 0 on top; the newest wins.

    Made by the generator when it knows its size; the stage uploads straight from the mapped slot.
    """

    SLOTS = 3
    _HEAD = 32  # uint64 words: voices, height, width, newest number, then per slot 8: seq, number, tick, counts...

    def __init__(self, path: Path, shape: tuple[int, int, int] | None = None) -> None:
        if shape is not None:
            size = int(np.prod(shape)) * 4
            temporary = path.with_suffix(".new")
            self._map = map_file(temporary, 8 * self._HEAD + self.SLOTS * size, True)
            words = np.frombuffer(self._map, np.uint64, 3)
            words[:] = shape
            temporary.rename(path)
        else:
            with path.open("rb") as file:
                shape = struct.unpack("<QQQ", file.read(24))
            size = int(np.prod(shape)) * 4
            self._map = map_file(path, 8 * self._HEAD + self.SLOTS * size, False)
        self.shape = (*shape, 4)
        self._newest = np.frombuffer(self._map, np.uint64, 1, 24)
        self._notes = np.frombuffer(self._map, np.float64, 8 * self.SLOTS, 64).reshape(self.SLOTS, 8)
        self._slots = np.frombuffer(self._map, np.uint8, self.SLOTS * size, 8 * self._HEAD).reshape(
            self.SLOTS, *self.shape
        )

    @property
    def slots(self) -> list[NDArray[np.uint8]]:
        """Where the pictures are drawn in turn; picture number n in slot n % SLOTS."""
        return list(self._slots)

    @property
    def newest(self) -> int:
        """The number of the newest picture, 0 before the first."""
        return int(self._newest[0])

    def next(self) -> NDArray[np.uint8]:
        """Where to draw the next picture, which `publish` then shows to the others. One writer only."""
        number = self.newest + 1
        slot = number % self.SLOTS
        self._notes[slot][0] = -number  # being written
        picture: NDArray[np.uint8] = self._slots[slot]
        return picture

    def publish(self, tick: int, time_s: float, drawn_s: float, stamps: Sequence[int]) -> None:
        """The picture in the slot that `next` gave is whole."""
        number = self.newest + 1
        note = self._notes[number % self.SLOTS]
        note[1], note[2], note[3] = tick, time_s, drawn_s
        note[4 : 4 + len(STAMP_KINDS)] = stamps
        note[0] = number
        self._newest[0] = number

    def view(self) -> tuple[NDArray[np.uint8], FrameNote] | None:
        """The newest picture in place, or None before the first. Ask `intact` after using it."""
        number = self.newest
        if number == 0:
            return None
        slot = number % self.SLOTS
        note = self._notes[slot]
        return self._slots[slot], FrameNote(
            number,
            int(note[1]),
            float(note[2]),
            float(note[3]),
            tuple(int(c) for c in note[4 : 4 + len(STAMP_KINDS)]),
        )

    def intact(self, note: FrameNote) -> bool:
        """True when the slot still holds that picture, so that what was copied from it is whole."""
        return float(self._notes[note.number % self.SLOTS][0]) == note.number


class Board:
    """Heartbeats and the schedule: one row of float64 per process."""

    _WIDTH = 16
    BEAT, PID, GENERATION, WORK = range(4)
    # The stage's own row goes on with the schedule that everybody follows.
    START, PERIOD, STOP = 6, 7, 8
    FRAME = 9  # seconds that one picture takes, as far as the generator knows
    WANTED = 10  # the generation of the show that a spare is warmed for

    def __init__(self, path: Path, create: bool = False) -> None:
        self._map = map_file(path, 8 * self._WIDTH * (len(ROLES) + 2), create)
        self._rows = np.frombuffer(self._map, np.float64).reshape(len(ROLES) + 2, self._WIDTH)
        self.stage = self._rows[0]

    def row(self, role: str, incarnation: int = 0) -> NDArray[np.float64]:
        """A process's row. Generators take turns on two rows, so that one can warm beside the other."""
        index = ROLES.index(role)
        if role == "generator" and incarnation % 2:
            index = len(ROLES)
        row: NDArray[np.float64] = self._rows[index]
        return row


class StatePad:
    """The newest state of a process as bytes, kept through its death: two slots, each with a checksum."""

    def __init__(self, path: Path, capacity: int = 1 << 20, create: bool = False) -> None:
        self._capacity = capacity
        self._map = map_file(path, 2 * (capacity + 24), create)

    def write(self, data: bytes) -> None:
        """Keep these bytes; the former ones stay in the other slot until then. Too many bytes are refused."""
        if len(data) > self._capacity:
            raise RoomError(f"state of {len(data)} bytes does not fit a pad of {self._capacity}")
        number = max(self._number(0), self._number(1)) + 1
        at = (number % 2) * (self._capacity + 24)
        self._map[at + 24 : at + 24 + len(data)] = data
        struct.pack_into("<QQQ", self._map, at, number, len(data), zlib.crc32(data))

    def read(self) -> bytes | None:
        """The newest whole state, or None."""
        for slot in sorted((0, 1), key=self._number, reverse=True):
            at = slot * (self._capacity + 24)
            number, size, crc = struct.unpack_from("<QQQ", self._map, at)
            if number and size <= self._capacity:
                data = self._map[at + 24 : at + 24 + size]
                if zlib.crc32(data) == crc:
                    return data
        return None

    def _number(self, slot: int) -> int:
        number: int = struct.unpack_from("<Q", self._map, slot * (self._capacity + 24))[0]
        return number
