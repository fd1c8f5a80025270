"""Goals: where the particles of each voice are drawn to, and what moves them on."""

import math
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent.levels import Wish
from engine.latent.places import Places
from engine.latent.playhead import SIZE, Playhead
from engine.latent.pool import MORE, STROLL, Pool, Spot, Stroll
from engine.latent.space import Array, Space
from engine.latent.spec import VoiceSpec
from engine.latent.trajectory import Trajectory, closed_path
from engine.latent.wander import Wander

MOST_CAUGHT = 8
_POINT, _LOOP, _JOURNEY = 0, 1, 2


class Goals:
    """The goals of all voices, (voices, rows, dim), and whether each moves or leapt.

    shares : of each voice, the class weights (classes,) that its goal carries along; None where it carries none
    """

    def __init__(self, voices: Sequence[VoiceSpec], info: ModelInfo, places: Places, space: Space) -> None:
        self._voices, self._places, self._space = tuple(voices), places, space
        self._pool = _pool_of(self._voices, info, space)
        homes = [self._home(voice) for voice in voices]
        self.point = np.array([point for point, _ in homes])
        self._point_shares = [shares for _, shares in homes]
        self.shares = list(self._point_shares)
        self.goal = self.point
        self.moves = [False] * len(voices)
        self.follow = [True] * len(voices)
        self.leapt = np.zeros(self.point.shape[:2], np.bool_)
        self._next_seed = np.array([voice.seed for voice in voices], np.int64)
        self._drawn = np.zeros(len(voices), np.int64)
        self._caught: list[Array] = [self.point[i][None][:0] for i in range(len(voices))]
        self._keys = [self._named(voice) for voice in voices]
        self._mode = np.zeros(len(voices), np.int64)
        self._phase = np.zeros(len(voices))  # of the loop
        self._wanders: list[Wander | Stroll | None] = [None] * len(voices)
        self._heads = [self._open(voice, info) for voice in voices]
        self._ways = np.array([crc32(repr(_way(voice)).encode()) for voice in voices], np.int64)

    @property
    def mixes_classes(self) -> bool:
        """Whether anything here carries class weights along."""
        rows = [head.journey for head in self._heads if head is not None]
        return any(journey.classes is not None for journey in rows) or (
            self._pool is not None and self._pool.mixes_classes
        )

    def begin(self, wishes: Sequence[Wish]) -> Array:
        """Where the particles start: a voice that follows a journey at where that begins, any other at home."""
        start = self.point.copy()
        for i, (voice, wish, head) in enumerate(zip(self._voices, wishes, self._heads, strict=True)):
            if head is None or wish.on < 0.5 or voice.home is not None:
                continue
            latent, shares = head.journey.at(wish.position_s + wish.at * head.journey.span_s)
            if 0.0 < float(np.vdot(latent, latent)) < math.inf:
                start[i], self.shares[i] = self._space.frame(latent), shares
        self.goal = start
        return start

    def _home(self, voice: VoiceSpec) -> Spot:
        if voice.home is not None:
            return self._space.place(self._places[voice.home]), None
        return self._numbered(voice, 0)

    def _numbered(self, voice: VoiceSpec, turn: int) -> Spot:
        """Where a voice comes to in its turn: a row of the pool, or the place of a seed."""
        if self._pool is not None:
            return self._pool.drawn(voice.seed, turn)
        return self._space.seed(voice.seed + turn), None

    def _named(self, voice: VoiceSpec) -> Array:
        """The keys of a voice's loop: its named places, or its first seeds."""
        if len(voice.loop) == 1:
            raise ModelError(f'loop = ["{voice.loop[0]}"] has one place; give at least two, or none')
        if voice.loop:
            return np.array([self._space.place(self._places[name]) for name in voice.loop])
        return np.array([self._numbered(voice, i)[0] for i in range(int(voice.motion.loop_places))])

    def _open(self, voice: VoiceSpec, info: ModelInfo) -> Playhead | None:
        if voice.sequence is None:
            return None
        journey = Trajectory.open(voice.sequence, info, voice.sequence_fps, voice.sequence_end)
        journey.check(voice.sequence, voice.motion.geometry)
        return Playhead(journey, {mark.name: mark.frame / voice.sequence_fps for mark in voice.marks})

    def next(self, voice: int, rows: slice) -> None:
        """Go to the next seed's place, or to a row of the pool that was not seen in this round."""
        self._next_seed[voice] += 1
        spec = self._voices[voice]
        self._go(voice, rows, self._numbered(spec, int(self._next_seed[voice]) - spec.seed))

    def seed(self, voice: int, rows: slice, seed: int) -> None:
        """Go to a seed's place; with a pool, to the row of that number."""
        self._go(voice, rows, (self._space.seed(seed), None) if self._pool is None else self._pool.row(seed))

    def more(self, voice: int, rows: slice, here: Array, surprise: float) -> None:
        """Go to a neighbour of `here` (rows, dim), 1 is a quarter turn; with a pool, so far towards a row."""
        self._drawn[voice] += 1
        spec, number = self._voices[voice], int(self._drawn[voice])
        if self._pool is None:
            self._go(voice, rows, (self._space.neighbour(here, spec.seed, number, surprise * math.pi / 2), None))
            return
        there = self._pool.drawn(spec.seed, number, MORE)
        self._go(voice, rows, self._between((here, self._point_shares[voice]), there, surprise))

    def place(self, voice: int, rows: slice, name: str) -> None:
        """Go to a named place."""
        self._go(voice, rows, (self._space.place(self._places[name]), None))

    def home(self, voice: int) -> None:
        """Go to where the voice began."""
        self._go(voice, slice(None), self._home(self._voices[voice]))

    def mark(self, voice: int, name: str) -> None:
        """Go on from a mark of the journey."""
        if (head := self._heads[voice]) is not None:
            head.mark(name)

    def skip(self, voice: int, forward: bool) -> None:
        """Go on from the journey's next mark, or from the one before."""
        if (head := self._heads[voice]) is not None:
            (head.next if forward else head.previous)()

    def catch(self, voice: int, here: Array) -> None:
        """Add a point to the keyframe loop; the ninth takes the first one's place."""
        self._caught[voice] = np.concatenate([self._caught[voice], here[None]])[-MOST_CAUGHT:]

    def forget(self, voice: int) -> None:
        """Take all caught points out of the keyframe loop."""
        self._caught[voice] = self._caught[voice][:0]

    def _go(self, voice: int, rows: slice, spot: Spot) -> None:
        self.point = self.point.copy()  # the goal may be this very array
        self.point[voice, rows] = spot[0][rows]
        self.leapt[voice, rows] = True
        self._point_shares[voice] = spot[1]

    def _between(self, a: Spot, b: Spot, part: float) -> Spot:
        """The spot at a part of the way between two, on the shell where there is one."""
        weights = np.array([1.0 - part, part])
        shares = None if a[1] is None or b[1] is None else weights @ np.array([a[1], b[1]])
        return self._space.mix(weights, np.array([a[0], b[0]])), shares

    def step(self, wishes: Sequence[Wish], beat: float, dts_s: Sequence[float]) -> None:
        """Move every goal on, each by its time. Afterwards `goal`, `moves`, `follow` and `leapt` say where and how."""
        goal = self.point
        wanderers: list[int] = []
        for i, wish in enumerate(wishes):
            mode, point = self._carried(i, wish, beat, dts_s[i])
            if mode != self._mode.item(i):
                self.leapt[i] = True
                self._mode[i] = mode
            carried = mode != _POINT
            if carried:
                goal = goal.copy() if goal is self.point else goal
                goal[i] = point
            if wish.wander > 0.0:
                wanderers.append(i)
            self.moves[i], self.follow[i] = carried or wish.wander > 0.0, carried
        if wanderers:
            walk = self._wandered if self._pool is None else self._strolled
            goal = walk(goal, wanderers, wishes, dts_s)
        self.goal = goal

    def _wandered(self, goal: Array, wanderers: list[int], wishes: Sequence[Wish], dts_s: Sequence[float]) -> Array:
        """The goals, those of wanderers turned to where their walks are."""
        offsets = [self._walk(i).step(wishes[i].wander_hz, dts_s[i]) for i in wanderers]
        angles_rad = [wishes[i].wander * math.pi / 2 for i in wanderers]
        if len(wanderers) == len(wishes):
            return self._space.turned(goal, offsets, angles_rad)
        wandered = goal.copy()
        wandered[wanderers] = self._space.turned(goal[wanderers], offsets, angles_rad)
        return wandered

    def _strolled(self, goal: Array, wanderers: list[int], wishes: Sequence[Wish], dts_s: Sequence[float]) -> Array:
        """The goals, those of wanderers drawn to where their walks through the pool are."""
        strolled = goal.copy()
        for i in wanderers:
            there = self._stroll(i).step(wishes[i].wander_hz, dts_s[i])
            strolled[i], self.shares[i] = self._between((goal[i], self.shares[i]), there, wishes[i].wander)
        return strolled

    def _carried(self, i: int, wish: Wish, beat: float, dt_s: float) -> tuple[int, Array]:
        """(mode, point) of one voice before it wanders."""
        head = self._heads[i]
        if head is not None and wish.on >= 0.5:
            head.step(wish, beat, dt_s)
            if head.leapt:
                self.leapt[i], head.leapt = True, False
            latent, self.shares[i] = head.journey.at(head.at_s)
            return _JOURNEY, self._space.frame(latent)
        if head is not None:
            head.rest(beat)
        self.shares[i] = self._point_shares[i]
        if wish.loop >= 0.5:
            keys = self._caught[i] if len(self._caught[i]) >= 2 else self._keys[i]
            beats = wish.loop_bars * self._voices[i].motion.beats_per_bar
            phase = beat / beats - math.floor(beat / beats)
            gone = abs(phase - self._phase.item(i))
            if min(gone, 1.0 - gone) * len(keys) > 0.5:
                self.leapt[i] = True
            self._phase[i] = phase
            return _LOOP, self._space.mix(*closed_path(keys, phase))
        return _POINT, self.point[i]

    def _walk(self, i: int) -> Wander:
        walk, seed = self._wanders[i], self._voices[i].seed
        if not isinstance(walk, Wander):
            walk = self._wanders[i] = Wander(lambda knot: self._space.wander_noise(seed, knot))
        return walk

    def _stroll(self, i: int) -> Stroll:
        walk, pool, seed = self._wanders[i], self._pool, self._voices[i].seed
        assert pool is not None
        if not isinstance(walk, Stroll):
            walk = self._wanders[i] = Stroll(pool, lambda turn: pool.drawn(seed, turn, STROLL))
        return walk

    def looping(self, voice: int) -> bool:
        """Whether the last step had it go by the beat: round a loop of places, or along its journey."""
        mode, head = self._mode.item(voice), self._heads[voice]
        return mode == _LOOP or (mode == _JOURNEY and head is not None and head.by_beat)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that moves here. Arrays are copies, or never written to."""
        out: dict[str, NDArray[np.generic]] = {
            "point": self.point,
            "goal": self.goal,
            "leapt": self.leapt.copy(),
            "next_seed": self._next_seed.copy(),
            "drawn": self._drawn.copy(),
            "mode": self._mode.copy(),
            "phase": self._phase.copy(),
            "ways": self._ways,
            "playhead": np.array([[0.0] * SIZE if head is None else head.state() for head in self._heads]),
        }
        for i, walk in enumerate(self._wanders):
            out[f"caught.{i}"] = self._caught[i]
            if (shares := self._point_shares[i]) is not None:
                out[f"shares.{i}"] = shares
            if walk is not None:
                out.update({f"wander.{i}.{key}": value for key, value in walk.state().items()})
        return out

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Go on from a state whose shapes were checked; where a voice follows another journey now, its goal leaps."""
        self.point, self.goal = state["point"].astype(np.float64), state["goal"].astype(np.float64)
        self.leapt = state["leapt"].astype(np.bool_) | (state["ways"] != self._ways)[:, None]
        self._next_seed, self._drawn = state["next_seed"].astype(np.int64), state["drawn"].astype(np.int64)
        self._mode, self._phase = state["mode"].astype(np.int64), state["phase"].astype(np.float64)
        for head, row in zip(self._heads, state["playhead"].astype(np.float64).tolist(), strict=True):
            if head is not None:
                head.restore(row)
        for i in range(len(self._voices)):
            self._caught[i] = state[f"caught.{i}"].astype(np.float64)
            if self.mixes_classes:
                shares = state.get(f"shares.{i}")
                self._point_shares[i] = None if shares is None else shares.astype(np.float64)
            self._wanders[i] = None
            keys = {key: state.get(f"wander.{i}.{key}") for key in ("phase", "from", "to")}
            if all(value is not None for value in keys.values()):
                walk = self._walk(i) if self._pool is None else self._stroll(i)
                walk.restore({key: np.asarray(value, np.float64) for key, value in keys.items()})


def _way(voice: VoiceSpec) -> tuple[object, ...]:
    """What decides where a journey is at a time."""
    if voice.sequence is None:
        return ()
    found = voice.sequence.stat()
    return voice.sequence.name, found.st_size, found.st_mtime_ns, voice.sequence_fps, voice.sequence_end


def _pool_of(voices: Sequence[VoiceSpec], info: ModelInfo, space: Space) -> Pool | None:
    """The pool that all voices draw from; None without one."""
    path = voices[0].pool
    return None if path is None else Pool(path, info, voices[0].motion.geometry, space)
