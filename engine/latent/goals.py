"""Goals: where the particles of each voice are drawn to, and what moves them on."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent.levels import Wish
from engine.latent.places import Places
from engine.latent.space import Array, Space
from engine.latent.spec import VoiceSpec
from engine.latent.trajectory import Trajectory, closed_path
from engine.latent.wander import Wander

MOST_CAUGHT = 8
_SCRUB_S = 0.25  # a hand that moves the playhead further than this in a frame leaps
_POINT, _LOOP, _JOURNEY = 0, 1, 2


class Goals:
    """The goals of all voices, (voices, rows, dim), and whether each moves or leapt."""

    def __init__(self, voices: Sequence[VoiceSpec], info: ModelInfo, places: Places, space: Space) -> None:
        self._voices, self._places, self._space = tuple(voices), places, space
        self.point = np.array([self._home(voice) for voice in voices])
        self.goal = self.point
        self.moves = [False] * len(voices)
        self.follow = [True] * len(voices)
        self.leapt = np.zeros(self.point.shape[:2], np.bool_)
        self._next_seed = np.array([voice.seed for voice in voices], np.int64)
        self._drawn = np.zeros(len(voices), np.int64)
        self._caught: list[Array] = [self.point[i][None][:0] for i in range(len(voices))]
        self._keys = [self._named(voice) for voice in voices]
        self._mode = np.zeros(len(voices), np.int64)
        self._mark = np.zeros(len(voices))  # the loop's phase in keys, or the playhead's position
        self._playhead_s = np.zeros(len(voices))
        self._wanders: list[Wander | None] = [None] * len(voices)
        self._journeys = [self._open(voice, info) for voice in voices]

    def _home(self, voice: VoiceSpec) -> Array:
        return self._space.seed(voice.seed) if voice.home is None else self._space.place(self._places[voice.home])

    def _named(self, voice: VoiceSpec) -> Array:
        """The keys of a voice's loop: its named places, or its first seeds."""
        if len(voice.loop) == 1:
            raise ModelError(f'loop = ["{voice.loop[0]}"] has one place; give at least two, or none')
        if voice.loop:
            return np.array([self._space.place(self._places[name]) for name in voice.loop])
        return np.array([self._space.seed(voice.seed + i) for i in range(int(voice.motion.loop_places))])

    def _open(self, voice: VoiceSpec, info: ModelInfo) -> Trajectory | None:
        if voice.sequence is None:
            return None
        journey = Trajectory.open(voice.sequence, info, voice.sequence_fps)
        if journey.space == "w" and voice.motion.geometry != "flat":
            raise ModelError(f'{voice.sequence}: holds w; set geometry = "flat" under [motion] to play it')
        return journey

    def next(self, voice: int, rows: slice) -> None:
        """Go to the next seed's place."""
        self._next_seed[voice] += 1
        self.seed(voice, rows, int(self._next_seed[voice]))

    def seed(self, voice: int, rows: slice, seed: int) -> None:
        """Go to a seed's place."""
        self._go(voice, rows, self._space.seed(seed))

    def more(self, voice: int, rows: slice, here: Array, surprise: float) -> None:
        """Go to a neighbour of `here` (rows, dim): 1 is a quarter turn away."""
        self._drawn[voice] += 1
        spec, number = self._voices[voice], int(self._drawn[voice])
        self._go(voice, rows, self._space.neighbour(here, spec.seed, number, surprise * math.pi / 2))

    def place(self, voice: int, rows: slice, name: str) -> None:
        """Go to a named place."""
        self._go(voice, rows, self._space.place(self._places[name]))

    def home(self, voice: int) -> None:
        """Go to where the voice began."""
        self._go(voice, slice(None), self._home(self._voices[voice]))

    def catch(self, voice: int, here: Array) -> None:
        """Add a point to the keyframe loop; the ninth takes the first one's place."""
        self._caught[voice] = np.concatenate([self._caught[voice], here[None]])[-MOST_CAUGHT:]

    def forget(self, voice: int) -> None:
        """Take all caught points out of the keyframe loop."""
        self._caught[voice] = self._caught[voice][:0]

    def _go(self, voice: int, rows: slice, point: Array) -> None:
        self.point = self.point.copy()  # the goal may be this very array
        self.point[voice, rows] = point[rows]
        self.leapt[voice, rows] = True

    def step(self, wishes: Sequence[Wish], beat: float, dts_s: Sequence[float]) -> None:
        """Move every goal on, each by its time. Afterwards `goal`, `moves`, `follow` and `leapt` say where and how."""
        goal = self.point
        wanderers: list[int] = []
        for i, wish in enumerate(wishes):
            mode, mark, point = self._carried(i, wish, beat, dts_s[i])
            if mode != self._mode.item(i):
                self.leapt[i] = True
                self._mode[i] = mode
            if mark != self._mark.item(i):
                self._mark[i] = mark
            carried = mode != _POINT
            if carried:
                goal = goal.copy() if goal is self.point else goal
                goal[i] = point
            if wish.wander > 0.0:
                wanderers.append(i)
            self.moves[i], self.follow[i] = carried or wish.wander > 0.0, carried
        self.goal = self._wandered(goal, wanderers, wishes, dts_s) if wanderers else goal

    def _wandered(self, goal: Array, wanderers: list[int], wishes: Sequence[Wish], dts_s: Sequence[float]) -> Array:
        """The goals, those of wanderers turned to where their walks are."""
        offsets = [self._walk(i).step(wishes[i].wander_hz, dts_s[i]) for i in wanderers]
        angles_rad = [wishes[i].wander * math.pi / 2 for i in wanderers]
        if len(wanderers) == len(wishes):
            return self._space.turned(goal, offsets, angles_rad)
        wandered = goal.copy()
        wandered[wanderers] = self._space.turned(goal[wanderers], offsets, angles_rad)
        return wandered

    def _carried(self, i: int, wish: Wish, beat: float, dt_s: float) -> tuple[int, float, Array]:
        """(mode, mark, point) of one voice before it wanders."""
        journey = self._journeys[i]
        if journey is not None and wish.on >= 0.5:
            mark_s = self._mark.item(i)
            playhead_s = (self._playhead_s.item(i) + wish.speed * dt_s) % journey.duration_s
            self._playhead_s[i] = playhead_s
            at_s = playhead_s + wish.position_s
            same_round = journey.round_of(at_s) == journey.round_of(mark_s)
            if not same_round or abs(at_s - (mark_s + wish.speed * dt_s)) > _SCRUB_S:
                self.leapt[i] = True
            return _JOURNEY, at_s, self._space.frame(journey.at(at_s))
        if wish.loop >= 0.5:
            keys = self._caught[i] if len(self._caught[i]) >= 2 else self._keys[i]
            beats = wish.loop_bars * self._voices[i].motion.beats_per_bar
            phase = beat / beats - math.floor(beat / beats)
            gone = abs(phase - self._mark.item(i))
            if min(gone, 1.0 - gone) * len(keys) > 0.5:
                self.leapt[i] = True
            return _LOOP, phase, self._space.mix(*closed_path(keys, phase))
        return _POINT, 0.0, self.point[i]

    def _walk(self, i: int) -> Wander:
        walk = self._wanders[i]
        if walk is None:
            seed = self._voices[i].seed
            walk = self._wanders[i] = Wander(lambda knot: self._space.wander_noise(seed, knot))
        return walk

    def looping(self, voice: int) -> bool:
        """Whether the last step had it go round a loop of places, by the beat."""
        return self._mode.item(voice) == _LOOP

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that moves here. Arrays are copies, or never written to."""
        out: dict[str, NDArray[np.generic]] = {
            "point": self.point,
            "goal": self.goal,
            "leapt": self.leapt.copy(),
            "next_seed": self._next_seed.copy(),
            "drawn": self._drawn.copy(),
            "mode": self._mode.copy(),
            "mark": self._mark.copy(),
            "playhead_s": self._playhead_s.copy(),
        }
        for i, walk in enumerate(self._wanders):
            out[f"caught.{i}"] = self._caught[i]
            if walk is not None:
                out.update({f"wander.{i}.{key}": value for key, value in walk.state().items()})
        return out

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Go on from a state whose shapes were checked."""
        self.point, self.goal = state["point"].astype(np.float64), state["goal"].astype(np.float64)
        self.leapt = state["leapt"].astype(np.bool_)
        self._next_seed, self._drawn = state["next_seed"].astype(np.int64), state["drawn"].astype(np.int64)
        self._mode, self._mark = state["mode"].astype(np.int64), state["mark"].astype(np.float64)
        self._playhead_s = state["playhead_s"].astype(np.float64)
        for i in range(len(self._voices)):
            self._caught[i] = state[f"caught.{i}"].astype(np.float64)
            self._wanders[i] = None
            keys = {key: state.get(f"wander.{i}.{key}") for key in ("phase", "from", "to")}
            if all(value is not None for value in keys.values()):
                self._walk(i).restore({key: np.asarray(value, np.float64) for key, value in keys.items()})
