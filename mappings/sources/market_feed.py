"""The process that talks to an exchange through ccxt.pro and writes what it hears as JSON lines.

    python -m mappings.sources.market_feed EXCHANGE SYMBOL [--url URL] [--rotate-s S]

    {"k": "trade", "p": price, "v": amount, "t": exchange's time in ms, "i": exchange's id}
    {"k": "quote", "p": last price or null, "b": bid size, "a": ask size}
    {"k": "state", "ok": bool, "d": why}            connected, or waiting to connect again
    {"k": "fatal", "d": why}                        nothing that waiting would mend

It ends when its standard input does, so it never outlives the show.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections import deque
from difflib import get_close_matches
from typing import Any

from mappings.market.feed import check_url, retry_after_s

KEEP_ALIVE_MS = 10_000  # a connection that is open at one end only is noticed after two of these
SILENCE_S = 120.0  # not a word at all: connect anew
QUOTE_EVERY_S = 0.1
HANDOVER_S = 30.0  # how long a new connection may take to speak before the old one stays
SETTLED_S = 30.0  # a connection that lived this long was good: waiting starts from 1 s again


class Fatal(Exception):  # noqa: N818 - said to people, not raised through the show
    """Waiting would not mend it."""


def say(**message: object) -> None:
    """One line to the show."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Known:
    """Trades already told: two connections overlap while one takes over from the other."""

    def __init__(self) -> None:
        self._order: deque[str] = deque(maxlen=4096)
        self._ids: set[str] = set()

    def fresh(self, trade: dict[str, Any]) -> bool:
        """True the first time; trades without an id always count."""
        name = trade.get("id")
        if name is None:
            return True
        if name in self._ids:
            return False
        if len(self._order) == self._order.maxlen:
            self._ids.discard(self._order[0])
        self._order.append(name)
        self._ids.add(name)
        return True


