"""The compasses of a show: what is on the wall is sorted while it plays, and their directions turn at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control, ControlEvent
from engine.generator.base import ModelInfo
from engine.latent.compass import LEAST, Axes, Layers, judged, luck_of, warning_of, way_of
from engine.latent.directions import Direction, Directions
from engine.latent.places import Places
from engine.latent.spring import transition
from engine.latent.steer import Steer

Array = NDArray[np.float64]
State = Mapping[str, NDArray[np.generic]]
OnTheWall = Callable[[Literal["z", "w"]], Array]
Sides = tuple[Array, Array]  # (n, dim) that are more, (m, dim) that are less

MOST = 32  # examples of one compass that were sorted while it plays; the oldest goes
TURN_HZ = 1.0  # of the spring that carries a direction to where it was learned anew: nine tenths in 0.6 s
NEAR = 1e-3  # in sigma of each axis: the same picture, sorted again
STILL = 1e-9  # sigma of a direction that does not know yet where it points: it moves nothing
JUDGED = 4  # examples that are judged in a frame at most, ...
LOOKED = 1000  # ... and of how many in all they may be judged by: large piles take longer
VERBS = {
    "more": "the picture on the wall is an example of more",
    "less": "the picture on the wall is an example of less",
    "undo": "take the last example back",
    "clear": "forget the examples that were sorted while it plays",
    "keep": "write all examples to a file of places",
}


@dataclass(frozen=True, slots=True, eq=False)
class CompassSpec:
    """A compass as a show says it.

    axes : in which its examples are compared; their features are latents of `space`
    more, less : (n, dim), (m, dim) the examples that come with the show; may be empty
    layers : of w that its direction moves; None for all
    show : whose it is: what was sorted while one show plays is nothing to a compass of another that is called the same
    """

    name: str
    axes: Axes
    more: Array
    less: Array
    space: Literal["z", "w"] = "z"
    layers: Layers = None
    show: str = ""


def compass_controls(names: Sequence[str], voices: int = 1) -> tuple[Control, ...]:
    """`/compass/<name>/more` and so on; with several voices `/voice/<n>/compass/<name>/more` takes that one's."""
    own = ("more", "less") if voices > 1 else ()
    rows = [(f"/compass/{name}/{verb}", about) for name in names for verb, about in VERBS.items()]
    rows += [
        (f"/voice/{n}/compass/{name}/{verb}", VERBS[verb])
        for n in range(1, voices + 1) for name in names for verb in own
    ]  # fmt: skip
    return tuple(Control(address, kind="event", about=about) for address, about in rows)


def direction_of(spec: CompassSpec, info: ModelInfo) -> Direction:
    """The direction that the examples of a show tell; with too few of them, one that moves nothing."""
    way = way_of(spec.axes, _shown(spec), _sides(len(spec.more), len(spec.less)))
    sigma = float(np.linalg.norm(way))
    vector, sigma = (way, sigma) if sigma > 0.0 else (spec.axes.rows[0], STILL)
    return Direction(spec.name, vector, spec.space, sigma, spec.layers, info.hash, "compass")


