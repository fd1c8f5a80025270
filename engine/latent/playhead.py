"""Where a journey is: by time, by the beat, by a hand, and at its marks."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from engine.latent.levels import Wish
from engine.latent.spring import transition
from engine.latent.trajectory import Trajectory

HAND_HZ = 3.0  # how fast the playhead follows a hand, critically damped: steps of a fader leave no steps
LEAP_S = 1.0  # a hand that goes further than this at once leaps
BACK_S = 0.5  # `previous` within this time of a mark goes to the one before

SIZE = 6


class Playhead:
    """One voice's place in a journey: what has played, and the place that a hand holds added to it.

    Afterwards `at_s` is the place, `leapt` whether it lies elsewhere than on the way from the last one.
    """

    def __init__(self, journey: Trajectory, marks_s: Mapping[str, float] = MappingProxyType({})) -> None:
        self.journey = journey
        self.by_beat = False
        self._named = {name: journey.wrapped(mark_s) for name, mark_s in marks_s.items()}
        self._marks_s = sorted({0.0, *self._named.values()})
        self.at_s = 0.0
        self.leapt = False
        self._run_s = 0.0
        self._hand_s, self._hand_speed = math.nan, 0.0  # nan: it has not been held yet
        self._beat = math.nan

    def step(self, wish: Wish, beat: float, dt_s: float) -> None:
        """Move on by time, or, where a round takes beats, by the beat."""
        journey, former_s = self.journey, self.at_s
        gone, by_s = self._gone(beat), wish.speed * dt_s
        self.by_beat = wish.beats > 0.0
        if self.by_beat:
            by_s = wish.speed * gone / wish.beats * journey.round_s
            self.leapt |= abs(gone) > 1.0
        run_s = self._run_s + by_s
        by_s += self._hold(wish.position_s + wish.at * journey.span_s, dt_s)
        self.at_s = journey.wrapped(run_s + self._hand_s)
        self._run_s = self.at_s - self._hand_s if journey.end == "hold" else run_s % journey.round_s
        self.leapt = self.leapt or journey.leaps(former_s, by_s)

    def rest(self, beat: float) -> None:
        """Stay where it is: another goal has the point."""
        self._gone(beat)

    def jump(self, to_s: float) -> None:
        """Go to a place at once; it plays on from there."""
        hand_s = 0.0 if math.isnan(self._hand_s) else self._hand_s
        self.at_s = self.journey.wrapped(to_s)
        self._run_s = self.at_s - hand_s
        self.leapt = True

    def mark(self, name: str) -> None:
        """Jump to the mark of this name."""
        self.jump(self._named[name])

    def next(self) -> None:
        """Jump to the next mark; behind the last one, to the start."""
        self.jump(next((mark_s for mark_s in self._marks_s if mark_s > self.at_s + 1e-6), 0.0))

    def previous(self) -> None:
        """Jump back to the last mark; just behind it, to the one before; before the first one, to the last."""
        passed = [mark_s for mark_s in self._marks_s if mark_s < self.at_s - BACK_S]
        first = 0 if self.journey.end == "hold" else -1
        self.jump(passed[-1] if passed else self._marks_s[first])

    def _gone(self, beat: float) -> float:
        """Beats since the last look; none where another clock began, or this show begins late in one."""
        first = math.isnan(self._beat)
        gone = beat - (0.0 if first else self._beat)
        self._beat = beat
        return gone if gone > -1.0 and not (first and gone > 1.0) else 0.0

    def _hold(self, wanted_s: float, dt_s: float) -> float:
        """Follow the hand, and say how far it went. A wish far away is reached at once."""
        former_s = self._hand_s
        away_s = former_s - wanted_s
        if away_s == 0.0 and self._hand_speed == 0.0:
            return 0.0
        if not abs(away_s) <= LEAP_S:
            self.leapt = self.leapt or not math.isnan(away_s)
            self._hand_s, self._hand_speed = wanted_s, 0.0
            return 0.0
        xx, xv, vx, vv = transition(2.0 * math.pi * HAND_HZ, 1.0, dt_s)
        self._hand_s = wanted_s + xx * away_s + xv * self._hand_speed
        self._hand_speed = vx * away_s + vv * self._hand_speed
        if abs(self._hand_s - wanted_s) < 1e-9 and abs(self._hand_speed) < 1e-9:
            self._hand_s, self._hand_speed = wanted_s, 0.0
        return self._hand_s - former_s

    def state(self) -> list[float]:
        """Six finite numbers; what is not known yet is told by the first."""
        known = float(not math.isnan(self._hand_s))
        hand_s = self._hand_s if known else 0.0
        beat = 0.0 if math.isnan(self._beat) else self._beat
        return [known, self.at_s, self._run_s, hand_s, self._hand_speed, beat]

    def restore(self, state: Sequence[float]) -> None:
        """Go on from there."""
        known, self.at_s, self._run_s, hand_s, self._hand_speed, beat = state
        self._hand_s, self._beat = (hand_s, beat) if known else (math.nan, math.nan)
