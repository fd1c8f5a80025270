"""The live market with the real ccxt.pro, against servers here that speak Binance's and Kraken's messages."""

import importlib.util
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from mappings.bus import Bus
from mappings.market.feed import Feed
from mappings.sources.base import State
from mappings.sources.market import Market, MarketConfig
from tests.conftest import missing
from tests.mappings.exchanges import SYMBOL, exchange

DEADLINE_S = 90.0  # the import of ccxt alone takes seconds, more on a busy machine
pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _ccxt() -> None:
    if importlib.util.find_spec("ccxt") is None:
        missing("ccxt is not installed")


def play(market: Market, bus: Bus, until: Callable[[], bool]) -> None:
    """Poll every 2 ms or so until something is so."""
    deadline = time.perf_counter() + DEADLINE_S
    while not until():
        assert time.perf_counter() < deadline, f"{market.state} {market.detail} {market.dropped}"
        now_s = time.perf_counter()
        market.poll(bus, now_s)
        market.relax(bus, now_s)
        time.sleep(0.002)


def value(bus: Bus, symbol: str, name: str) -> float:
    return bus.value(bus.slot(f"/market/{symbol}/{name}"))


@pytest.mark.parametrize("kind", ["binance", "kraken"])
def test_an_exchange_is_heard_lost_and_heard_again(kind: str) -> None:
    bus = Bus()
    with exchange(kind) as server:
        symbol = SYMBOL[kind]
        config = MarketConfig(
            feed=kind, symbol=symbol, url=server.url, bar_s=0.1, stale_s=1.0, between="hold", trade_events=True
        )
        market = Market("market", config)
        market.open(bus, time.perf_counter())
        try:
            assert market.state is State.RETRYING and not market.steppable
            play(market, bus, lambda: market.state is State.OK)
            name = symbol.lower().replace("/", "_")
            play(market, bus, lambda: value(bus, name, "trades_hz") > 1.0 and value(bus, name, "imbalance") != 0.0)
            play(market, bus, lambda: value(bus, name, "volatility") > 0.0)
            assert 100.0 <= value(bus, name, "price") <= 109.0
            assert value(bus, name, "imbalance") == 0.5
            assert 0.0 <= value(bus, name, "rank") <= 1.0
            trades = [e.value for e in bus.read().events if e.address == f"/market/{name}/trade"]
            assert trades and set(trades) == {0.5}

            server.strange = True
            play(market, bus, lambda: market.dropped["market_bad_price"] >= 6)
            assert 100.0 <= value(bus, name, "price") <= 109.0
            server.strange = False

            server.quiet = True
            play(market, bus, lambda: market.state is State.STALE)
            assert "nothing from" in market.detail
            server.quiet = False
            play(market, bus, lambda: market.state is State.OK)

            before = server.connections
            server.cut()
            play(market, bus, lambda: market.state is State.RETRYING)
            assert "again in" in market.detail
            play(market, bus, lambda: market.state is State.OK)
            assert server.connections > before
        finally:
            market.close()
            market.close()


def test_a_connection_is_replaced_before_the_exchange_cuts_it_and_no_trade_is_told_twice() -> None:
    with exchange("binance") as server:
        feed = Feed("binance", "BTC/USDT", "--url", server.url, "--rotate-s", "1.5")
        feed.start()
        try:
            messages: list[dict] = []

            def listen(until: Callable[[], bool]) -> None:
                deadline = time.perf_counter() + DEADLINE_S
                while not until():
                    assert time.perf_counter() < deadline, messages[-3:]
                    messages.extend(feed.take(1000))
                    time.sleep(0.01)

            listen(lambda: sum(m["k"] == "trade" for m in messages) > 5)
            each = server.connections  # Binance has one per stream
            listen(lambda: server.connections >= 3 * each and len(server.open) == each)
            assert server.overlap == 2 * each
            assert all(m["ok"] for m in messages if m["k"] == "state")  # never without a connection
            ids = [m["i"] for m in messages if m["k"] == "trade"]
            assert len(ids) == len(set(ids)) > 20
        finally:
            feed.close()


