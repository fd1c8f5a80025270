"""Markets from files: read with care, replayed exactly."""

import hashlib
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.bus import Bus
from mappings.errors import FeedError, SourceError
from mappings.market.features import NAMES, Features
from mappings.market.feed import check_exchange, retry_after_s
from mappings.market.series import load_series, parse_time
from mappings.sources import source_class
from mappings.sources.base import State
from mappings.sources.market import Market, MarketConfig, slug
from tests.conftest import missing

SHIPPED = Path(__file__).parents[2] / "presets" / "mosaic" / "wti_2007_2009.csv"
DAY_S = 86400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all the files that hypothesis makes up."""
    return tmp_path_factory.mktemp("market")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def opened(**keys) -> tuple[Market, Bus]:
    market, bus = Market("market", MarketConfig(**keys)), Bus()
    market.open(bus, 10.0)
    return market, bus


def test_the_shipped_series_is_what_its_provenance_says() -> None:
    text = SHIPPED.with_name("PROVENANCE.md").read_text()
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() in text
    series = load_series(SHIPPED)
    assert len(series.prices) == 757 and not series.dropped
    assert (series.prices.max(), series.prices.min()) == (145.31, 30.28)
    assert series.bar_s == DAY_S
    assert SHIPPED.stat().st_size < 300_000


def test_a_series_is_replayed_row_by_row_with_features_of_its_own_bars() -> None:
    market, bus = opened(file=SHIPPED, speed=DAY_S, between="hold", symbol="WTI/USD")
    series = load_series(SHIPPED)
    reference = Features()
    row = -1
    for i in range(400):
        market.poll(bus, 10.0 + i * 0.5)
        while row + 1 < 757 and series.times_s[row + 1] - series.times_s[0] <= i * 0.5 * DAY_S:
            row += 1
            reference.push(float(series.prices[row]))
        got = [bus.value(bus.slot(f"/market/wti_usd/{name}")) for name in NAMES]
        assert got == pytest.approx(reference.values(), abs=1e-12)
    assert market.state is State.OK and market.steppable


def test_between_bars_the_way_is_straight_and_passes_each_bar(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "ts,price,volume\n0,100,1\n10,110,2\n20,90,3\n")
    market, bus = opened(file=file, speed=10.0, loop=False)
    assert market.addresses()[0] == "/market/x/price"
    got = []
    for i in range(9):
        market.poll(bus, 10.0 + i * 0.25)
        got.append(bus.value(bus.slot("/market/x/price")))
    assert got == pytest.approx([100, 102.5, 105, 107.5, 110, 105, 100, 95, 90])
    market.poll(bus, 12.6)
    assert (market.state, market.detail) == (State.STALE, "the series is over")


def test_a_loop_is_the_same_each_round_and_each_row_trades_once(tmp_path: Path) -> None:
    rows = "".join(f"{1_600_000_000_000 + i * 1000},{100 + (i * 7) % 13}\n" for i in range(20))
    market, bus = opened(file=write(tmp_path / "x.csv", "ts,price\n" + rows), speed=40.0, trade_events=True)
    rounds: list[list[float]] = []
    times: list[float] = []
    for i in range(750):
        market.poll(bus, 10.0 + i * 0.002)
        if i % 250 == 0:
            rounds.append([])
        rounds[-1].append(bus.value(bus.slot("/market/x/return_z")))
        times += [e.time_s for e in bus.read().events if e.address == "/market/x/trade"]
    assert rounds[0] == pytest.approx(rounds[1], abs=1e-9) and rounds[1] == pytest.approx(rounds[2], abs=1e-9)
    assert times == pytest.approx([10.0 + k / 40 for k in range(60)], abs=1e-9)
    assert bus.value(bus.slot("/market/x/trades_hz")) > 3.0


def test_absurd_speed_costs_bounded_work_and_gets_there(tmp_path: Path) -> None:
    rows = "".join(f"{i},{100 + i % 5}\n" for i in range(2000))
    market, bus = opened(file=write(tmp_path / "x.csv", "ts,price\n" + rows), speed=1e6, loop=False)
    polls = 0
    while market.state is State.OK:
        market.poll(bus, 11.0)
        polls += 1
    assert polls == 1 + math.ceil(2000 / 256)
    assert bus.value(bus.slot("/market/x/price")) == 104.0


@pytest.mark.parametrize(
    ("text", "unix_s"),
    [
        ("1500000000", 1.5e9), ("1500000000000", 1.5e9), ("1500000000000000", 1.5e9), ("1500000000000000000", 1.5e9),
        ("2017-07-14", 1499990400), ("20170714", 1499990400), ("2017-07-14T02:40:00Z", 1.5e9),
        ("2017-07-14 04:40:00+02:00", 1.5e9),
    ],
)  # fmt: skip
def test_times_are_unix_or_iso(text: str, unix_s: float) -> None:
    assert parse_time(text) == unix_s


def test_columns_are_found_by_name_and_the_book_is_weighed(tmp_path: Path) -> None:
    text = "Volume,Date,Close,bid,ask,bid_size,ask_size\n5,2020-01-02,10,9,11,3,1\n6,2020-01-01,11,10,12,,\n"
    series = load_series(write(tmp_path / "x.csv", text))
    assert series.prices.tolist() == [11.0, 10.0]  # newest first is turned round
    assert series.volumes.tolist() == [6.0, 5.0]
    assert series.imbalances.tolist() == [0.0, 0.5]


def test_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = ["1,100", "2,.", "3,1e11", "2.5,101", "1,99", "4,0", "5,-7", "6,nan", "7,102", "7,103", "", "8,104"]
    series = load_series(write(tmp_path / "x.csv", "ts,price\n" + "\n".join(rows)))
    assert series.times_s.tolist() == [1, 2.5, 7, 8]
    assert series.prices.tolist() == [100, 101, 103, 104]
    assert series.trades.tolist() == [1, 1, 2, 1]
    assert series.dropped == {"market_no_price": 2, "market_bad_price": 3, "market_out_of_order": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r'x\.csv:1: no column "ts", given an empty line; allowed: ts, price'),
        ("ts,prise\n1,2\n", r'x\.csv:1: no column "price", given ts, prise; .* did you mean "prise" to be it\?'),
        ("ts,price\n1,2\nyesterday,3\n", r'x\.csv:3: ts "yesterday"; allowed: unix s, ms, us, ns or ISO 8601'),
        ("ts,price\n1,cheap\n", r'x\.csv:2: price "cheap"; allowed: a number, or nothing'),
        ("ts,price\n1,0\n", r"x\.csv: no row with a price above zero"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path / "x.csv", text)
    with pytest.raises(FeedError, match=said):
        load_series(file)
    with pytest.raises(SourceError, match=said):
        opened(file=file)


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(folder: Path, content: bytes) -> None:
    for name in ("x.csv", "x.parquet"):
        path = folder / name
        path.write_bytes(b"ts,price\n" * (name == "x.csv") + content)
        try:
            assert len(load_series(path).prices) > 0
        except FeedError as error:
            assert str(path) in str(error)


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        missing("pyarrow is not installed")

    expected = load_series(SHIPPED)
    text = [line.split(",") for line in SHIPPED.read_text().splitlines()[1:]]
    prices = [float(p) for _, p in text]
    stamps = pa.array([int(t * 1000) for t in expected.times_s.tolist()], pa.timestamp("ms", "UTC"))
    for number, ts in enumerate(([d for d, _ in text], stamps, (expected.times_s * 1000).astype(int))):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({"ts": ts, "price": prices}), path)
        series = load_series(path)
        assert series.times_s.tolist() == expected.times_s.tolist()
        assert series.prices.tolist() == expected.prices.tolist()
    pq.write_table(pa.table({"ts": [1.0], "price": ["x"]}), tmp_path / "bad.parquet")
    with pytest.raises(FeedError, match=r"bad\.parquet: column price holds string; allowed: numbers"):
        load_series(tmp_path / "bad.parquet")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, 'feed "replay" needs file'),
        ({"feed": "kraken"}, 'feed "kraken" needs symbol'),
        ({"feed": "kraken", "symbol": "BTC/USD", "url": "wss://evil.example/ws"}, "allowed: ws://127.0.0.1"),
        ({"file": "x.csv", "speed": 0}, "greater than 0"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_allowed(keys, said) -> None:
    with pytest.raises(ValidationError, match=said):
        MarketConfig(**keys)


def test_an_unknown_exchange_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SourceError, match='no exchange "krakn" in ccxt.pro; did you mean "kraken"?'):
        check_exchange("krakn")


def test_waiting_to_retry_is_jittered_under_a_ceiling_of_a_minute() -> None:
    class Most:
        def uniform(self, low: float, high: float) -> float:
            assert low == 0.0
            return high

    assert [retry_after_s(i, Most()) for i in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]  # type: ignore[arg-type]


def test_symbols_become_addresses() -> None:
    assert [slug(s) for s in ("BTC/USD", "ETH/USDT:USDT", "wti_2007", "//")] == [
        "btc_usd", "eth_usdt_usdt", "wti_2007", "market",
    ]  # fmt: skip
    assert source_class("market") is Market
