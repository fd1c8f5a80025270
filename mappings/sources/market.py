"""A market as signals: a historical series at any speed, or an exchange live."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mappings.bus import Bus
from mappings.errors import FeedError, SourceError
from mappings.market.features import NAMES, RESTS, Features, PriceGate, Rate
from mappings.market.feed import Feed, check_exchange, check_url
from mappings.market.player import Player, mix
from mappings.market.series import load_series
from mappings.sources.base import Source, SourceConfig, State

MESSAGES_PER_POLL = 64
LATE_MS = 1000.0  # trades may overtake one another by this much
BELIEVE_AFTER = 20  # this many late trades in a row: it was the newest one that was wrong
BREAK_S = 30.0  # after a pause this long the next step of the price is no return


class MarketConfig(SourceConfig):
    """`[sources.market]`: a file to replay, or an exchange that ccxt knows."""

    feed: str = Field(default="replay", pattern=r"^[a-z0-9_]+$")
    symbol: str | None = Field(default=None, max_length=64)
    file: Path | None = None
    speed: float = Field(default=1.0, gt=0, le=1e9, allow_inf_nan=False)  # seconds of the series per second
    loop: bool = True
    between: Literal["linear", "hold"] = "linear"
    window: int = Field(default=256, ge=8, le=100_000)  # bars
    half_life: float = Field(default=32.0, gt=0, le=1e6)  # bars
    trade_events: bool = False
    bar_s: float = Field(default=1.0, ge=0.05, le=3600)  # live
    stale_s: float = Field(default=5.0, gt=0)
    rotate_s: float = Field(default=82_800.0, ge=1)  # 23 h: exchanges cut at 24 h
    url: Annotated[str, AfterValidator(check_url)] | None = None  # a stand-in for the exchange, on this machine only

    @model_validator(mode="after")
    def _whole(self) -> "MarketConfig":
        if self.feed == "replay" and self.file is None:
            raise ValueError('feed "replay" needs file = a CSV or Parquet file (or feed = an exchange, "kraken")')
        if self.feed != "replay" and self.symbol is None:
            raise ValueError(f'feed "{self.feed}" needs symbol = what to watch, for example "BTC/USD"')
        return self


def slug(symbol: str) -> str:
    """How a symbol is called in addresses: `BTC/USD` -> `btc_usd`."""
    return re.sub(r"[^a-z0-9]+", "_", symbol.lower()).strip("_") or "market"


class Market(Source):
    """Publishes `/market/<symbol>/price`, `return_z`, `rank`, ... (mappings/market/features.py says what they are)."""

    Config = MarketConfig

    def __init__(self, name: str, config: MarketConfig) -> None:
        super().__init__(name, config)
        self._config = config
        self.steppable = config.feed == "replay"
        symbol = config.symbol or (config.file.stem if config.file else "")
        self._root = f"/market/{slug(symbol)}"
        self._play: History | Live | None = None
        self._slots: list[int] = []
        self._rate_slot = -1

    def addresses(self) -> tuple[str, ...]:
        """The features, `trades_hz`, and with `trade_events` the event `trade`."""
        names = (*NAMES, "trades_hz", *(("trade",) if self._config.trade_events else ()))
        return tuple(f"{self._root}/{name}" for name in names)

    def open(self, bus: Bus, now_s: float) -> None:
        """Read the file, or start the process that talks to the exchange."""
        self.close()
        price = bus.slot(f"{self._root}/price")  # not owned: no price to relax to
        others = [self.own(bus, f"{self._root}/{n}", rest=r) for n, r in zip(NAMES[1:], RESTS[1:], strict=True)]
        self._slots = [price, *others]
        self._rate_slot = self.own(bus, f"{self._root}/trades_hz", "hz")
        if self._config.feed == "replay":
            self._play = History(self, self._config, now_s)
        else:
            check_exchange(self._config.feed)
            self._play = Live(self, self._config, now_s)

    def poll(self, bus: Bus, now_s: float) -> None:
        """Move to `now_s` and publish."""
        if self._play is None:
            return
        values, trades_hz = self._play.step(bus, now_s)
        if values is None:
            return
        for slot, value in zip(self._slots, values, strict=True):
            bus.put(slot, value, now_s)
        bus.put(self._rate_slot, trades_hz, now_s)

    @property
    def feed_pid(self) -> int | None:
        """Process id of the line to the exchange, while there is one."""
        return self._play.pid if isinstance(self._play, Live) else None

    def hear(self, message: dict[str, Any], bus: Bus, now_s: float) -> None:
        """One message of a live feed, as market_feed.py writes them."""
        if isinstance(self._play, Live):
            self._play.hear(message, bus, now_s)

    def trade(self, bus: Bus, amount: float, time_s: float) -> None:
        """Tell of one trade."""
        if self._config.trade_events:
            bus.post(f"{self._root}/trade", amount if math.isfinite(amount) else 1.0, time_s)

    def close(self) -> None:
        """End the process, let go of the series."""
        if isinstance(self._play, Live):
            self._play.close()
        self._play = None


def _features(config: MarketConfig) -> Callable[[], Features]:
    return lambda: Features(config.window, config.half_life)


class History:
    """The side of a market that replays a file; each row counts as one bar and one trade."""

    def __init__(self, market: Market, config: MarketConfig, now_s: float) -> None:
        self._market, self._began_s = market, now_s
        try:
            series = load_series(config.file or "")
        except FeedError as error:
            raise SourceError(str(error)) from error
        market.dropped.update(series.dropped)
        self._series = series
        self._player = Player(series, _features(config), config.speed, config.loop, config.between == "linear")
        self._rate = Rate()
        market.state, market.detail = State.OK, f"{len(series.prices)} rows of {config.file}"

    def step(self, bus: Bus, now_s: float) -> tuple[list[float] | None, float]:
        """Features and trades per second of show time; None when the series is over."""
        if self._player.over:
            self._market.state, self._market.detail = State.STALE, "the series is over"
            return None, 0.0
        trades = 0

        def passed(row: int, elapsed_s: float) -> None:
            nonlocal trades
            trades += int(self._series.trades[row])
            self._market.trade(bus, float(self._series.volumes[row]), self._began_s + elapsed_s)

        values = self._player.step(now_s - self._began_s, passed)
        return values, self._rate.add(trades, now_s)


class Live:
    """The side of a market that listens to an exchange; bars on a clock of its own, the last price held."""

    def __init__(self, market: Market, config: MarketConfig, now_s: float) -> None:
        self._market, self._config = market, config
        options = ["--rotate-s", str(config.rotate_s), *(["--url", config.url] if config.url else [])]
        self._feed = Feed(config.feed, config.symbol or "", *options)
        self._features, self._gate, self._rate = Features(config.window, config.half_life), PriceGate(), Rate()
        self._price: float | None = None
        self._volume = 0.0
        self._imbalance: float | None = None
        self._here = self._ahead = self._features.values()
        self._bar_due_s = now_s
        self._heard_s = -math.inf
        self._newest_ms = -math.inf
        self._late = self._trades = self._bars = 0
        self._fatal = False
        market.state, market.detail = State.RETRYING, f"connecting to {config.feed}"
        self._feed.start()

    def step(self, bus: Bus, now_s: float) -> tuple[list[float] | None, float]:
        """Features and trades per second; None while nothing comes."""
        for message in self._feed.take(MESSAGES_PER_POLL):
            self.hear(message, bus, now_s)
        self._market.dropped.update(self._feed.dropped)
        self._feed.dropped.clear()
        if not self._fatal and self._feed.revive(now_s) and self._market.state is not State.RETRYING:
            self._set(State.RETRYING, "the process that talks to the exchange ended; starting it again")
        if self._market.state is State.OK and now_s - self._heard_s > self._config.stale_s:
            self._set(State.STALE, f"nothing from {self._config.feed} for {self._config.stale_s:g} s")
        trades, self._trades = self._trades, 0
        return self._bar(now_s), self._rate.add(trades, now_s)

    @property
    def pid(self) -> int | None:
        """Of the process that talks to the exchange."""
        return self._feed.pid

    def close(self) -> None:
        """End the process."""
        self._feed.close()

    def hear(self, message: dict[str, Any], bus: Bus, now_s: float) -> None:
        """Take up one message; what is not as it should be is counted and left out."""
        kind = message.get("k")
        if kind == "trade" and self._in_order(message.get("t")):
            if self._take_price(message.get("p"), now_s):
                amount = _number(message.get("v"))
                self._volume += amount if 0.0 <= amount < 1e300 else 0.0
                self._trades += 1
                self._market.trade(bus, amount, now_s)
        elif kind == "quote":
            bid, ask = _number(message.get("b")), _number(message.get("a"))
            if bid >= 0.0 and ask >= 0.0 and 0.0 < bid + ask < 1e300:
                self._imbalance = (bid - ask) / (bid + ask)
            if message.get("p") is not None:
                self._take_price(message.get("p"), now_s)
            elif self._price is not None:
                self._fresh(now_s)
        elif kind == "fatal":
            self._fatal = True
            self._set(State.LOST, str(message.get("d"))[:300])
        elif kind == "state" and message.get("ok") is False:
            self._set(State.RETRYING, str(message.get("d"))[:300])

    def _take_price(self, given: object, now_s: float) -> bool:
        price = _number(given)
        if not self._gate.accept(price):
            self._market.dropped["market_bad_price"] += 1
            return False
        if now_s - self._heard_s > BREAK_S:
            self._features.interrupt()
        self._price = price
        self._fresh(now_s)
        return True

    def _fresh(self, now_s: float) -> None:
        self._heard_s = now_s
        if self._market.state is not State.OK:
            self._bar_due_s = now_s
            self._feed.worked()
            self._set(State.OK, f"{self._config.feed} {self._config.symbol}")

    def _in_order(self, given: object) -> bool:
        time_ms = _number(given)
        if math.isnan(time_ms) or self._newest_ms - LATE_MS <= time_ms:
            self._newest_ms = max(self._newest_ms, time_ms) if not math.isnan(time_ms) else self._newest_ms
            self._late = 0
            return True
        self._late += 1
        if self._late >= BELIEVE_AFTER:
            self._newest_ms, self._late = time_ms, 0
            return True
        self._market.dropped["market_out_of_order"] += 1
        return False

    def _bar(self, now_s: float) -> list[float] | None:
        if self._price is None or self._market.state is not State.OK:
            return None
        bar_s = self._config.bar_s
        if now_s >= self._bar_due_s:
            self._features.push(self._price, self._volume, self._imbalance)
            former, self._ahead, self._volume = self._ahead, self._features.values(), 0.0
            self._here = former if self._bars else self._ahead
            self._bars += 1
            behind = now_s - self._bar_due_s
            self._bar_due_s = self._bar_due_s + bar_s if behind < bar_s else now_s + bar_s
        if self._config.between == "hold":
            return self._ahead
        return mix(self._here, self._ahead, 1.0 - (self._bar_due_s - now_s) / bar_s)

    def _set(self, state: State, detail: str) -> None:
        self._market.state, self._market.detail = state, detail


def _number(given: object) -> float:
    """A number from what an exchange sent, NaN for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return math.nan
    try:
        return float(given)
    except OverflowError:
        return math.nan