def test_a_process_that_is_killed_is_started_again() -> None:
    bus = Bus()
    with exchange("kraken") as server:
        market = Market("market", MarketConfig(feed="kraken", symbol="BTC/USD", url=server.url, when_lost="rest"))
        market.open(bus, time.perf_counter())
        try:
            play(market, bus, lambda: market.state is State.OK)
            assert market.feed_pid is not None
            os.kill(market.feed_pid, signal.SIGKILL)
            play(market, bus, lambda: market.state is State.RETRYING)
            assert "starting it again" in market.detail
            play(market, bus, lambda: market.state is State.OK)
        finally:
            market.close()


PARENT = """
import sys, time
from mappings.market.feed import Feed
feed = Feed("kraken", "BTC/USD", "--url", "ws://127.0.0.1:9/v2")
feed.start()
print(feed.pid, flush=True)
time.sleep(600)
"""


def test_the_process_does_not_outlive_a_show_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
        assert "mappings.sources.market_feed" in child.cmdline()
        parent.kill()
        parent.wait()
    try:
        child.wait(DEADLINE_S)
    except psutil.TimeoutExpired:
        child.kill()
        raise


def test_an_exchange_that_cannot_be_reached_is_tried_again() -> None:
    feed = Feed("kraken", "BTC/USD", "--url", "ws://127.0.0.1:9/v2")
    feed.start()
    try:
        messages: list[dict] = []
        deadline = time.perf_counter() + DEADLINE_S
        while len(messages) < 2:
            assert time.perf_counter() < deadline
            messages += feed.take(10)
            time.sleep(0.01)
        assert all(m["k"] == "state" and not m["ok"] and "again in" in m["d"] for m in messages)
    finally:
        feed.close()


def test_what_waiting_would_not_mend_is_not_tried_again() -> None:
    bus = Bus()
    market = Market("market", MarketConfig(feed="kraken", symbol="BTCUSD", url="ws://127.0.0.1:9/v2"))
    market.open(bus, time.perf_counter())
    try:
        play(market, bus, lambda: market.state is State.LOST)
        assert market.detail == '"BTCUSD" is no symbol; allowed: BASE/QUOTE, for example BTC/USD'
        pid = market.feed_pid
        for _ in range(100):
            market.poll(bus, time.perf_counter() + 1000.0)
        assert market.feed_pid == pid and market.state is State.LOST
    finally:
        market.close()


JUNK = (None, True, "x", [], {}, 10**400, -1, 0, 1e11, 1e300, math.nan, math.inf, 100.0, 100, 101.5)


def test_whatever_the_line_brings_the_signals_stay_numbers() -> None:
    bus = Bus()
    market = Market("market", MarketConfig(feed="kraken", symbol="BTC/USD", url="ws://127.0.0.1:9/v2", bar_s=0.05))
    market.open(bus, 0.0)
    try:
        chance = random.Random(5)
        for i in range(4000):
            kind = chance.choice(["trade", "trade", "quote", "state", "x", None])
            message = {"k": kind, **{key: chance.choice(JUNK) for key in "pvtbad"}}
            market.hear(message, bus, i * 0.01)
            market.poll(bus, i * 0.01)
            bus.read()
        assert bus.dropped["nonfinite"] == 0
        assert 99.0 <= value(bus, "btc_usd", "price") <= 102.0
        assert -1.0 <= value(bus, "btc_usd", "imbalance") <= 1.0
        assert market.dropped["market_bad_price"] > 100 and market.dropped["market_out_of_order"] > 100
    finally:
        market.close()


def test_nothing_heavy_is_imported_for_a_market() -> None:
    heavy = "('ccxt', 'pyarrow', 'torch')"
    code = f"import sys, mappings.sources.market; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
