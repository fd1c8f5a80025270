"""Signals from nothing but time: oscillators, noise, walks, envelopes fired by events, Euclidean rhythms."""

from mappings.bus import Bus
from mappings.clock.config import EnvelopeConfig, EuclidConfig, Signal
from mappings.clock.oscillators import Envelope, Euclid, Oscillator
from mappings.sources.base import Source, SourceConfig, State


class ClockConfig(SourceConfig):
    """`[sources.clock]`: one table per signal under `signals`."""

    signals: dict[str, Signal] = {}


class Clock(Source):
    """Publishes `/<source>/<signal>` for each configured signal; the same under a stepped clock as live."""

    Config = ClockConfig
    steppable = True

    def __init__(self, name: str, config: ClockConfig) -> None:
        super().__init__(name, config)
        self._signals = config.signals
        self._waves: list[tuple[int, Oscillator]] = []
        self._envelopes: list[tuple[int, Envelope]] = []
        self._rhythms: list[tuple[str, Euclid]] = []
        self._opened_s = self._polled_s = 0.0
        self._seen = 0

    def addresses(self) -> tuple[str, ...]:
        """One per signal; those of Euclidean rhythms are events, the others levels."""
        return tuple(f"/{self.name}/{name}" for name in self._signals)

    def open(self, bus: Bus, now_s: float) -> None:
        """Time begins here."""
        self.close()
        self._opened_s = self._polled_s = now_s
        self._seen = bus.posted
        for name, config in self._signals.items():
            address = f"/{self.name}/{name}"
            if isinstance(config, EuclidConfig):
                self._rhythms.append((address, Euclid(config)))
            elif isinstance(config, EnvelopeConfig):
                self._envelopes.append((self.own(bus, address, rest=config.low), Envelope(config)))
            else:
                self._waves.append((self.own(bus, address, rest=config.low), Oscillator(name, config)))
        self.state = State.OK

    def poll(self, bus: Bus, now_s: float) -> None:
        """Move every signal to `now_s`."""
        elapsed_s, beat = now_s - self._opened_s, bus.tempo.beat
        for slot, wave in self._waves:
            bus.put(slot, wave.step(elapsed_s, beat), now_s)
        for address, rhythm in self._rhythms:
            for share in rhythm.step(elapsed_s, beat):
                bus.post(address, 1.0, self._polled_s + share * (now_s - self._polled_s))
        self._polled_s = now_s
        if self._envelopes:
            self._play_envelopes(bus, elapsed_s, beat, now_s)

    def _play_envelopes(self, bus: Bus, elapsed_s: float, beat: float, now_s: float) -> None:
        for event in bus.events_since(self._seen):
            for _, envelope in self._envelopes:
                if envelope.on == event.address:
                    envelope.fire(event.value, beat if envelope.in_beats else elapsed_s)
        self._seen = bus.posted
        for slot, envelope in self._envelopes:
            bus.put(slot, envelope.step(beat if envelope.in_beats else elapsed_s), now_s)

    def close(self) -> None:
        """Nothing is held; the signals start anew when opened again."""
        self._waves.clear()
        self._envelopes.clear()
        self._rhythms.clear()
