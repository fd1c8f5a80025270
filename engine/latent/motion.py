"""Motion: controls become w, once a frame. The latent room's front door."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent, Controls, Layout
from engine.errors import ShowError
from engine.generator.base import ModelInfo
from engine.latent.board import controls, loop_controls
from engine.latent.directions import Directions
from engine.latent.goals import Goals, Wish
from engine.latent.levels import Levels
from engine.latent.looper import Looper
from engine.latent.places import Places
from engine.latent.plain import Plain
from engine.latent.resume import fits
from engine.latent.shell import Shell
from engine.latent.space import Array, MapZ, Space, seed_z
from engine.latent.spec import BandSpec, MotionSpec, VoiceSpec
from engine.latent.steer import Steer

__all__ = ["BandSpec", "Motion", "MotionSpec", "VoiceSpec", "controls", "loop_controls"]

State = dict[str, NDArray[np.generic]]
_Action = Callable[[ControlEvent], None]
_ALL = slice(None)
_FRAMES_PER_BEAT = 12
_HOLD_BEATS = 4.0  # how long a band that a hand moved on stays out of its loop
_WISHES = (
    "/latent/surprise", "/latent/wander", "/latent/wander_hz", "/latent/loop", "/latent/loop_bars",
    "/journey/on", "/journey/position_s", "/journey/speed",
)  # fmt: skip


class Motion:
    """The latents of all voices: goals, springs, loops, amounts.

    map_z : (voices, bands, z_dim) float64 and psi -> (voices, num_ws, w_dim); `Generator.map`
    Raises ModelError for directions, places or sequences that do not fit the model.
    """

    def __init__(
        self, voices: Sequence[VoiceSpec], info: ModelInfo, directions: Directions, places: Places,
        map_z: MapZ, layout: Layout,
    ) -> None:  # fmt: skip
        self.faults = 0  # steps whose numbers were not finite: the last good ones stayed
        self._voices, self._layout = tuple(voices), layout
        directions.check(info)
        places.check(info)
        self._space = _space(self._voices, info, directions, map_z)
        self._goals = Goals(voices, info, places, self._space)
        self._space.rest_at(self._goals.point)
        self._goal_before = self._goals.goal
        self._steer = Steer(directions, info, len(voices))
        self._levels = Levels(voices, info, directions.names, layout)
        self._resolve(info, directions)
        rows, dim = self._space.position.shape[1:]
        self._looper = Looper(len(voices) * rows * dim, group=dim, frames_per_beat=_FRAMES_PER_BEAT)
        self._held_until = np.full((len(voices), rows), -1e300)
        self._actions = self._listen(info, places)
        self._values = layout.defaults.copy()
        self._beat = 0.0
        self._now = self._levels.read(self._values)
        self._w = self._space.w(self._steer, self._steer.amounts, self._psi(self._values))

    def _resolve(self, info: ModelInfo, directions: Directions) -> None:
        column, rest = self._levels.column, self._levels.rest
        bands = [band.name for band in info.bands] if len(info.bands) > 1 else []
        self._frequency = column["/motion/frequency_hz"]
        self._damping = column["/motion/damping"]
        self._band_frequency = np.array([column[f"/motion/{name}/frequency_hz"] for name in bands], np.intp)
        self._band_damping = np.array([column[f"/motion/{name}/damping"] for name in bands], np.intp)
        self._rest_frequency = rest[:, self._frequency, None]
        self._rest_damping = rest[:, self._damping, None]
        self._sphere = column.get("/motion/sphere")
        self._amount = column["/motion/amount_frequency_hz"], column["/motion/amount_damping"]
        self._wish = [column.get(address, -1) for address in _WISHES]
        self._directions = np.array([column[f"/direction/{name}"] for name in directions.names], np.intp)
        self._accents = np.array([column[f"/accent/{name}"] for name in directions.names], np.intp)
        self._psi_at = self._layout.index("/generator/psi")
        self._bars_at = self._layout.index("/loop/bars")

    def _listen(self, info: ModelInfo, places: Places) -> dict[str, list[_Action]]:
        """What each event's address does; with several voices the plain address does it to all."""
        actions: dict[str, list[_Action]] = {}
        for voice in range(len(self._voices)):
            own = self._voice_actions(voice, info, places)
            for address, action in own.items():
                actions.setdefault(address, []).append(action)
                if len(self._voices) > 1:
                    actions[f"/voice/{voice + 1}{address}"] = [action]
        return actions

    def _voice_actions(self, voice: int, info: ModelInfo, places: Places) -> dict[str, _Action]:
        actions: dict[str, _Action] = {
            "/latent/next": partial(self._on_next, voice, _ALL),
            "/latent/more": partial(self._on_more, voice, _ALL),
            "/latent/seed": partial(self._on_seed, voice),
            "/latent/catch": lambda _: self._goals.catch(voice, self._space.position[voice]),
            "/latent/forget": lambda _: self._goals.forget(voice),
        }
        if len(info.bands) > 1:
            for band, rows in zip(info.bands, self._space.bands, strict=True):
                actions[f"/latent/{band.name}/next"] = partial(self._on_next, voice, rows)
                actions[f"/latent/{band.name}/more"] = partial(self._on_more, voice, rows)
        for name in places.names:
            actions[f"/latent/place/{name}"] = partial(self._on_place, voice, name)
        return actions

    def _on_next(self, voice: int, rows: slice, _: ControlEvent) -> None:
        self._goals.next(voice, rows)
        self._hold(voice, rows)

    def _on_more(self, voice: int, rows: slice, _: ControlEvent) -> None:
        self._goals.more(voice, rows, self._space.position[voice], float(self._now[voice, self._wish[0]]))
        self._hold(voice, rows)

    def _on_place(self, voice: int, name: str, _: ControlEvent) -> None:
        self._goals.place(voice, _ALL, name)
        self._hold(voice, _ALL)

    def _on_seed(self, voice: int, event: ControlEvent) -> None:
        if math.isfinite(event.value):
            self._goals.seed(voice, _ALL, int(event.value))
            self._hold(voice, _ALL)

    def _hold(self, voice: int, rows: slice) -> None:
        """A hand moved a band on: for a while no loop takes it back."""
        self._held_until[voice, rows] = self._beat + _HOLD_BEATS

    def step(self, controls: Controls, dt_s: float, beat: float) -> NDArray[np.float32]:
        """Move on by `dt_s` seconds: (voices, num_ws, w_dim), never with a number that is not finite.

        beat : the running count of beats, for loops. The array is good until the next step; do not write into it.
        """
        values, dt_s = self._finite(controls.values, dt_s, beat)
        self._now = now = self._levels.read(values)
        before = self._space.state(), self._steer.amounts, self._steer.velocity
        for event in controls.events:
            for action in self._actions.get(event.address, ()):
                action(event)
        self._goals.step(self._wishes(now), self._beat, dt_s)
        self._loop(controls.events, float(values[self._bars_at]))
        self._carry(now, dt_s)
        amounts = self._steer.amounts
        accents = now[:, self._accents]
        w = self._space.w(self._steer, amounts + accents if accents.any() else amounts, self._psi(values))
        if np.isfinite(w).all() and math.isfinite(float(self._space.position.sum())):
            self._w = w
        else:
            self.faults += 1
            self._space.restore(before[0])
            self._steer.amounts, self._steer.velocity = before[1:]
        return self._w

    def _finite(self, values: Array, dt_s: float, beat: float) -> tuple[Array, float]:
        """The levels and the step, what is not finite replaced by what was there."""
        good = bool(np.isfinite(values).all())
        if not good:
            values = np.where(np.isfinite(values), values, self._values)
        self._values = values.copy()
        if math.isfinite(beat):
            self._beat = beat
        if not (good and math.isfinite(beat) and 0.0 <= dt_s < math.inf):
            self.faults += 1
        return values, min(dt_s, 1e6) if 0.0 <= dt_s < math.inf else 0.0

    def _psi(self, values: Array) -> float:
        return float(values[self._psi_at])

    def _wishes(self, now: Array) -> list[Wish]:
        return [Wish(*(row[i] if i >= 0 else 0.0 for i in self._wish)) for row in now.tolist()]

    def _loop(self, events: Sequence[ControlEvent], bars: float) -> None:
        """Record where the particles are; where a loop plays, it is the goal."""
        looper, goals = self._looper, self._goals
        looper.handle(events, bars * self._voices[0].motion.beats_per_bar)
        held = self._held_until > self._beat
        played = looper.step(self._space.position.ravel(), self._beat, held.ravel())
        if played is None:
            return
        driven = looper.driven.reshape(held.shape)
        goals.goal = np.where(driven[..., None], played.reshape(goals.goal.shape), goals.goal)
        goals.leapt |= looper.seam.reshape(held.shape)
        goals.moves |= driven.any(1)
        goals.follow |= driven.any(1)

    def _carry(self, now: Array, dt_s: float) -> None:
        goals = self._goals
        before = None
        if goals.moves.any():
            still = goals.leapt | ~goals.moves[:, None]
            before = np.where(still[..., None], goals.goal, self._goal_before)
        self._goal_before = goals.goal
        goals.leapt[:] = False
        frequency_hz, damping = now[:, self._frequency, None], now[:, self._damping, None]
        if len(self._band_frequency):
            frequency_hz = now[:, self._band_frequency] * (frequency_hz / self._rest_frequency)
            damping = np.maximum(now[:, self._band_damping] + (damping - self._rest_damping), 0.0)
        sphere = now[:, self._sphere] if self._sphere is not None else np.ones(len(now))
        self._space.step(goals.goal, before, goals.follow, frequency_hz, damping, sphere, dt_s)
        f, z = self._amount
        self._steer.step(now[:, self._directions], now[:, f].tolist(), now[:, z].tolist(), dt_s)

    def state(self, loops: bool = False) -> State:
        """Everything that moves, by name: small enough for every frame.

        loops : with what the loops hold, which is megabytes; write that when `loops_version` changes
        """
        out: State = {**self._space.state()}
        out |= {f"goals.{key}": value for key, value in self._goals.state().items()}
        out |= {
            "goal_before": self._goal_before,
            "held_until": self._held_until.copy(),
            "beat": np.array([self._beat]),
            "homes": np.array([crc32(repr((v.seed, v.home)).encode()) for v in self._voices], np.int64),
            "amounts": self._steer.amounts,
            "amounts_velocity": self._steer.velocity,
            "amounts_names": np.array([crc32(name.encode()) for name in self._steer.names], np.int64),
        }
        if loops:
            out |= {f"loops.{key}": value for key, value in self._looper.state().items()}
        return out

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
        self._space.restore({key: np.asarray(array, np.float64) for key, array in state.items() if "." not in key})
        self._goals.restore({k.removeprefix("goals."): array for k, array in state.items() if k.startswith("goals.")})
        self._goal_before = state["goal_before"].astype(np.float64)
        self._held_until = state["held_until"].astype(np.float64)
        self._beat = float(np.asarray(state["beat"], np.float64)[0])
        self._restore_amounts(state)
        for voice in np.flatnonzero(state["homes"] != mine["homes"]).tolist():
            self._goals.home(voice)
        return True

    def _restore_amounts(self, state: State) -> None:
        saved = state["amounts_names"].tolist()
        amounts, velocity = np.zeros_like(self._steer.amounts), np.zeros_like(self._steer.velocity)
        for i, name in enumerate(self._steer.names):
            if (number := crc32(name.encode())) in saved:
                amounts[:, i] = state["amounts"][:, saved.index(number)]
                velocity[:, i] = state["amounts_velocity"][:, saved.index(number)]
        self._steer.amounts, self._steer.velocity = amounts, velocity


def _space(voices: Sequence[VoiceSpec], info: ModelInfo, directions: Directions, map_z: MapZ) -> Space:
    geometries = {voice.motion.geometry for voice in voices}
    if len(geometries) != 1:
        raise ShowError("[[voice]] geometries differ; give all voices the same one")
    if geometries == {"sphere"}:
        return Shell(info, len(voices), map_z)
    return Plain(info, len(voices), map_z, directions, seed_z(voices[0].seed, info.z_dim))
