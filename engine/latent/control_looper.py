"""The looper of the controls: what hands and signals did to the controls comes round again."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent, Layout
from engine.latent.looper import Looper

Array = NDArray[np.float64]

NEVER = ("/loop/", "/output/", "/tempo/", "/show/", "/demonstrate/")  # what belongs to the evening and not to a phrase
GLIDE_BEATS = 0.25
HOLD_BEATS = 1.0  # how long after its last move a control stays with the hand


class ControlLooper:
    """All level controls of a show on one looper; seams glide shut within a quarter of a beat.

    A control that a hand moves while it is looped follows the hand, and goes back to its loop a beat after the hand's
    last move. Blackout, tempo and the looper's own controls are never looped.
    """

    def __init__(self, layout: Layout, beats_per_bar: float = 4.0) -> None:
        self.looper = Looper(len(layout.levels), glide_beats=GLIDE_BEATS)
        self._free = np.array([c.address.startswith(NEVER) for c in layout.levels], np.bool_)
        self._bars = layout.index("/loop/bars")
        self._beats_per_bar = beats_per_bar
        self._held_until = np.full(len(layout.levels), -np.inf)
        self._beat = 0.0

    def step(
        self, values: Array, by_hand: NDArray[np.bool_], beat: float, events: Iterable[ControlEvent] = ()
    ) -> Array:
        """The levels with the loops in them; `values` itself when none plays.

        values : (levels,) as routes and hands have them; by_hand : (levels,) what a hand moved in this step
        """
        if by_hand.any():
            self._held_until[by_hand] = beat + HOLD_BEATS
        if beat < self._beat:
            self._held_until = np.minimum(self._held_until, beat + HOLD_BEATS)
        self._beat = beat
        self.looper.handle(events, float(values[self._bars]) * self._beats_per_bar)
        played = self.looper.step(values, beat, self._held_until > beat)
        return values if played is None else np.where(self._free, values, played)

    def stop_all(self) -> None:
        """End every loop."""
        self.looper.stop_all()