class Compasses:
    """The compasses of one motion, and the rows of its `Steer` that they turn."""

    def __init__(
        self, specs: Sequence[CompassSpec], info: ModelInfo, directions: Directions, steer: Steer, voices: int
    ) -> None:
        self._steer = steer
        self._own = [_Compass(spec, info, directions.names.index(spec.name)) for spec in specs]
        self._asked = {
            f"{prefix}/compass/{own.spec.name}/{verb}": _Asked(own, verb, which)
            for own in self._own
            for verb in VERBS
            for prefix, which in [("", range(voices)), *((f"/voice/{n + 1}", range(n, n + 1)) for n in range(voices))]
        }
        self._waiting: dict[str, Places] = {}

    def __bool__(self) -> bool:
        return bool(self._own)

    def _handle(self, asked: "_Asked", on_the_wall: OnTheWall) -> None:
        own = asked.own
        match asked.verb:
            case "more" | "less":
                latents = on_the_wall(own.spec.space)
                for voice in asked.voices:
                    own.sort(asked.verb == "more", latents[voice])
            case "undo":
                own.undo()
            case "clear":
                own.clear()
            case "keep":
                self._waiting[own.spec.name] = own.places()

    def to_keep(self) -> dict[str, Places]:
        """What is to be written down, by the name of the compass, once."""
        waiting, self._waiting = self._waiting, {}
        return waiting

    def step(self, events: Sequence[ControlEvent], on_the_wall: OnTheWall, dt_s: float) -> None:
        """Sort what events ask for, let the directions glide to where they were learned last, judge a few examples.

        on_the_wall : "z" or "w" -> (voices, rows, dim) that the last pictures are drawn from
        """
        for event in events:
            if (asked := self._asked.get(event.address)) is not None:
                self._handle(asked, on_the_wall)
        for own in self._own:
            if own.glide(dt_s):
                self._steer.turn(own.at, own.way)
            own.judge()

    def notes(self) -> dict[str, str]:
        """A sentence on each, for people."""
        return {own.spec.name: own.note() for own in self._own}

    def state(self) -> dict[str, NDArray[np.generic]]:
        """What was sorted and how the directions turn, by name."""
        out: dict[str, NDArray[np.generic]] = {}
        for own in self._own:
            out |= {f"compass.{own.key}.{part}": array for part, array in own.state().items()}
        return out

    def restore(self, state: State) -> None:
        """Go on from a state; a compass that it does not hold, or holds of other sizes, begins anew."""
        for own in self._own:
            parts = {part: state.get(f"compass.{own.key}.{part}") for part in own.state()}
            found = {part: array for part, array in parts.items() if array is not None}
            if len(found) == len(parts) and own.restore(found):
                self._steer.turn(own.at, own.way)


