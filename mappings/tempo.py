"""Beat and bar from the best clock there is: a take, Link, MIDI clock, the beat tracker, taps, or a plain tempo."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal, Protocol

SOURCES = ("take", "link", "midi", "tracker", "tap", "free")  # best first
FRESH_S = {"take": 1.0, "link": 2.0, "midi": 1.0, "tracker": 2.0, "tap": math.inf}
TRUST = 0.5  # confidence from which the tracker leads ...
DOUBT = 0.3  # ... and below which it stops leading
SLEW = 0.5  # while locking, the beat runs between half and one and a half times its tempo: a half beat in one beat
LOCK_S = 0.1  # time constant of the last bit of the way
LOW_BPM, HIGH_BPM = 10.0, 1000.0
TAKE_BEATS = 0.1  # a take's beat was smooth when it was played: it is followed to the letter up to this gap
TAP_GAP_S = 2.0  # a longer pause begins a new count
TAP_BOUNCE_S = 0.06
TAPS = 8
TICKS_PER_STEP = 64  # a process that slept makes up for this many beats, not for an hour of them


class Listener(Protocol):
    """What tempo needs of the bus."""

    def slot(self, address: str, unit: str = "", rest: float = 0.0) -> int: ...
    def put(self, slot: int, value: float, time_s: float) -> None: ...
    def post(self, address: str, value: float, time_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Offer:
    """Where one clock stood at one moment."""

    bpm: float
    beat_phase: float  # 0..1 in the beat at time_s
    time_s: float
    confidence: float = 1.0
    playing: bool = True
    bar_phase: float | None = None  # 0..1 in the bar at time_s, where the clock knows it

    def beats_at(self, now_s: float) -> float:
        """The clock's beats at `now_s`, right up to whole beats."""
        return self.beat_phase + (now_s - self.time_s) * self.bpm / 60.0


class Taps:
    """The times of the last taps, and the tempo that fits them best."""

    def __init__(self) -> None:
        self._times_s: list[float] = []

    def add(self, time_s: float) -> bool:
        """One more tap; false for one that comes too soon to be meant (a bouncing pad) or not from this time at all."""
        gap_s = time_s - self._times_s[-1] if self._times_s else math.inf
        if not math.isfinite(time_s) or 0.0 <= gap_s < TAP_BOUNCE_S:
            return False
        kept = self._times_s if 0.0 < gap_s <= TAP_GAP_S else []
        self._times_s = [*kept, time_s][-TAPS:]
        return True

    @property
    def bpm(self) -> float | None:
        """The tempo, from the second tap on: the straight line through the last 8 (least squares)."""
        n = len(self._times_s)
        if n < 2:
            return None
        middle, mean_s = (n - 1) / 2.0, sum(self._times_s) / n
        lean = sum((i - middle) * (t - mean_s) for i, t in enumerate(self._times_s))
        return 60.0 * sum((i - middle) ** 2 for i in range(n)) / lean

    @property
    def confidence(self) -> float:
        """0.25 for each tap, up to 1."""
        return min(1.0, len(self._times_s) / 4.0)


