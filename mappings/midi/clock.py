"""MIDI clock: 24 ticks a beat, each late by some milliseconds, filtered into a steady tempo and phase."""

import math

TICKS_PER_BEAT = 24
TICKS_PER_SIXTEENTH = 6
BANDWIDTH_HZ = 0.5  # of the locked loop: what shakes faster is jitter, what changes slower is tempo
SILENCE_S = 1.0  # a longer pause starts anew
LOW_BPM, HIGH_BPM = 20.0, 400.0
FAR = 0.6  # of a period
LOST = 6  # ticks in a row far off on one side: the tempo has jumped, lock afresh
HEELS_S = 0.002  # no clock is this fast: a tick so soon after another says nothing of the time
LOCKED = 24  # ticks after which the tempo is offered


class DelayLocked:
    """The second-order delay-locked loop of F. Adriaensen, "Using a DLL to filter time" (LAC 2005).

    Its gains begin as those of a least-squares line through all ticks so far and narrow down to the loop's own:
    it locks as fast as the ticks allow and is as calm as the bandwidth says.
    """

    def __init__(self, bandwidth_hz: float = BANDWIDTH_HZ) -> None:
        self.bandwidth_hz = bandwidth_hz
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.ticks = 0
        self.time_s = 0.0  # filtered time of the newest tick
        self.period_s = 0.0  # filtered time between ticks
        self._came_s = 0.0
        self._astray = 0

    def tick(self, time_s: float) -> None:
        """One clock message, stamped by its driver."""
        if self.ticks and not 0.0 <= time_s - self._came_s <= SILENCE_S:
            self.reset()
        if self.ticks == 0:
            self.time_s = time_s
        elif self.ticks == 1:
            self._pull(time_s - self.time_s, time_s)
        else:
            self._follow(time_s)
        self.ticks += 1
        self._came_s = time_s

    def _pull(self, period_s: float, time_s: float) -> None:
        shortest_s, longest_s = (60.0 / (bpm * TICKS_PER_BEAT) for bpm in (HIGH_BPM, LOW_BPM))
        self.period_s = min(longest_s, max(shortest_s, period_s))
        self.time_s = time_s

    def _follow(self, time_s: float) -> None:
        if time_s - self._came_s < HEELS_S:  # held up together with the tick before: only that it came is news
            self.time_s += self.period_s
            return
        error_s = time_s - (self.time_s + self.period_s)
        far = abs(error_s) > FAR * self.period_s
        self._astray = self._astray + (1 if error_s > 0 else -1) if far else 0
        if abs(self._astray) >= LOST:
            came_s = self._came_s
            self.reset()
            self.ticks = 1
            self._pull(time_s - came_s, time_s)
            return
        if self.locked:  # one tick held up by its sender must not shove the beat
            error_s = min(self.period_s, max(-self.period_s, error_s))
        n = self.ticks + 1
        omega = 2.0 * math.pi * self.bandwidth_hz * self.period_s
        b = max(math.sqrt(2.0) * omega, 2.0 * (2 * n - 1) / (n * (n + 1)))
        c = max(omega * omega, 6.0 / (n * (n + 1)))
        self._pull(self.period_s + c * error_s, self.time_s + self.period_s + b * error_s)

    @property
    def bpm(self) -> float:
        """The tempo; 0 before the second tick."""
        return 60.0 / (self.period_s * TICKS_PER_BEAT) if self.period_s > 0 else 0.0

    @property
    def locked(self) -> bool:
        """Whether a whole beat has been heard."""
        return self.ticks >= LOCKED


class Transport:
    """Where the sender's song stands: Start, Stop, Continue, Song Position, and the ticks between."""

    def __init__(self) -> None:
        self.loop = DelayLocked()
        self.playing = True  # a sender that never says Start is taken to be playing
        self.knows_beat = False  # whether Start, Continue or Song Position said where the beat is
        self._song = -1  # ticks since the song's start at the newest tick

    def tick(self, time_s: float) -> None:
        """0xF8."""
        if self.loop.ticks and time_s - self.loop.time_s > SILENCE_S:
            self.knows_beat = False
        self.loop.tick(time_s)
        if self.playing:
            self._song += 1

    def start(self) -> None:
        """0xFA: the next tick is the first of the song."""
        self._song, self.playing, self.knows_beat = -1, True, True

    def proceed(self) -> None:
        """0xFB: the next tick goes on from the song position."""
        self.playing = self.knows_beat = True

    def stop(self) -> None:
        """0xFC."""
        self.playing = False

    def locate(self, sixteenths: int) -> None:
        """0xF2: the next tick is at this many sixteenths."""
        self._song = sixteenths * TICKS_PER_SIXTEENTH - 1
        self.knows_beat = True

    @property
    def beats(self) -> float:
        """The song position at the newest tick, in beats."""
        return max(self._song, 0) / TICKS_PER_BEAT

    @property
    def confidence(self) -> float:
        """1 where tempo and beat are known, 0.6 where only the tempo is."""
        return 1.0 if self.knows_beat else 0.6
