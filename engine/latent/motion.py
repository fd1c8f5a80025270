"""Motion: controls become w, once a frame. The latent room's front door."""

import math
from collections.abc import Callable, Sequence
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent, Controls, Layout
from engine.generator.base import ModelInfo
from engine.latent.board import controls, loop_controls
from engine.latent.compasses import Compasses, CompassSpec
from engine.latent.directions import Directions
from engine.latent.even import EvenFaders
from engine.latent.finite import all_finite
from engine.latent.geometry import space_of
from engine.latent.goals import Goals
from engine.latent.levels import Levels, Played
from engine.latent.looper import Looper
from engine.latent.moved import Moment, Moved, told
from engine.latent.places import Places
from engine.latent.resume import fits
from engine.latent.shares import Shares
from engine.latent.space import Array
from engine.latent.spec import BandSpec, MotionSpec, VoiceSpec
from engine.latent.steer import Steer
from engine.latent.verbs import Verbs

__all__ = ["BandSpec", "Motion", "MotionSpec", "VoiceSpec", "controls", "loop_controls"]

State = dict[str, NDArray[np.generic]]
_FRAMES_PER_BEAT = 12


class Motion:
    """The latents of all voices: goals, springs, loops, amounts.

    map_z : (voices, bands, z_dim) float64 and psi -> (voices, num_ws, w_dim); `Generator.map`. Where a journey or the
    pool carries class weights along it gets them as a third argument, as `Shares.now` gives them
    Raises ModelError for directions, places or sequences that do not fit the model.
    """

    def __init__(
        self, voices: Sequence[VoiceSpec], info: ModelInfo, directions: Directions, places: Places,
        map_z: Callable[..., NDArray[np.float32]], layout: Layout, compasses: Sequence[CompassSpec] = (),
    ) -> None:  # fmt: skip
        self.faults = 0  # steps whose numbers were not finite: the last good ones stayed
        self._voices, self._layout = tuple(voices), layout
        directions.check(info)
        places.check(info)
        self._map_z = map_z
        self._shares: Shares | None = None
        self._space = space_of(self._voices, info, directions, self._map)
        self._goals = Goals(voices, info, places, self._space)
        self._levels = Levels(voices, info, directions.names, layout)
        self._values = layout.defaults.copy()
        self._seen = self._values.tobytes()
        self._now = self._levels.read(self._values)
        self._space.rest_at(self._goals.begin(self._now.wishes))
        self._goal_before = self._goals.goal
        if self._goals.mixes_classes and self._voices[0].motion.geometry == "sphere":
            self._shares = Shares(len(voices), int(info.extra["classes"]))
            self._shares.begin(self._goals.shares)
        self._steer = Steer(directions, info, len(voices))
        self._even = EvenFaders(directions)
        rows, dim = self._space.position.shape[1:]
        self._looper = Looper(len(voices) * rows * dim, group=dim, frames_per_beat=_FRAMES_PER_BEAT)
        self._verbs = Verbs(self._voices, info, places, self._goals, self._space)
        self.compasses = Compasses(compasses, info, directions, self._steer, len(voices))
        self._beat = 0.0
        self._drawn = self._steer.amounts  # those that the picture on the wall is drawn with
        self._w = self._space.w(self._steer, self._drawn, self._now.psi)
        self._remaps = 0
        self._before = self._moment()
        self._dts_s = [0.0] * len(self._voices)
        self._homes = np.array([crc32(repr(_home(v)).encode()) for v in self._voices], np.int64)
        self._names = np.array([crc32(name.encode()) for name in directions.names], np.int64)

    def _map(self, z: Array, psi: float) -> NDArray[np.float32]:
        return self._map_z(z, psi) if self._shares is None else self._map_z(z, psi, self._shares.now)

    def step(
        self, controls: Controls, dt_s: float, beat: float, quicken: Sequence[float] | None = None
    ) -> NDArray[np.float32]:
        """Move on by `dt_s` seconds: (voices, num_ws, w_dim), never with a number that is not finite.

        beat : the running count of beats, for loops. The array is good until the next step; do not write into it.
        quicken : how much faster each voice's point is to move than it would, as far as `/motion/pace` asks for it:
        its goals and springs step over more time, or less. What follows the beat still does, amounts go on as ever
        """
        dt_s = self._finite(controls.values, dt_s, beat)
        now = self._now
        self._before = self._moment()
        self._dts_s = dts_s = self._own_times(now, dt_s, quicken)
        self._verbs.step(controls.events, now.wishes, self._beat)
        if self.compasses:
            self.compasses.step(controls.events, self._on_the_wall, dt_s)
        self._goals.step(now.wishes, self._beat, dts_s)
        self._share(now, dts_s)
        self._loop(controls.events, now.bars)
        self._carry(now, dts_s, dt_s)
        amounts = self._steer.amounts
        faders = amounts if now.accents is None else amounts + now.accents
        drawn = self._even.amounts(faders, now.even)
        w = self._space.w(self._steer, drawn, now.psi)
        if all_finite(w) and all_finite(self._space.position):
            self._w, self._drawn = w, drawn
        else:
            self.faults += 1
            self._space.undo()
            self._steer.undo()
        return self._w

    def _share(self, now: Played, dts_s: Sequence[float]) -> None:
        """Let the class weights follow their goals, by the springs of the coarsest bands."""
        if self._shares is None:
            return
        goals, bands = self._goals, len(self._space.bands)
        moves = [follow and not leapt.any() for follow, leapt in zip(goals.follow, goals.leapt, strict=True)]
        if self._shares.step(goals.shares, moves, now.springs[::bands], dts_s):
            self.remap()

    def _own_times(self, now: Played, dt_s: float, quicken: Sequence[float] | None) -> list[float]:
        """How long the step is for each voice's point."""
        if quicken is None or not any(now.pace):
            return [dt_s] * len(self._voices)
        rows = self._looper.driven.reshape(len(self._voices), -1)
        by_beat = [self._goals.looping(i) or bool(driven.any()) for i, driven in enumerate(rows)]
        return [
            dt_s if looped else dt_s * faster**even
            for faster, even, looped in zip(quicken, now.pace, by_beat, strict=True)
        ]

    def _moment(self) -> Moment:
        return Moment(self._w, self._space.position, self._drawn, self._now.psi, self._remaps + self._steer.turns)

    @property
    def pace(self) -> list[float]:
        """`/motion/pace` of each voice, as last played."""
        return self._now.pace

    def moved(self) -> list[Moved]:
        """What the last step did to each voice. Where more than the points moved w, this maps once more."""
        here, before, now = self._moment(), self._before, self._now
        middle = before.w
        if here.psi != before.psi or here.turns != before.turns or not np.array_equal(here.amounts, before.amounts):
            middle = self._space.w_at(before.position, self._steer, here.amounts, here.psi)
        return told(before.w, middle, here.w, self._dts_s, now)

    def _on_the_wall(self, space: Literal["z", "w"]) -> Array:
        """What the last pictures are drawn from, amounts and all: z (voices, bands, z_dim), or w at psi 1."""
        if space == "z":
            return self._steer.z(self._space.position, self._drawn)
        return self._space.w(self._steer, self._drawn, 1.0).astype(np.float64)

    def _finite(self, values: Array, dt_s: float, beat: float) -> float:
        """Take the levels and the beat, what is not finite replaced by what was there; the step that can be made."""
        good = True
        seen = values.tobytes()
        if seen != self._seen:
            good = all_finite(values)
            self._values = values.copy() if good else np.where(np.isfinite(values), values, self._values)
            self._seen = self._values.tobytes()
            self._now = self._levels.read(self._values)
        if math.isfinite(beat):
            if beat < self._beat:
                self._verbs.restart(beat)
            self._beat = beat
        if not (good and math.isfinite(beat) and 0.0 <= dt_s < math.inf):
            self.faults += 1
        return min(dt_s, 1e6) if 0.0 <= dt_s < math.inf else 0.0

    def _loop(self, events: Sequence[ControlEvent], bars: float) -> None:
        """Record where the particles are; where a loop plays, it is the goal."""
        looper, goals = self._looper, self._goals
        looper.handle(events, bars * self._voices[0].motion.beats_per_bar)
        held = None if looper.silent else self._verbs.held_until > self._beat
        played = looper.step(self._space.position.ravel(), self._beat, None if held is None else held.ravel())
        if played is None:
            return
        driven = looper.driven.reshape(goals.leapt.shape)
        goals.goal = np.where(driven[..., None], played.reshape(goals.goal.shape), goals.goal)
        goals.leapt |= looper.seam.reshape(driven.shape)
        for voice in np.flatnonzero(driven.any(1)).tolist():
            goals.moves[voice] = goals.follow[voice] = True

    def _carry(self, now: Played, dts_s: Sequence[float], dt_s: float) -> None:
        goals = self._goals
        leaps = np.count_nonzero(goals.leapt) > 0
        before = None
        if any(goals.moves):
            before = self._goal_before
            if leaps or not all(goals.moves):
                still = goals.leapt | ~np.array(goals.moves)[:, None]
                before = np.where(still[..., None], goals.goal, before)
        self._goal_before = goals.goal
        if leaps:
            goals.leapt[:] = False
        self._space.step(goals.goal, before, goals.follow, now.springs, now.sphere, dts_s)
        self._steer.step(now.targets, now.amount_springs, dt_s)

    def state(self, loops: bool = False) -> State:
        """Everything that moves, by name: small enough for every frame.

        loops : with what the loops hold, which is megabytes; write that when `loops_version` changes
        """
        out: State = {**self._space.state()}
        out |= {f"goals.{key}": value for key, value in self._goals.state().items()}
        out |= {
            "held_until": self._verbs.held_until.copy(),
            "beat": np.array([self._beat]),
            "homes": self._homes,
            "amounts": self._steer.amounts,
            "amounts_velocity": self._steer.velocity,
            "amounts_names": self._names,
        } | self.compasses.state()
        if self._shares is not None:
            out |= self._shares.state()
        if loops:
            out |= {f"loops.{key}": value for key, value in self._looper.state().items()}
        return out

    def remap(self) -> None:
        """The map gives something else for the same z from now on (a class was mixed in): draw it at the next step."""
        self._remaps += 1
        self._space.remap()

    @property
    def loops_version(self) -> int:
        """Grows when what the loops hold changes."""
        return self._looper.version

    def restore(self, state: State) -> bool:
        """Go on from a state, with no jump. False, and nothing changed, when it is of another shape or not finite.

        Amounts are found again by the names of their directions. A voice whose seed or home has changed goes on from
        where it was to its new home.
        """
        mine = self.state()
        if not fits(mine, state):
            return False
        loops = {key.removeprefix("loops."): array for key, array in state.items() if key.startswith("loops.")}
        if loops and not self._looper.restore(loops):
            return False
        if self._shares is not None and "shares" in state:
            self._shares.restore(np.asarray(state["shares"], np.float64))
        self._space.restore({key: np.asarray(array, np.float64) for key, array in state.items() if "." not in key})
        self._goals.restore({k.removeprefix("goals."): array for k, array in state.items() if k.startswith("goals.")})
        self._goal_before = self._goals.goal
        self._verbs.held_until = state["held_until"].astype(np.float64)
        self._beat = float(np.asarray(state["beat"], np.float64)[0])
        self._restore_amounts(state)
        self.compasses.restore(state)
        self._w = self._space.w_at(self._space.position, self._steer, self._drawn, self._now.psi)  # no way from home
        for voice in np.flatnonzero(state["homes"] != mine["homes"]).tolist():
            self._goals.home(voice)
        return True

    def _restore_amounts(self, state: State) -> None:
        saved = state["amounts_names"].tolist()
        amounts, velocity = np.zeros_like(self._steer.amounts), np.zeros_like(self._steer.velocity)
        for i, number in enumerate(self._names.tolist()):
            if number in saved:
                amounts[:, i] = state["amounts"][:, saved.index(number)]
                velocity[:, i] = state["amounts_velocity"][:, saved.index(number)]
        self._steer.amounts, self._steer.velocity = amounts, velocity
        self._drawn = amounts


def _home(voice: VoiceSpec) -> tuple[object, ...]:
    """What decides where a voice begins."""
    pool = () if voice.pool is None else (voice.pool.name, voice.pool.stat().st_size)
    return (voice.seed, voice.home, *pool)