class Tempo:
    """One running beat that follows the best clock on offer without ever going back.

    Laws: `beat` is monotone; off a take, its speed stays within `SLEW` of its tempo, so a change of clock never
    jumps; after a change it is within 0.01 beat of the new clock after two beats and half a second;
    each beat ticks once. When the last clock falls silent the beat runs on at the tempo it had.
    """

    def __init__(self, bpm: float = 120.0, bar_beats: int = 4) -> None:
        self.bpm = bpm
        self.beat = 0.0  # running beats since the start
        self.bar_beats = bar_beats
        self.source: str = "free"
        self.confidence = 0.0
        self.scale = 1.0  # half and double time
        self.dropped: Counter[str] = Counter()
        self._offers: dict[str, Offer] = {"free": Offer(bpm, 0.0, 0.0, 0.0)}
        self._free_bpm = bpm
        self._nudged_beats = 0.0
        self._taps = Taps()
        self._bar_start = 0  # the beat on which this bar began
        self._stepped_s: float | None = None
        self._crossed_beat = self._crossed_bar = False
        self._bus: Listener | None = None
        self._slots: tuple[int, ...] = ()

    @property
    def beat_phase(self) -> float:
        """0..1 in the beat."""
        return self.beat - math.floor(self.beat)

    @property
    def bar_phase(self) -> float:
        """0..1 in the bar."""
        return min((self.beat - self._bar_start) / self.bar_beats, 1.0 - 1e-12)

    def crossed(self, unit: Literal["beat", "bar"]) -> bool:
        """Whether the last step passed the start of a beat or bar."""
        return self._crossed_beat if unit == "beat" else self._crossed_bar

    def offer(
        self,
        source: str,
        bpm: float,
        beat_phase: float,
        time_s: float,
        confidence: float = 1.0,
        playing: bool = True,
        bar_phase: float | None = None,
    ) -> None:
        """A clock tells where it stands; called at each of its updates.

        beat_phase, bar_phase : 0..1 at `time_s`. A clock that is stopped (`playing` false) does not lead.
        """
        if source not in FRESH_S:
            raise ValueError(f'no clock called "{source}"; there are: {", ".join(FRESH_S)}')
        if not (LOW_BPM <= bpm <= HIGH_BPM and math.isfinite(beat_phase + time_s + confidence + (bar_phase or 0.0))):
            self.dropped["tempo_refused"] += 1
            return
        self._offers[source] = Offer(bpm, beat_phase, time_s, confidence, playing, bar_phase)

    def withdraw(self, source: str) -> None:
        """A clock has gone: it stops leading at once instead of when it is no longer fresh."""
        if source != "free":
            self._offers.pop(source, None)

    def resume(self, beat: float) -> None:
        """Go on from a beat that another tempo had reached: a process was started again."""
        if math.isfinite(beat) and beat > self.beat:
            self.beat = beat
            self._bar_start = math.floor(beat / self.bar_beats) * self.bar_beats

    def tap(self, time_s: float) -> None:
        """The player taps the beat: one tap sets the phase and begins a bar, two or more set the tempo."""
        if not self._taps.add(time_s):
            return
        bpm = self._taps.bpm
        if bpm is None:
            self.offer("tap", self.bpm / self.scale, 0.0, time_s, self._taps.confidence, bar_phase=0.0)
        else:
            self.offer("tap", bpm, 0.0, time_s, self._taps.confidence)

    def nudge(self, beats: float) -> None:
        """Push the beat ahead (or hold it back) against its clock, for example for a slow projector."""
        if math.isfinite(beats):
            self._nudged_beats += beats

    def half(self) -> None:
        """Count half as fast: for a tracker that took eighths for beats. Down to a quarter."""
        self.scale = max(0.25, self.scale / 2.0)

    def double(self) -> None:
        """Count twice as fast. Up to four times."""
        self.scale = min(4.0, self.scale * 2.0)

    def free_bpm(self, bpm: float) -> None:
        """The tempo where there is no clock. A new value also ends what was tapped; the same one again does nothing."""
        if not LOW_BPM <= bpm <= HIGH_BPM:
            self.dropped["tempo_refused"] += 1
        elif bpm != self._free_bpm:
            self._free_bpm = bpm
            self.withdraw("tap")
            self._run_free(bpm, self._stepped_s or 0.0)

    def step(self, bus: Listener, now_s: float) -> None:
        """Move to `now_s` and publish `/tempo/...`. Call once per step, before anything asks for the beat."""
        before = self.beat
        dt_s = 0.0 if self._stepped_s is None else max(0.0, now_s - self._stepped_s)
        source = self._best(now_s)
        if source == "free" and (self.source != "free" or self._stepped_s is None):
            self._run_free(self.bpm / self.scale, self._stepped_s if self._stepped_s is not None else now_s)
        offer, joins_take = self._offers[source], source == "take" != self.source
        # A take's beat is the one that was heard: half time and nudges are in it already.
        scale, ahead = (1.0, 0.0) if source == "take" else (self.scale, self._nudged_beats)
        self.source, self.confidence, self.bpm = source, offer.confidence, offer.bpm * scale
        error = self._error(offer, now_s - dt_s, scale, ahead)
        stride = dt_s * self.bpm / 60.0
        if source == "take" and abs(error) < TAKE_BEATS:
            self.beat += max(0.0, stride + error)
        elif joins_take:
            self.beat += stride + error % 1.0
        else:
            pull = error * -math.expm1(-dt_s / LOCK_S)
            self.beat += stride + max(-SLEW * stride, min(SLEW * stride, pull))
        self._tick(bus, before, now_s - dt_s, now_s, offer)
        self._stepped_s = now_s
        self._publish(bus, now_s)

    def _best(self, now_s: float) -> str:
        """The best clock that plays, is fresh, and can be trusted."""
        for name in SOURCES:
            offer = self._offers.get(name)
            if offer is None or not offer.playing:
                continue
            if name == "tracker" and offer.confidence < (DOUBT if self.source == "tracker" else TRUST):
                continue
            if name == "free" or now_s - offer.time_s <= FRESH_S[name]:
                return name
        return "free"

    def _run_free(self, bpm: float, now_s: float) -> None:
        """Let the free clock go on from here."""
        beats = (self.beat - self._nudged_beats) / self.scale
        self._offers["free"] = Offer(bpm, beats - math.floor(beats), now_s, 0.0)

    def _error(self, offer: Offer, now_s: float, scale: float, ahead_beats: float) -> float:
        """How far the clock is ahead of our beat, in our beats, the short way round.

        At half time one beat of ours holds two of the clock's, and either may be the first.
        """
        fine = max(1.0, scale)
        steps = (offer.beats_at(now_s) - (self.beat - ahead_beats) / scale) * fine
        return (steps - math.floor(steps + 0.5)) / fine * scale

    def _tick(self, bus: Listener, before: float, before_s: float, now_s: float, offer: Offer) -> None:
        """Post each beat passed since the last step, at the moment it passed."""
        first = math.floor(before) + 1 if self._stepped_s is not None or before > 0.0 else 0
        last = math.floor(self.beat)
        self._crossed_beat, self._crossed_bar = last >= first, False
        if last < first:
            return
        for beat in range(max(first, last - TICKS_PER_STEP + 1), last + 1):
            share = (beat - before) / (self.beat - before) if self.beat > before else 1.0
            time_s = before_s + min(1.0, max(0.0, share)) * (now_s - before_s)
            bus.post("/tempo/tick", 1.0, time_s)
            place = self._place_in_bar(beat, time_s, offer)
            self._bar_start = beat - place
            if place == 0:
                self._crossed_bar = True
                bus.post("/tempo/downbeat", 1.0, time_s)

    def _place_in_bar(self, beat: int, time_s: float, offer: Offer) -> int:
        """Which beat of the bar this is, from 0; a clock that knows its bars says so, else we count."""
        exact = self.source == "take"
        if offer.bar_phase is None or (self.scale != 1.0 and not exact):
            return (beat - self._bar_start) % self.bar_beats
        bar_beats = offer.bar_phase * self.bar_beats + (time_s - offer.time_s) * offer.bpm / 60.0
        return round(bar_beats + (0.0 if exact else self._nudged_beats)) % self.bar_beats

    def _publish(self, bus: Listener, now_s: float) -> None:
        if self._bus is not bus:
            self._bus = bus
            units = {"bpm": "bpm", "beat": "", "bar": "", "confidence": ""}
            self._slots = tuple(bus.slot(f"/tempo/{name}", unit) for name, unit in units.items())
        bpm, beat, bar, confidence = self._slots
        bus.put(bpm, self.bpm, now_s)
        bus.put(beat, self.beat_phase, now_s)
        bus.put(bar, self.bar_phase, now_s)
        bus.put(confidence, self.confidence, now_s)
