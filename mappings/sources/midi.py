"""MIDI: notes, controllers, clock; hands on controls; lamps and rings that answer.

Addresses are `/midi/<port>/<channel 1-16>/...`: `cc/<n>`, `cc14/<n>`, `nrpn/<parameter>`, `note/<n>`, `note`,
`velocity`, `gate`, `bend`, `pressure`, `program`; and `/midi/<port>/clock/bpm`, `/start`, `/stop`, `/continue`.
"""

import difflib
import functools
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus
from mappings.errors import SourceError
from mappings.midi.clock import Transport
from mappings.midi.config import MidiConfig
from mappings.midi.decode import Decoder
from mappings.midi.drivers import Driver, Take, find_driver
from mappings.midi.feedback import Lamps, Sender
from mappings.midi.hands import Hand
from mappings.midi.names import matches
from mappings.midi.rules import Encoder, Rules
from mappings.midi.watch import News, Wanted, Watch
from mappings.sources.base import Source, State

CLIENT = "latenz"  # our clients are latenz-ports, latenz-in, latenz-out
WAITING = 8192  # messages between two polls; more are counted and refused
PER_POLL = 512  # messages taken at one poll: bounded work, far above any flood
LEAD_S = 1.0  # a port whose clock is silent for longer no longer leads


class Midi(Source):
    """Every MIDI port that matches, by name, for as long as the show runs."""

    Config = MidiConfig
    config: MidiConfig

    def __init__(self, name: str, config: MidiConfig, find: Callable[[str, str], Driver] = find_driver) -> None:
        super().__init__(name, config)
        self._find = find
        self._queue: deque[tuple[str, Sequence[int], float]] = deque()
        self._overflow = 0
        self._decoders: dict[str, Decoder] = {}
        self._full: dict[str, str] = {}  # name -> name for people, of every port that ever opened
        self._here: dict[str, str] = {}  # open inputs: name -> name for people
        self._gone: dict[str, str] = {}
        self._api = ""
        self._trouble = "looking for MIDI ports"
        self._newest_s: float | None = None
        self._leader = ("", float("-inf"))  # the port whose clock leads, and when it last did
        self._sender = Sender()
        self._lamps = Lamps([lamp.lamp for lamp in config.feedback], self._sender)
        self._addresses: Sequence[str] = ()
        self._values: NDArray[np.float64] = np.zeros(0)
        self._where: Mapping[str, int] = {}
        self._watch: Watch | None = None
        self.detail = self._trouble

    def addresses(self) -> tuple[str, ...]:
        return (f"/{self.name}/*",)

    def open(self, bus: Bus, now_s: float) -> None:
        self._check_controls(bus)
        wanted = Wanted(
            inputs=self.config.ports,
            outputs=tuple({lamp.port: None for lamp in self.config.feedback}),
            aliases=self.config.names,
            client=CLIENT,
            virtual=self.config.virtual,
        )
        connect = functools.partial(self._find, self.config.api, CLIENT)
        self._watch = Watch(connect, wanted, self._taker, self._sender, self.config.look_s)
        self._watch.start()
        if self.config.feedback:
            self._sender.start()

    def _check_controls(self, bus: Bus) -> None:
        for row in (*self.config.control, *self.config.feedback):
            if bus.controls and row.control not in bus.controls:
                near = difflib.get_close_matches(row.control, bus.controls, 1)
                hint = f'; did you mean "{near[0]}"?' if near else ""
                raise SourceError(f'[sources.{self.name}]: no control "{row.control}" in this show{hint}')

    def _taker(self, port: str, full: str) -> Take:
        """Where a driver's thread puts the messages of one port: nothing but an append."""
        self._full[port] = full
        queue = self._queue

        def take(data: Sequence[int], time_s: float) -> None:
            if len(queue) < WAITING:
                queue.append((port, data, time_s))
            else:
                self._overflow += 1

        return take

    def poll(self, bus: Bus, now_s: float) -> None:
        queue = self._queue
        if queue:
            stamps = bus.stamps["midi"]
            for _ in range(min(len(queue), PER_POLL)):
                port, data, time_s = queue.popleft()
                stamps.add(time_s)
                decoder = self._decoders.get(port)
                if decoder is None:
                    decoder = self._new_decoder(port, bus)
                decoder.take(data, time_s)
            self._newest_s = now_s
        if self._watch is not None and self._watch.news:
            self._hear(bus, now_s)
        for decoder in self._decoders.values():
            decoder.flush(now_s)
        if self._overflow:
            self._overflowed(now_s)
        if self.config.stale_s is not None:
            self._judge(now_s)

    def _overflowed(self, now_s: float) -> None:
        """Note-offs may be among what was refused: no note may hang."""
        self.dropped["midi_overflow"] += self._overflow
        self._overflow = 0
        for decoder in self._decoders.values():
            decoder.release(now_s)

    def _hear(self, bus: Bus, now_s: float) -> None:
        assert self._watch is not None
        while self._watch.news:
            news = self._watch.news.popleft()
            if news.what == "input":
                self._input(news, bus, now_s)
            elif news.what == "output":
                self._output(news)
            elif news.what == "ready":
                self._api, self._trouble = news.text, ""
            else:
                self._trouble = news.text
        self._judge(now_s)

    def _input(self, news: News, bus: Bus, now_s: float) -> None:
        if news.here:
            self._here[news.name] = news.full
            self._gone.pop(news.name, None)
            return
        self._gone[news.name] = self._here.pop(news.name, news.full)
        decoder = self._decoders.get(news.name)
        if decoder is not None:
            decoder.release(now_s)
            decoder.forget()
        if self._leader[0] == news.name:
            self._leader = ("", float("-inf"))
            bus.tempo.withdraw("midi")

    def _output(self, news: News) -> None:
        if not news.here:
            self._lamps.disconnect(news.name)
            return
        for i, lamp in enumerate(self._lamps.lamps):
            if matches(lamp.port, news.full) or matches(lamp.port, news.name):
                self._lamps.connect(i, news.name)

    def _judge(self, now_s: float) -> None:
        """How far we can be trusted now, in plain words."""
        quiet_s = float("inf") if self._newest_s is None else now_s - self._newest_s
        gone = ", ".join(self._gone.values())
        if self._gone:
            why = f" ({self._trouble})" if self._trouble else ""
            self.state, self.detail = State.LOST, f"{gone} is gone{why}; waiting for it to come back"
        elif self._trouble:
            self.state, self.detail = State.RETRYING, self._trouble
        elif not self._here:
            self.state = State.RETRYING
            self.detail = f"no MIDI input matches {', '.join(self.config.ports)} yet; plug one in"
        elif self.config.stale_s is not None and quiet_s > self.config.stale_s:
            self.state, self.detail = State.STALE, f"nothing played for {self.config.stale_s:g} s"
        else:
            self.state, self.detail = State.OK, f"{', '.join(self._here.values())} ({self._api})"

    def _new_decoder(self, port: str, bus: Bus) -> Decoder:
        full = self._full[port]
        lamps = {lamp.key: i for i, lamp in enumerate(self._lamps.lamps) if self._means(lamp.port, port, full)}
        decoder = Decoder(
            root=f"/{self.name}/{port}",
            bus=bus,
            own=functools.partial(self.own, bus),
            rules=self._rules(port, full, frozenset(lamps)),
            beat=functools.partial(self._beat, port, bus),
            touched=lambda key, byte, time_s: self._lamps.touched(lamps[key], byte, time_s),
            dropped=self.dropped,
        )
        self._decoders[port] = decoder
        return decoder

    def _rules(self, port: str, full: str, lamps: frozenset[str]) -> Rules:
        encoders = {
            f"{row.channel}/cc/{row.cc}": Encoder(row.mode, row.step)
            for row in self.config.encoder
            if self._means(row.port, port, full)
        }
        hands: dict[str, list[Hand]] = {}
        for row in self.config.control:
            if self._means(row.port, port, full):
                who = f"{self.name}:{port}/{row.channel}"
                hands.setdefault(row.key, []).append(
                    Hand(row.reach, who, row.pickup or self.config.pickup, self._standing)
                )
        fourteen = None if self.config.fourteen_bit == "auto" else self.config.fourteen_bit
        return Rules(encoders, hands, lamps, fourteen, self.config.nrpn, self.config.select_show)

    @staticmethod
    def _means(pattern: str, port: str, full: str) -> bool:
        return matches(pattern, port) or matches(pattern, full)

    def _beat(self, port: str, bus: Bus, transport: Transport) -> None:
        """A port's clock ticked; one port leads at a time, a playing one before a stopped one."""
        loop = transport.loop
        leader, led_s = self._leader
        if leader not in ("", port) and loop.time_s - led_s < LEAD_S:
            return
        self._leader = (port, loop.time_s)
        bar = transport.beats % bus.tempo.bar_beats / bus.tempo.bar_beats if transport.knows_beat else None
        bus.tempo.offer(
            "midi", loop.bpm, transport.beats % 1.0, loop.time_s, transport.confidence, transport.playing, bar
        )

    def _standing(self, control: str) -> float | None:
        index = self._where.get(control)
        return None if index is None else float(self._values[index])

    def feedback(self, addresses: Sequence[str], values: NDArray[np.float64], bus: Bus, now_s: float) -> None:
        if addresses is not self._addresses:
            self._addresses = addresses
            self._where = {address: i for i, address in enumerate(addresses)}
        self._values = values
        self._lamps.show(addresses, values, now_s)

    def relax(self, bus: Bus, now_s: float) -> None:
        """As every source does it, but for the ports that are gone only."""
        dt_s = 0.0 if self._relaxed_s is None else now_s - self._relaxed_s
        self._relaxed_s = now_s
        if not self._gone or self.config.when_lost == "hold" or dt_s <= 0:
            return
        keep = 2.718281828459045 ** (-dt_s / self.config.rest_s)
        for port in self._gone:
            if port in self._decoders:
                for slot in self._decoders[port].slots:
                    bus.put(slot, bus.value(slot) * keep, now_s)

    def close(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        self._sender.stop()
        self.dropped.update(self._sender.dropped)
        self._sender.dropped.clear()
