"""Lamps and rings: where the controls stand, sent back to the hardware that shows it."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mappings.midi.drivers import Outlet
from mappings.midi.hands import Reach

RATE_HZ = 60.0
HOLD_OFF_S = 0.3  # a knob that is being moved is left alone for this long
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Lamp:
    """A control shown by one message of one port: a ring by a controller, a lamp by a note's velocity."""

    reach: Reach
    port: str  # pattern
    channel: int  # 1..16
    number: int
    is_ring: bool

    @property
    def key(self) -> str:
        """What the address of the knob it belongs to ends in."""
        return f"{self.channel}/{'cc' if self.is_ring else 'note'}/{self.number}"


def _head(lamp: Lamp) -> tuple[int, int]:
    """Status and number of a lamp's message, as mido writes them."""
    from mido import Message  # here, because a show without lamps needs no mido

    data = {"control": lamp.number} if lamp.is_ring else {"note": lamp.number}
    status, number, _ = Message(
        "control_change" if lamp.is_ring else "note_on", channel=lamp.channel - 1, **data
    ).bytes()
    return status, number


class Sender:
    """A thread that sends, because a driver may block. A newer message replaces one that still waits."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._outlets: dict[str, Outlet] = {}
        self._pending: dict[tuple[str, int], Sequence[int]] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()  # held while an outlet is in use
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="midi-sender", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, port: str, lamp: int, data: Sequence[int]) -> None:
        """Send this soon; never waits."""
        with self._lock:
            self._pending[(port, lamp)] = data
        self._wake.set()

    def connect(self, port: str, outlet: Outlet) -> None:
        """An output has come."""
        with self._sending:
            self._outlets[port] = outlet

    def disconnect(self, port: str) -> None:
        """An output has gone; once this returns nothing more is sent to it."""
        with self._sending:
            self._outlets.pop(port, None)

    def stop(self) -> None:
        """End the thread; what still waits is let go."""
        self._ended = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                pending, self._pending = self._pending, {}
            for (port, _), data in pending.items():
                self._send(port, data)

    def _send(self, port: str, data: Sequence[int]) -> None:
        with self._sending:
            outlet = self._outlets.get(port)
            if outlet is None or self._ended:
                return
            try:
                outlet.send(data)
            except (OSError, RuntimeError, ValueError):  # the device went between two looks at the port list
                self.dropped["midi_unsent"] += 1


class Lamps:
    """Decides what is sent: changes only, 60 times a second at most, not to what a hand is moving."""

    def __init__(self, lamps: Sequence[Lamp], sender: Sender) -> None:
        self.lamps = tuple(lamps)
        self._sender = sender
        self._ports: list[list[str]] = [[] for _ in self.lamps]  # connected outputs of each lamp
        self._indices: NDArray[np.int64] = np.zeros(0, np.int64)
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)  # lamps whose control this show has
        self._addresses: Sequence[str] | None = None
        self._heads = [_head(lamp) for lamp in self.lamps]
        self._low = np.array([lamp.reach.low for lamp in self.lamps])
        self._span = np.array([lamp.reach.high - lamp.reach.low for lamp in self.lamps])
        self._sent: NDArray[np.int64] = np.full(len(self.lamps), UNKNOWN, np.int64)
        self._held_until_s = np.full(len(self.lamps), -np.inf)
        self._next_s = -np.inf

    def connect(self, lamp: int, port: str) -> None:
        """An output of this lamp has come (back): its value is sent anew."""
        if port not in self._ports[lamp]:
            self._ports[lamp].append(port)
        self._sent[lamp] = UNKNOWN

    def disconnect(self, port: str) -> None:
        """An output has gone."""
        for ports in self._ports:
            if port in ports:
                ports.remove(port)

    def touched(self, lamp: int, byte: int | None, now_s: float) -> None:
        """A hand is on the knob of this lamp, which shows `byte` by itself (None: nobody knows what it shows)."""
        self._held_until_s[lamp] = now_s + HOLD_OFF_S
        self._sent[lamp] = UNKNOWN if byte is None else byte

    def show(self, addresses: Sequence[str], values: NDArray[np.float64], now_s: float) -> None:
        """Where the controls stand now; called at every step, sends at most every 1/60 s."""
        if not self.lamps or now_s < self._next_s:
            return
        self._next_s = now_s + 1.0 / RATE_HZ
        if addresses is not self._addresses:
            self._find(addresses)
        rows = self._rows
        share = (values[self._indices] - self._low[rows]) / self._span[rows]
        wanted = np.rint(np.clip(np.nan_to_num(share), 0.0, 1.0) * 127).astype(np.int64)
        due = (wanted != self._sent[rows]) & (now_s >= self._held_until_s[rows])
        if due.any():
            for at in np.flatnonzero(due):
                self._send(int(rows[at]), int(wanted[at]))

    def _find(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        where = {address: i for i, address in enumerate(addresses)}
        rows = [row for row, lamp in enumerate(self.lamps) if lamp.reach.control in where]
        self._rows = np.array(rows, np.int64)
        self._indices = np.array([where[self.lamps[row].reach.control] for row in rows], np.int64)

    def _send(self, row: int, byte: int) -> None:
        for port in self._ports[row]:
            self._sender.put(port, row, (*self._heads[row], byte))
        if self._ports[row]:
            self._sent[row] = byte
