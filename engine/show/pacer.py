"""Pace: the point of each voice moves so that what is seen changes evenly, at the tempo that was asked for."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.latent.moved import Moved
from engine.latent.perceived import Eye

MOST = 4.0  # times faster or slower than without, at most
LEARNED_S = 0.05  # over which the gain is averaged: how much is seen of a step in w
RISES, FALLS = 3.0, 1.5  # times the gain, that a frame counts as at most: to brake is more urgent than to hurry
WANTED_S = 60.0  # over which the wanted speed is
AT_FIRST_S = 1.0  # of it that the first frame stands for, or the old speed when another tempo is asked for
LEAST = 2e-4  # of a change: less is the rounding of bytes
SHORTEST = 1e-9  # way in w that a change can be the change of
HALF = 0.5  # of what moved: the first gain is learned from a frame that is mostly the point's
AT_REST = 1.0 / 16.0  # of the wanted speed: a point slower than this is arriving, and no tempo can be told from it


class Pacer:
    """Watches the pictures of all voices, and says how much faster each voice's point is to move than it would.

    Of each picture it measures the visible change since the one before; divided by how far w moved, it is the gain,
    which lasts longer than a speed. Gain times the speed in w is the visible speed that the point would have of itself,
    the wanted speed its average over 60 s of the point's own time: so the tempo stays. The ratio of both, within 1/4 to
    4, is how much faster the point moves on. Nothing is fed back: how much faster it is told to move does not change
    what is measured of the way there.

    Amounts, accents, truncation and turning directions move w too. How far w moved by the point alone is told apart
    from how far by them; the speed is that of the point, and the gain learns from a frame the less, the more of it was
    theirs. From frames in which a control of the model itself moved it learns nothing.
    """

    def __init__(self, voices: int, height: int, width: int) -> None:
        self.shape = voices, height, width
        self.factors = [1.0] * voices  # of each voice, for the next step
        self._watches: list[Watch | None] = [None] * voices

    def watch(
        self, moved: Sequence[Moved], pace: Sequence[float], images: NDArray[np.uint8], drawn: Collection[int],
        told: bool = True,
    ) -> None:  # fmt: skip
        """Learn from what the last step did.

        images : (voices, height, width, 4) RGBA8, of which `drawn` are new; told : no control of the model moved
        """
        for voice, own in enumerate(moved):
            if pace[voice] <= 0.0:
                self._watches[voice] = None
                self.factors[voice] = 1.0
                continue
            watch = self._watches[voice] or Watch(*self.shape[1:])
            self._watches[voice] = watch
            watch.moved(own, told)
            if voice in drawn:
                watch.looked(images[voice])
            self.factors[voice] = watch.factor

    def rest(self) -> None:
        """Nothing is paced: when it is again, that begins anew, with 1."""
        if any(self._watches):
            self._watches, self.factors = [None] * len(self._watches), [1.0] * len(self._watches)


class Watch:
    """What is known of one voice."""

    def __init__(self, height: int, width: int) -> None:
        self.factor = 1.0
        self._eye = Eye(height, width)
        self._gain: float | None = None  # what is seen of a step in w
        self._wanted: float | None = None  # per second of the point's time
        self._weight_s = 0.0  # that the wanted speed stands for
        self._tempo: tuple[object, ...] = ()
        self._way, self._other, self._dt_s, self._told = 0.0, 0.0, 0.0, False  # since the last picture

    def moved(self, own: Moved, told: bool) -> None:
        """The point moved on: how fast is that to the eye?

        told : w tells all that moved
        """
        self._way += own.way
        self._other += own.other
        self._dt_s += own.dt_s
        self._told = self._told and told
        if own.tempo != self._tempo:
            self._tempo, self._weight_s = own.tempo, min(self._weight_s, AT_FIRST_S)
        if own.dt_s > 0.0:
            speed = (self._gain or 1.0) * own.way / own.dt_s
            if speed < math.inf:
                self._pace(speed, own.dt_s)

    def looked(self, image: NDArray[np.uint8]) -> None:
        """A new picture: what was seen of the way since the one before?"""
        change = self._eye.look(image)
        whole = math.hypot(self._way, self._other)
        if change is not None and self._told and change > LEAST and SHORTEST < whole < math.inf:
            self._learn(change / whole, (self._way / whole) ** 2)
        self._way, self._other, self._dt_s, self._told = 0.0, 0.0, 0.0, True

    def _learn(self, gain: float, share: float) -> None:
        """share : of what moved, the point's, squared"""
        if self._gain is None:
            if share >= HALF:
                self._gain, self._wanted = gain, None  # speeds were in w so far
        else:
            part = -math.expm1(-self._dt_s * share * share / LEARNED_S)
            self._gain *= min(max(gain / self._gain, 1.0 / FALLS), RISES) ** part

    def _pace(self, speed: float, dt_s: float) -> None:
        if self._wanted is None or not self._wanted > 0.0:
            self._wanted, self._weight_s = speed, AT_FIRST_S
        elif speed > AT_REST * self._wanted:
            self._weight_s = min(self._weight_s + dt_s, WANTED_S)
            self._wanted += min(dt_s / self._weight_s, 1.0) * (speed - self._wanted)
        self.factor = quickened(speed, self._wanted)


def quickened(speed: float, wanted: float) -> float:
    """How much faster to move, from the visible speed: within 1/4 to 4, and back to 1 for a point that arrives."""
    if not (0.0 < speed < math.inf and 0.0 < wanted < math.inf):
        return 1.0
    if speed < AT_REST * wanted:
        return max(1.0, MOST * speed / (AT_REST * wanted))
    return min(max(wanted / speed, 1.0 / MOST), MOST)
