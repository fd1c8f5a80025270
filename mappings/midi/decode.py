"""One port's messages become levels and events on the bus."""

from collections import Counter
from collections.abc import Callable, Sequence

from mappings.bus import Bus
from mappings.midi.clock import Transport
from mappings.midi.encoders import turn
from mappings.midi.hands import Hand
from mappings.midi.pairs import Fourteen, Nrpn, Wide
from mappings.midi.rules import Encoder, Rules
from mappings.midi.stream import Stream

SENSING_S = 0.4  # a sender that sends active sensing speaks at least every 0.3 s (MIDI 1.0), else it is gone
SELECT = "/show/select"
HALF = 64  # a controller that rises to here is a button pressed

Own = Callable[[str, str], int]  # address, unit -> slot
Beat = Callable[[Transport], None]  # told at each tick of a locked clock
Touched = Callable[[str, int | None, float], None]  # what a hand is on (`1/cc/74`), the byte it shows, time_s


class Decoder:
    """Takes the messages of one port. Continuous ones wait for `flush`, newest wins; notes and clock do not wait."""

    def __init__(
        self, root: str, bus: Bus, own: Own, rules: Rules, beat: Beat, touched: Touched, dropped: Counter[str]
    ) -> None:
        self.root = root
        self.dropped = dropped
        self.transport = Transport()
        self.slots: list[int] = []  # all levels of this port; each rests at 0
        self._bus = bus
        self._own = own
        self._rules = rules
        self._beat = beat
        self._touched = touched
        self._stream = Stream()
        self._resting = True  # the stream is between messages: a whole one needs no reading
        self._plain: dict[int, int] = {}  # status << 7 | controller -> slot, of those that mean nothing more
        self._slots: dict[int, int] = {}  # status << 7 | first byte -> slot
        self._named: dict[str, int] = {}
        self._pending: dict[int, tuple[float, float]] = {}  # slot -> value, time_s
        self._turns: dict[Hand, tuple[float, float]] = {}  # hand -> share of its range, time_s
        self._hands: dict[int, Sequence[Hand]] = {}  # slot -> hands
        self._lamps: dict[int, str] = {}  # slot -> key
        self._encoders: dict[int, Encoder | None] = {}
        self._raw = bytearray(16 * 128)  # the last byte of each controller
        self._unsure: set[int] = set()  # channels where a coarse byte waits for its fine one
        self._held: set[tuple[int, int]] = set()  # channel 0..15, note
        self._fourteen = [Fourteen(rules.fourteen) for _ in range(16)]
        self._nrpn = [Nrpn() for _ in range(16)]
        self._sensed_s: float | None = None

    def take(self, data: Sequence[int], time_s: float) -> None:
        """One message as its driver handed it over. Any bytes at all are allowed."""
        if self._sensed_s is not None:
            self._sensed_s = time_s
        if self._resting and len(data) == 3:
            status, first, second = data
            if 0x80 <= status < 0xF0 and (first | second) < 0x80:
                slot = self._plain.get(status << 7 | first)
                if slot is None:
                    self._channel(status, first, second, time_s)
                else:
                    self._knob(slot, status, first, second, time_s)
                return
        for message in self._stream.feed(data):
            if message[0] >= 0xF0:
                self._system(message, time_s)
            else:
                self._channel(message[0], message[1], message[-1], time_s)
        self._resting = self._stream.resting
        if self._stream.stray:
            self.dropped["midi_malformed"] += self._stream.stray
            self._stream.stray = 0

    def flush(self, now_s: float) -> None:
        """Hand over what has come together in this step."""
        if self._unsure:
            self._settle(now_s)
        if self._pending:
            self._hand_over()
        for hand, (amount, time_s) in self._turns.items():
            hand.turn(amount, time_s, self._bus)
        self._turns.clear()
        if self._sensed_s is not None and now_s - self._sensed_s > SENSING_S:
            self.release(now_s)

    def release(self, time_s: float) -> None:
        """Let go of every held note: the port is gone, or its sender says so."""
        for channel, note in sorted(self._held):
            self._note_off(channel, note, time_s)
        self._sensed_s = None

    def forget(self) -> None:
        """The port is gone: its clock, and what was half said, mean nothing any more."""
        self.transport.loop.reset()
        self.transport.knows_beat = False
        self._stream = Stream()
        self._resting = True
        self._fourteen = [Fourteen(self._rules.fourteen) for _ in range(16)]
        self._nrpn = [Nrpn() for _ in range(16)]
        self._unsure.clear()

    def _settle(self, now_s: float) -> None:
        for channel in sorted(self._unsure):
            fourteen, nrpn = self._fourteen[channel], self._nrpn[channel]
            for wide in (*fourteen.late(now_s), *nrpn.late(now_s)):
                self._wide(channel, wide, now_s)
            if not fourteen.waits and not nrpn.waits:
                self._unsure.discard(channel)

    def _hand_over(self) -> None:
        bus = self._bus
        for slot, (value, time_s) in self._pending.items():
            bus.put(slot, value, time_s)
            for hand in self._hands.get(slot, ()):
                hand.move(value, time_s, bus)
            if slot in self._lamps:
                self._touched(self._lamps[slot], round(value * 127), time_s)
        self._pending.clear()

    def _channel(self, status: int, first: int, second: int, time_s: float) -> None:
        kind, channel = status & 0xF0, status & 0x0F
        if kind == 0xB0:
            self._controller(status, channel, first, second, time_s)
        elif kind == 0x90 and second:
            self._note_on(channel, first, second / 127, time_s)
        elif kind in (0x80, 0x90):
            self._note_off(channel, first, time_s)
        elif kind == 0xE0:
            bend = (second << 7 | first) - 8192
            self._wait(self._slot(status << 7, channel, "bend"), bend / (8191 if bend > 0 else 8192), time_s)
        elif kind == 0xD0:
            self._wait(self._slot(status << 7, channel, "pressure"), first / 127, time_s)
        elif kind == 0xA0:
            self._wait(self._slot(status << 7 | first, channel, f"pressure/{first}"), second / 127, time_s)
        else:
            self._program(channel, first + 1, time_s)

    def _wait(self, slot: int, value: float, time_s: float) -> None:
        self._pending[slot] = (value, time_s)

    def _controller(self, status: int, channel: int, cc: int, byte: int, time_s: float) -> None:
        if cc >= 120:
            self._mode(channel, cc, time_s)
            return
        key = status << 7 | cc
        slot = self._slots.get(key)
        if slot is None:
            slot = self._new_controller(key, channel, cc)
        if slot < 0:  # the bus is full, and has counted it
            return
        encoder = self._encoders[key]
        if encoder is not None:
            self._turn(slot, encoder, byte, time_s)
            return
        self._knob(slot, status, cc, byte, time_s)
        if cc < 64:
            self._pair(self._fourteen[channel], channel, cc, byte, time_s)
        if self._rules.nrpn and cc in Nrpn.CONTROLLERS:
            self._pair(self._nrpn[channel], channel, cc, byte, time_s)

    def _knob(self, slot: int, status: int, cc: int, byte: int, time_s: float) -> None:
        self._pending[slot] = (byte / 127, time_s)
        place = (status & 0x0F) << 7 | cc
        if self._raw[place] < HALF <= byte:
            self._bus.post(f"{self.root}/{(status & 0x0F) + 1}/cc/{cc}", byte / 127, time_s)
        self._raw[place] = byte

    def _pair(self, pair: Fourteen | Nrpn, channel: int, cc: int, byte: int, time_s: float) -> None:
        wide = pair.take(cc, byte, time_s)
        if wide is not None:
            self._wide(channel, wide, time_s)
        elif pair.waits:
            self._unsure.add(channel)

    def _new_controller(self, key: int, channel: int, cc: int) -> int:
        encoder = self._encoders[key] = self._rules.encoders.get(f"{channel + 1}/cc/{cc}")
        slot = self._slot(key, channel, f"cc/{cc}")
        if slot >= 0 and encoder is None and cc >= 64 and not (self._rules.nrpn and cc in Nrpn.CONTROLLERS):
            self._plain[key] = slot
        return slot

    def _turn(self, slot: int, encoder: Encoder, byte: int, time_s: float) -> None:
        amount = turn(encoder.mode, byte) * encoder.step
        self._bus.put(slot, min(1.0, max(0.0, self._bus.value(slot) + amount)), time_s)
        for hand in self._hands.get(slot, ()):
            self._turns[hand] = (self._turns.get(hand, (0.0, 0.0))[0] + amount, time_s)

    def _wide(self, channel: int, wide: Wide, time_s: float) -> None:
        self._wait(self._find(f"{channel + 1}/{wide.kind}/{wide.number}"), wide.position, time_s)

    def _note_on(self, channel: int, note: int, velocity: float, time_s: float) -> None:
        self._held.add((channel, note))
        slot = self._slot((0x90 | channel) << 7 | note, channel, f"note/{note}")
        bus = self._bus
        bus.put(slot, velocity, time_s)
        bus.put(self._find(f"{channel + 1}/note", "note"), note, time_s)
        bus.put(self._find(f"{channel + 1}/velocity"), velocity, time_s)
        bus.put(self._find(f"{channel + 1}/gate"), 1.0, time_s)
        bus.post(f"{self.root}/{channel + 1}/note/{note}", velocity, time_s)
        bus.post(f"{self.root}/{channel + 1}/velocity", velocity, time_s)
        for hand in self._hands.get(slot, ()):
            hand.strike(velocity, time_s, bus)
        if slot in self._lamps:
            self._touched(self._lamps[slot], None, time_s)

    def _note_off(self, channel: int, note: int, time_s: float) -> None:
        if (channel, note) not in self._held:
            return
        self._held.discard((channel, note))
        bus = self._bus
        bus.put(self._slot((0x90 | channel) << 7 | note, channel, f"note/{note}"), 0.0, time_s)
        bus.post(f"{self.root}/{channel + 1}/note/{note}/off", 1.0, time_s)
        if not any(held == channel for held, _ in self._held):
            bus.put(self._find(f"{channel + 1}/gate"), 0.0, time_s)

    def _program(self, channel: int, number: int, time_s: float) -> None:
        """number : 1..128, as devices print it and as the shows of a set are counted"""
        bus = self._bus
        bus.put(self._find(f"{channel + 1}/program"), number, time_s)
        bus.post(f"{self.root}/{channel + 1}/program", number, time_s)
        if self._rules.select_show and SELECT in bus.controls:
            bus.write(SELECT, number, time_s, f"{self.root.removeprefix('/').replace('/', ':')}/{channel + 1}")

    def _mode(self, channel: int, cc: int, time_s: float) -> None:
        """Channel mode: 121 resets controllers; 120 and 123..127 end all notes; 122 is the sender's own affair."""
        if cc == 121:
            self._wait(self._slot((0xE0 | channel) << 7, channel, "bend"), 0.0, time_s)
            self._wait(self._slot((0xD0 | channel) << 7, channel, "pressure"), 0.0, time_s)
        elif cc != 122:
            for held, note in sorted(self._held):
                if held == channel:
                    self._note_off(channel, note, time_s)

    def _system(self, message: Sequence[int], time_s: float) -> None:
        match message[0]:
            case 0xF8:
                self._tick(time_s)
            case 0xFA:
                self.transport.start()
                self._transport("start", time_s)
            case 0xFB:
                self.transport.proceed()
                self._transport("continue", time_s)
            case 0xFC:
                self.transport.stop()
                self._transport("stop", time_s)
                if self.transport.loop.locked:
                    self._beat(self.transport)
            case 0xF2:
                self.transport.locate(message[2] << 7 | message[1])
            case 0xFE:
                self._sensed_s = time_s
            case 0xFF:
                self.release(time_s)

    def _tick(self, time_s: float) -> None:
        self.transport.tick(time_s)
        if self.transport.loop.locked:
            self._bus.put(self._find("clock/bpm", "bpm"), self.transport.loop.bpm, time_s)
            self._bus.put(self._find("clock/beats", "beats"), self.transport.beats, time_s)
            self._beat(self.transport)

    def _transport(self, what: str, time_s: float) -> None:
        self._bus.put(self._find("clock/playing"), float(self.transport.playing), time_s)
        self._bus.post(f"{self.root}/{what}", 1.0, time_s)

    def _slot(self, key: int, channel: int, name: str) -> int:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = self._find(f"{channel + 1}/{name}")
        return slot

    def _find(self, name: str, unit: str = "") -> int:
        """The slot of a level of this port; with the hands and lamps on it the first time."""
        slot = self._named.get(name)
        if slot is None:
            slot = self._named[name] = self._own(f"{self.root}/{name}", unit)
            if slot < 0:
                return slot
            self.slots.append(slot)
            if name in self._rules.hands:
                self._hands[slot] = self._rules.hands[name]
            if name in self._rules.lamps:
                self._lamps[slot] = name
        return slot