class Session:
    """One connection to one exchange for one symbol."""

    def __init__(self, exchange: str, symbol: str, url: str | None, known: Known) -> None:
        import ccxt.pro

        self._symbol, self._known = symbol, known
        self._exchange: Any = getattr(ccxt.pro, exchange)({"newUpdates": True, "aiohttp_trust_env": url is None})
        self._exchange.streaming = {**(self._exchange.streaming or {}), "keepAlive": KEEP_ALIVE_MS}
        self.spoke = asyncio.Event()
        self.spoke_s = time.monotonic()
        self._quoted_s = 0.0
        self._stand_in = url is not None
        if url is not None:
            stand_in(self._exchange, symbol, url)

    async def run(self) -> None:
        """Listen until something breaks, and raise it."""
        has = self._exchange.has
        if not self._stand_in:
            await self._exchange.load_markets()
            self._check_symbol()
        streams = [self._watch_trades()] if has.get("watchTrades") else []
        if has.get("watchBidsAsks") or has.get("watchTicker"):
            streams.append(self._watch_quotes("watchBidsAsks" if has.get("watchBidsAsks") else "watchTicker"))
        if not streams:
            raise Fatal(f"{self._exchange.id} streams neither trades nor tickers")
        async with asyncio.TaskGroup() as group:
            for stream in (*streams, self._watch_silence()):
                group.create_task(stream)

    async def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(Exception):  # a broken connection may fail to close; it is gone either way
            await asyncio.wait_for(self._exchange.close(), 5.0)

    def _check_symbol(self) -> None:
        if self._symbol not in self._exchange.markets:
            near = get_close_matches(self._symbol, list(self._exchange.markets), 3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise Fatal(f'{self._exchange.id} has no symbol "{self._symbol}"{hint}')

    async def _watch_trades(self) -> None:
        while True:
            for trade in await self._exchange.watch_trades(self._symbol):
                if self._known.fresh(trade):
                    get = trade.get
                    say(k="trade", p=get("price"), v=get("amount"), t=get("timestamp"), i=get("id"))
            self._heard()

    async def _watch_quotes(self, kind: str) -> None:
        while True:
            if kind == "watchTicker":
                ticker = await self._exchange.watch_ticker(self._symbol)
            else:
                ticker = next(iter((await self._exchange.watch_bids_asks([self._symbol])).values()), {})
            self._heard()
            if self.spoke_s - self._quoted_s >= QUOTE_EVERY_S:
                self._quoted_s = self.spoke_s
                say(k="quote", p=ticker.get("last"), b=ticker.get("bidVolume"), a=ticker.get("askVolume"))

    async def _watch_silence(self) -> None:
        while time.monotonic() - self.spoke_s < SILENCE_S:
            await asyncio.sleep(1.0)
        raise TimeoutError(f"nothing heard for {SILENCE_S:.0f} s")

    def _heard(self) -> None:
        self.spoke_s = time.monotonic()
        if not self.spoke.is_set():
            self.spoke.set()
            say(k="state", ok=True, d="")


def stand_in(exchange: Any, symbol: str, url: str) -> None:
    """Point every stream of an exchange at a server on this machine, with the one market it needs to know."""
    check_url(url)

    def point(urls: dict[str, Any]) -> None:
        for key, value in urls.items():
            if isinstance(value, dict):
                point(value)
            else:
                urls[key] = url

    point(exchange.urls["api"]["ws"])
    base, _, quote = symbol.partition(":")[0].partition("/")
    if not (base and quote):
        raise Fatal(f'"{symbol}" is no symbol; allowed: BASE/QUOTE, for example BTC/USD')
    market = exchange.safe_market_structure({
        "id": base + quote, "lowercaseId": (base + quote).lower(), "symbol": symbol,
        "base": base, "quote": quote, "baseId": base, "quoteId": quote, "wsId": symbol, "active": True,
        "type": "spot", "spot": True, "contract": False, "swap": False, "future": False, "option": False,
        "margin": False, "linear": None, "inverse": None,
    })  # fmt: skip
    exchange.set_markets([market])


def reason(error: BaseException) -> str:
    """One line of why, from the innermost of what happened together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = str(error) if isinstance(error, Fatal) else f"{type(error).__name__}: {error}"
    return text.splitlines()[0][:300]


def is_fatal(error: BaseException) -> bool:
    """Whether waiting would not mend it."""
    import ccxt

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return isinstance(error, Fatal | ccxt.BadSymbol | ccxt.NotSupported | ccxt.AuthenticationError)


class Line:
    """Keeps one session alive: again after a cut, over to a new one before the exchange cuts at 24 h."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._known = Known()
        self._chance = random.Random()

    async def keep(self) -> None:
        """For ever, or until something fatal."""
        attempt = 0
        while True:
            began_s = time.monotonic()
            try:
                await self._live()
            except Exception as error:  # whatever a library of a hundred exchanges may raise: say it, wait, again
                if is_fatal(error):
                    raise Fatal(reason(error)) from error
                attempt = 0 if time.monotonic() - began_s > SETTLED_S else attempt
                wait_s = retry_after_s(attempt, self._chance)
                attempt += 1
                say(k="state", ok=False, d=f"{reason(error)}; again in {wait_s:.1f} s")
                await asyncio.sleep(wait_s)

    async def _live(self) -> None:
        session, task = self._start()
        try:
            while True:
                await asyncio.wait({task}, timeout=self._options.rotate_s)
                if task.done():
                    task.result()
                successor = await self._successor()
                if successor is not None:
                    old_session, old_task = session, task
                    session, task = successor
                    await self._end(old_session, old_task)
        finally:
            await self._end(session, task)

    def _start(self) -> tuple[Session, asyncio.Task[None]]:
        session = Session(self._options.exchange, self._options.symbol, self._options.url, self._known)
        return session, asyncio.create_task(session.run())

    async def _successor(self) -> tuple[Session, asyncio.Task[None]] | None:
        """A new session that has spoken; None when it would not, and the old one stays."""
        session, task = self._start()
        spoke = asyncio.create_task(session.spoke.wait())
        await asyncio.wait({task, spoke}, timeout=HANDOVER_S, return_when=asyncio.FIRST_COMPLETED)
        spoke.cancel()
        if session.spoke.is_set() and not task.done():
            return session, task
        await self._end(session, task)
        return None

    @staticmethod
    async def _end(session: Session, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nobody warns that it was not
        await session.close()


def end_with_parent() -> None:
    """Leave at once when standard input ends."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main() -> int:
    """Run until the show goes away."""
    parser = argparse.ArgumentParser(prog="market_feed", description=__doc__)
    parser.add_argument("exchange")
    parser.add_argument("symbol")
    parser.add_argument("--url", type=check_url)
    parser.add_argument("--rotate-s", type=float, default=82_800.0)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the show, which then ends us
    end_with_parent()
    try:
        asyncio.run(Line(options).keep())
    except Fatal as error:
        say(k="fatal", d=str(error))
        return 2
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
