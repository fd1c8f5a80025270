"""What exploring makes, place by place and journey by journey: neighbours, journeys, novel places."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from engine.errors import InputError
from engine.studio.journey.explore_noise import Neighbours
from engine.studio.journey.moments import moments
from engine.studio.journey.novel import Novel
from engine.studio.journey.pair import Pair, Rows
from engine.studio.journey.strangers import Strangers
from engine.studio.journey.trajectories import BLOCK, Keys, by_slerp
from engine.studio.pace import Array, Block

Middle = Literal["none", "pair", "random", "near", "novel"]
TRIES = 64  # frames drawn by chance before the next one that was not there yet is taken


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One sequence that is made: places that are held one after the other, or a journey past them.

    rows, classes : (k, ...) of the places; names : (k,) theirs
    frames : in all; held : each place for as long, or great circles from one to the next at even speed in time
    origin : where they came from, for the contact sheet
    """

    heading: str
    rows: Array
    classes: Array | None
    names: tuple[str, ...]
    frames: int
    held: bool
    origin: Block | None = None

    @property
    def at(self) -> tuple[int, ...]:
        """The frame at which each place is passed, or begins."""
        k = len(self.rows)
        if self.held:
            return tuple(range(0, self.frames, self.frames // k))
        return tuple(round(i * (self.frames - 1) / (k - 1)) for i in range(k))

    def blocks(self) -> Iterator[Block]:
        """Its frames."""
        if not self.held:
            at = np.array(self.at, np.intp)
            yield from by_slerp(Keys(self.rows, self.classes, np.arange(len(at)), at, self.frames))
            return
        for first in range(0, self.frames, BLOCK):
            i = np.arange(first, min(first + BLOCK, self.frames)) // (self.frames // len(self.rows))
            yield self.rows[i], None if self.classes is None else self.classes[i]


def around(pair: Pair, text: str, neighbours: Neighbours, count: int, hold: int) -> Iterator[Piece]:
    """Neighbours of each of some frames, each held for so long."""
    for n, frame in enumerate(moments(text, pair, "--around")):
        row, classes = _at(pair, frame)
        made = neighbours.of(row, range(n * count, (n + 1) * count), classes)
        weights = None if classes is None else np.repeat(classes[None], count, 0)
        origin = row[None], None if classes is None else classes[None]
        yield Piece(f"around {frame}", made, weights, (f"around {frame}",) * count, count * hold, True, origin)


def held(found: Novel, hold: int) -> Iterator[Piece]:
    """Novel places, the most novel first."""
    names = tuple(f"novel {n}" for n in range(1, len(found.rows) + 1))
    yield Piece("novel places, the most novel first", found.rows, found.classes, names, len(names) * hold, True)


class Journeys:
    """Short journeys between places of a sequence.

    strangers : samples of the model; between : as `moments` reads it, two or three; None: by chance
    middle : where the place in the middle is from: none, another frame of the pair, a sample of the model, a neighbour
        of the third place, novel places
    """

    def __init__(
        self, pair: Pair, strangers: Strangers, between: str | None, middle: Middle, count: int, frames: int,
        seed: int, neighbours: Neighbours | None = None, found: Novel | None = None,
    ) -> None:  # fmt: skip
        self._pair, self._middle, self._count, self._frames = pair, middle, count, frames
        self._neighbours, self._found = neighbours, found
        self._strangers, self._chance = strangers, np.random.RandomState(seed)
        self._ends = None if between is None else moments(between, pair, "--between")
        if self._ends is not None and len(self._ends) not in (2, 3):
            raise InputError(f"--between {between}: {len(self._ends)} places; give two, or three")
        self._check_ways(between or "")
        fewest = 2 if middle == "none" else 3
        if frames < fewest:
            raise InputError(f"--frames {frames}: give at least {fewest}")
        self._used: set[bytes] = set()

    def _check_ways(self, between: str) -> None:
        """InputError for a journey that would stand still: from a place to itself."""
        for first, last in pairwise(self._ends or ()):
            if self._key(first) == self._key(last):
                raise InputError(f"--between {between}: frames {first} and {last} are the same place; give another")
        rows = self._pair.rows
        if self._ends is None and all((rows[i : i + BLOCK] == rows[0]).all() for i in range(0, len(rows), BLOCK)):
            raise InputError(f"{self._pair.path.name} holds one place alone: no journey; try --around 0, or --novel")

    def __iter__(self) -> Iterator[Piece]:
        for n in range(self._count):
            if self._ends is None:
                self._used.clear()
                yield self._by_chance(n)
            elif len(self._ends) == 3:
                yield self._past(self._ends, n)
            else:
                yield self._between(self._ends, n)

    def _by_chance(self, n: int) -> Piece:
        """Two frames of the pair, or three; what occurs often in it is drawn often."""
        first, last = self._drawn(), self._drawn()
        if self._middle == "none":
            return self._piece(n, [self._frame(first), self._frame(last)])
        return self._piece(n, [self._frame(first), self._other(n), self._frame(last)])

    def _between(self, ends: tuple[int, ...], n: int) -> Piece:
        """The first is direct; each other one passes another place."""
        first, last = (self._frame(end) for end in ends)
        self._used.update(self._key(end) for end in ends)
        if n == 0 or self._middle == "none":
            return self._piece(n, [first, last])
        return self._piece(n, [first, self._other(n - 1), last])

    def _past(self, ends: tuple[int, ...], n: int) -> Piece:
        """The first passes the place in the middle; each other one a neighbour of it."""
        places = [self._frame(end) for end in ends]
        if n and self._neighbours is not None:
            name, row, classes = places[1]
            places[1] = f"near {name}", self._neighbours.of(row, range(n, n + 1), classes)[0], classes
        return self._piece(n, places)

    def _other(self, n: int) -> tuple[str, Array, Array | None]:
        """A place to pass."""
        if self._middle == "pair":
            return self._frame(self._drawn())
        if self._found is not None:
            classes = self._found.classes
            return f"novel {n + 1}", self._found.rows[n], None if classes is None else classes[n]
        rows, weights = self._strangers.of(np.array([n]))
        return f"sample {n + 1}", rows[0], None if weights is None else weights[0]

    def _drawn(self) -> int:
        """A frame by chance, of places that were not there yet while there are such."""
        frame = 0
        for tried in range(TRIES + len(self._pair)):
            frame = int(self._chance.randint(len(self._pair))) if tried < TRIES else (frame + 1) % len(self._pair)
            if self._key(frame) not in self._used:
                break
        self._used.add(self._key(frame))
        return frame

    def _key(self, frame: int) -> bytes:
        return np.asarray(self._pair.rows[frame]).tobytes()

    def _frame(self, frame: int) -> tuple[str, Array, Array | None]:
        return str(frame), *_at(self._pair, frame)

    def _piece(self, n: int, places: list[tuple[str, Array, Array | None]]) -> Piece:
        names, rows, weights = zip(*places, strict=True)
        classes = None if weights[0] is None else np.array(weights)
        heading = f"{n + 1:02d}   {' > '.join(names)}"
        return Piece(heading, np.array(rows), classes, names, self._frames, False)


def _at(pair: Pair, frame: int) -> tuple[Array, Array | None]:
    classes: Rows | None = pair.classes
    return np.asarray(pair.rows[frame], np.float64), None if classes is None else np.asarray(classes[frame], np.float64)
