"""Small servers on this machine that speak an exchange's own WebSocket messages."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

SYMBOL = {"binance": "BTC/USDT", "kraken": "BTC/USD"}


class Exchange:
    """Sends a trade and a quote every 50 ms to whoever has subscribed; price 100, 101, ... 109, 100, ..."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.url = ""
        self.connections = 0
        self.open: list[ServerConnection] = []
        self.quiet = False  # connected, but nothing comes
        self.strange = False  # what no exchange should send comes in between
        self.overlap = 0  # most connections open at once
        self._number = 0

    def cut(self) -> None:
        """Drop every connection without a word, as a broken line does."""
        for connection in list(self.open):
            connection.socket.shutdown(2)

    def handle(self, connection: ServerConnection) -> None:
        self.connections += 1
        self.open.append(connection)
        self.overlap = max(self.overlap, len(self.open))
        channels: set[str] = set()
        try:
            while True:
                try:
                    self._subscribe(connection, channels, json.loads(connection.recv(timeout=0.05)))
                except TimeoutError:
                    if not self.quiet:
                        self._publish(connection, channels)
        except (ConnectionClosed, OSError):
            pass
        finally:
            self.open.remove(connection)

    def _subscribe(self, connection: ServerConnection, channels: set[str], message: dict) -> None:
        if self.kind == "binance":
            channels |= {name.partition("@")[2] for name in message.get("params", [])}
            connection.send(json.dumps({"result": None, "id": message.get("id")}))
        elif message.get("method") == "subscribe":
            channel = message["params"]["channel"]
            channels.add(channel)
            result = {"channel": channel, "symbol": message["params"]["symbol"][0]}
            reply = {"method": "subscribe", "result": result, "success": True, "req_id": message.get("req_id")}
            connection.send(json.dumps(reply))
        elif message.get("method") == "ping":
            connection.send(json.dumps({"method": "pong", "req_id": message.get("req_id")}))

    def _publish(self, connection: ServerConnection, channels: set[str]) -> None:
        self._number = int(time.monotonic() * 20)  # the same on every connection, as on an exchange
        price = 100.0 + self._number % 10
        if self.strange and self._number % 4:
            price = (0.0, 1e11, -3.0)[self._number % 4 - 1]
        quote, trade = self._binance(price) if self.kind == "binance" else self._kraken(price)
        if channels & {"bookTicker", "ticker"}:
            connection.send(json.dumps(quote))
        if "trade" in channels:
            connection.send(json.dumps(trade))

    def _binance(self, price: float) -> tuple[dict, dict]:
        now_ms = int(time.time() * 1000)
        quote = {"u": self._number, "s": "BTCUSDT", "b": "99.5", "B": "3.0", "a": "110.5", "A": "1.0"}
        trade = {
            "e": "trade", "E": now_ms, "s": "BTCUSDT", "t": self._number, "p": str(price), "q": "0.5", "T": now_ms,
            "m": True, "M": True,
        }  # fmt: skip
        return quote, trade

    def _kraken(self, price: float) -> tuple[dict, dict]:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        quote = {
            "symbol": "BTC/USD", "bid": 99.5, "bid_qty": 3.0, "ask": 110.5, "ask_qty": 1.0, "last": price,
            "volume": 10.0, "vwap": 100.0, "low": 90.0, "high": 110.0, "change": 0.1, "change_pct": 0.1,
        }  # fmt: skip
        trade = {
            "symbol": "BTC/USD", "side": "sell", "price": price, "qty": 0.5, "ord_type": "market",
            "trade_id": self._number, "timestamp": stamp,
        }  # fmt: skip
        return (
            {"channel": "ticker", "type": "update", "data": [quote]},
            {"channel": "trade", "type": "update", "data": [trade]},
        )


@contextmanager
def exchange(kind: str) -> Iterator[Exchange]:
    """A running exchange on a free port of this machine."""
    found = Exchange(kind)
    with serve(found.handle, "127.0.0.1", 0) as server:
        port = server.socket.getsockname()[1]
        found.url = f"ws://127.0.0.1:{port}/" + ("stream/ws" if kind == "binance" else "v2")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            found.cut()
            thread.join()
