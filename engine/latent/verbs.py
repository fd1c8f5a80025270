"""What events do to the goals of voices, and for how long a hand keeps a voice from its loops."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from engine.controls import ControlEvent
from engine.generator.base import ModelInfo
from engine.latent.goals import Goals
from engine.latent.levels import Wish
from engine.latent.places import Places
from engine.latent.space import Space
from engine.latent.spec import VoiceSpec

_Action = Callable[[ControlEvent], None]
_ALL = slice(None)
_HOLD_BEATS = 4.0  # how long a band that a hand moved on stays out of its loop


class Verbs:
    """Events by their addresses. With several voices the plain address does it to all.

    held_until : (voices, rows), the beat until which no loop takes a row back
    """

    def __init__(
        self, voices: Sequence[VoiceSpec], info: ModelInfo, places: Places, goals: Goals, space: Space
    ) -> None:
        self._goals, self._space = goals, space
        self.held_until = np.full((len(voices), space.position.shape[1]), -1e300)
        self._beat = 0.0
        self._wishes: Sequence[Wish] = ()
        self._actions: dict[str, list[_Action]] = {}
        for voice, spec in enumerate(voices):
            for address, action in self._own(voice, spec, info, places).items():
                self._actions.setdefault(address, []).append(action)
                if len(voices) > 1:
                    self._actions[f"/voice/{voice + 1}{address}"] = [action]

    def step(self, events: Sequence[ControlEvent], wishes: Sequence[Wish], beat: float) -> None:
        """Do what the events ask for."""
        self._wishes, self._beat = wishes, beat
        for event in events:
            for action in self._actions.get(event.address, ()):
                action(event)

    def restart(self, beat: float) -> None:
        """Another clock began: nothing is held for as long as the old one had run."""
        np.minimum(self.held_until, beat + _HOLD_BEATS, out=self.held_until)

    def _own(self, voice: int, spec: VoiceSpec, info: ModelInfo, places: Places) -> dict[str, _Action]:
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
        if spec.sequence is not None:
            actions["/journey/next"] = partial(self._on_skip, voice, True)
            actions["/journey/previous"] = partial(self._on_skip, voice, False)
            for mark in spec.marks:
                actions[f"/journey/mark/{mark.name}"] = partial(self._on_mark, voice, mark.name)
        return actions

    def _on_next(self, voice: int, rows: slice, _: ControlEvent) -> None:
        self._goals.next(voice, rows)
        self._hold(voice, rows)

    def _on_more(self, voice: int, rows: slice, _: ControlEvent) -> None:
        self._goals.more(voice, rows, self._space.position[voice], self._wishes[voice].surprise)
        self._hold(voice, rows)

    def _on_place(self, voice: int, name: str, _: ControlEvent) -> None:
        self._goals.place(voice, _ALL, name)
        self._hold(voice, _ALL)

    def _on_mark(self, voice: int, name: str, _: ControlEvent) -> None:
        self._goals.mark(voice, name)
        self._hold(voice, _ALL)

    def _on_skip(self, voice: int, forward: bool, _: ControlEvent) -> None:
        self._goals.skip(voice, forward)
        self._hold(voice, _ALL)

    def _on_seed(self, voice: int, event: ControlEvent) -> None:
        if math.isfinite(event.value):
            self._goals.seed(voice, _ALL, int(event.value))
            self._hold(voice, _ALL)

    def _hold(self, voice: int, rows: slice) -> None:
        """A hand moved a band on: for a while no loop takes it back."""
        self.held_until[voice, rows] = self._beat + _HOLD_BEATS