@dataclass(slots=True, eq=False)
class _Compass:
    """One compass as it plays."""

    spec: CompassSpec
    info: ModelInfo
    at: int  # of its direction among all
    key: int = 0
    way: Array = field(default_factory=lambda: np.zeros(0))  # one sigma of its direction, as it is now
    examples: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # sorted while it plays
    sides: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # 1 or -1 of each
    _velocity: Array = field(default_factory=lambda: np.zeros(0))
    _goal: Array = field(default_factory=lambda: np.zeros(0))
    _reads: Array = field(default_factory=lambda: np.zeros((0, 0)))  # (k, bands) that an axis is read from
    _shown: Array = field(default_factory=lambda: np.zeros((0, 0)))  # the examples of the show, in the axes
    _x: Array = field(default_factory=lambda: np.zeros((0, 0)))  # all examples in the axes, those of more first
    _side: Array = field(default_factory=lambda: np.zeros(0))  # 1 or -1 of each of those
    _right: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        dim = self.info.z_dim if self.spec.space == "z" else self.info.w_dim
        self.key = crc32(repr((self.spec.show, self.spec.name, self.spec.space, self.info.hash)).encode())
        self.examples = np.zeros((0, dim), np.float32)
        self._reads, self._shown = _reads(self.spec, self.info), _shown(self.spec)
        self._learn()
        self.way, self._velocity = self._goal, np.zeros(dim)

    def sort(self, more: bool, latent: Array) -> None:
        """The same picture sorted again replaces the former example."""
        example = self._whole(latent)
        if not np.isfinite(example).all():
            return
        axes = self.spec.axes
        apart = np.abs(axes.coordinates(self.examples.astype(np.float64)) - axes.coordinates(example[None]))
        kept = apart.max(1, initial=0.0) > NEAR if len(self.examples) else np.ones(0, np.bool_)
        self.examples = np.concatenate([self.examples[kept], example[None].astype(np.float32)])[-MOST:]
        self.sides = np.append(self.sides[kept], 1 if more else -1)[-MOST:]
        self._learn()

    def undo(self) -> None:
        self.examples, self.sides = self.examples[:-1], self.sides[:-1]
        self._learn()

    def clear(self) -> None:
        self.examples, self.sides = self.examples[:0], self.sides[:0]
        self._learn()

    def places(self) -> Places:
        """All examples, more-1, more-2, ..., less-1, ..."""
        named = {
            f"{name}-{i}": latent
            for name, pile in zip(("more", "less"), self._piles(), strict=True)
            for i, latent in enumerate(pile, 1)
        }
        return Places.of(named, space=self.spec.space, model_hash=self.info.hash)

    def glide(self, dt_s: float) -> bool:
        """Whether the direction has moved."""
        if self.way is self._goal:
            return False
        xx, xv, vx, vv = transition(2.0 * np.pi * TURN_HZ, 1.0, dt_s)
        away = self.way - self._goal
        self.way, self._velocity = self._goal + xx * away + xv * self._velocity, vx * away + vv * self._velocity
        if np.abs(self.way - self._goal).max() < 1e-6 and np.abs(self._velocity).max() < 1e-6:
            self.way, self._velocity = self._goal, np.zeros_like(self._goal)
        return True

    def judge(self) -> None:
        """A few more of the examples by what the others say: all at once could take longer than a frame has."""
        done, of = len(self._right), len(self._x)
        if done < of and min(self._counts) >= LEAST:
            rows = range(done, min(done + max(1, min(JUDGED, LOOKED // of)), of))
            self._right += judged(self._x, self._side, "means", rows).tolist()

    def note(self) -> str:
        more, less = self._counts
        if min(more, less) < LEAST:
            return f"{more} more, {less} less: moves nothing until there are {LEAST} of each"
        if len(self._right) < more + less:
            return f"{more} more, {less} less"
        n = sum(self._right[:more]), sum(self._right[more:])
        warning = warning_of(sum(n), more + less, luck_of(n[0], more, n[1], less))
        return f"{more} more, {less} less, {sum(n)} judged rightly by the others" + (f": {warning}" if warning else "")

    def state(self) -> dict[str, NDArray[np.generic]]:
        return {"examples": self.examples, "sides": self.sides, "way": np.stack([self.way, self._velocity])}

    def restore(self, state: State) -> bool:
        examples, sides, way = state["examples"], state["sides"], state["way"]
        dim = len(self._goal)
        fits = examples.ndim == 2 and examples.shape[1] == dim and way.shape == (2, dim)
        if not (fits and sides.shape == (len(examples),) and np.isin(sides, (1, -1)).all()):
            return False
        self.examples, self.sides = examples[-MOST:].astype(np.float32), sides[-MOST:].astype(np.int64)
        self._learn()
        self.way, self._velocity = way.astype(np.float64)
        return True

    def _learn(self) -> None:
        live, at = self.spec.axes.coordinates(self.examples.astype(np.float64)), len(self.spec.more)
        more, less = live[self.sides > 0], live[self.sides < 0]
        self._x = np.concatenate([self._shown[:at], more, self._shown[at:], less])
        self._side = _sides(at + len(more), len(self.spec.less) + len(less))
        self._goal, self._right = way_of(self.spec.axes, self._x, self._side), []

    @property
    def _counts(self) -> tuple[int, int]:
        """How many are more, how many less."""
        more = int(np.count_nonzero(self._side > 0))
        return more, len(self._side) - more

    def _piles(self) -> Sides:
        sorted_ = self.examples.astype(np.float64)
        more, less = sorted_[self.sides > 0], sorted_[self.sides < 0]
        return np.concatenate([self.spec.more, more]), np.concatenate([self.spec.less, less])

    def _whole(self, latent: Array) -> Array:
        """(dim,) that draws the picture of (rows, dim): each axis as the rows say on which it is seen."""
        rows, mean = self.spec.axes.rows, latent.mean(0)
        seen = np.einsum("kr,rd,kd->k", self._reads, latent, rows)
        return np.asarray(mean + (seen - rows @ mean) @ rows)


def _reads(spec: CompassSpec, info: ModelInfo) -> Array:
    """(k, rows) how much of each axis is read from each row of a latent: a band of z, or a layer of w."""
    layers = spec.axes.layers or (spec.layers,) * len(spec.axes)
    if spec.space == "z":
        spans = [range(band.first, band.last) for band in info.bands]
    else:
        spans = [range(layer, layer + 1) for layer in range(info.num_ws)]
    seen = np.array([[own is None or any(i in own for i in span) for span in spans] for own in layers], np.float64)
    return np.asarray(seen / seen.sum(1, keepdims=True))


def _shown(spec: CompassSpec) -> Array:
    """The examples of a show in the axes, (n + m, k)."""
    return spec.axes.coordinates(np.concatenate([spec.more, spec.less]))


def _sides(more: int, less: int) -> Array:
    return np.repeat([1.0, -1.0], [more, less])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an address asks of a compass, and whose pictures it means."""

    own: _Compass
    verb: str
    voices: range
