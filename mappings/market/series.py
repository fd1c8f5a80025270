"""Reads a historical price series from CSV or Parquet."""

import csv
import difflib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mappings.errors import FeedError, SourceError
from mappings.market.features import PriceGate

ROWS = 2_000_000
COLUMNS = ("ts", "price", "volume", "bid", "ask", "bid_size", "ask_size")
ALSO = {
    "timestamp": "ts", "time": "ts", "date": "ts", "datetime": "ts", "close": "price", "last": "price",
    "vol": "volume", "amount": "volume",
}  # fmt: skip
MISSING = {"", ".", "-", "nan", "null", "none", "na", "n/a"}


@dataclass(frozen=True)
class Series:
    """A price over time, oldest first, times strictly rising. Arrays are (rows,) float64."""

    times_s: NDArray[np.float64]  # unix seconds
    prices: NDArray[np.float64]
    volumes: NDArray[np.float64]  # NaN where unknown
    imbalances: NDArray[np.float64]  # -1..1, NaN where unknown
    trades: NDArray[np.int64]  # rows of the file that fell on this time
    dropped: Counter[str]  # what was wrong in the file and left out

    @property
    def bar_s(self) -> float:
        """How far apart the rows usually are."""
        return float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, numbers as they stand there."""

    number: int
    time_s: float
    price: float
    volume: float
    imbalance: float


def load_series(path: str | Path) -> Series:
    """Read `ts, price[, volume, bid, ask, bid_size, ask_size]`.

    `ts` is unix time in s, ms, us or ns, or an ISO date or time (UTC where it names no zone). A file with the
    newest row first is turned round. Rows that are missing a price, hold a spike or go back in time are left out and
    counted; rows at one time become one. FeedError says what else is wrong, with file and line.
    """
    path = Path(path)
    rows = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    found: list[Row] = []
    for row in rows:
        if len(found) >= ROWS:
            raise FeedError(f"{path}:{row.number}: more than {ROWS} rows; give fewer, for example one per minute")
        found.append(row)
    if len(found) > 1 and found[0].time_s > found[-1].time_s:
        found.reverse()
    return _clean(found, path)


def _clean(rows: list[Row], path: Path) -> Series:
    gate, dropped = PriceGate(), Counter[str]()
    kept: list[list[float]] = []
    trades: list[int] = []
    for row in rows:
        if math.isnan(row.price):
            dropped["market_no_price"] += 1
        elif kept and row.time_s < kept[-1][0]:
            dropped["market_out_of_order"] += 1
        elif not gate.accept(row.price):
            dropped["market_bad_price"] += 1
        elif kept and row.time_s == kept[-1][0]:
            volumes = [v for v in (kept[-1][2], row.volume) if not math.isnan(v)]
            kept[-1] = [row.time_s, row.price, sum(volumes) if volumes else math.nan, row.imbalance]
            trades[-1] += 1
        else:
            kept.append([row.time_s, row.price, row.volume, row.imbalance])
            trades.append(1)
    if not kept:
        raise FeedError(f"{path}: no row with a price above zero; allowed columns: {', '.join(COLUMNS)}")
    table = np.array(kept)
    return Series(table[:, 0], table[:, 1], table[:, 2], table[:, 3], np.array(trades), dropped)


def _csv(path: Path) -> Iterator[Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            lines = csv.reader(file)
            places = _places(next(lines, []), path)
            for cells in lines:
                if cells:
                    yield _row(cells, places, path, lines.line_num)
    except OSError as error:
        raise FeedError(f"{path}: cannot be read ({error.strerror}); give a CSV or Parquet file") from error
    except csv.Error as error:
        raise FeedError(f"{path}: not CSV ({error}); give columns {', '.join(COLUMNS)}") from error


def _places(header: Sequence[str], path: Path) -> dict[str, int]:
    """Where each known column stands."""
    names = [name.strip().lower() for name in header]
    places: dict[str, int] = {}
    for known in (True, False):  # a column called price goes before one called close
        for place, name in enumerate(names):
            column = name if known else ALSO.get(name, "")
            if column in COLUMNS:
                places.setdefault(column, place)
    for needed in ("ts", "price"):
        if needed not in places:
            near = difflib.get_close_matches(needed, names, 1)
            hint = f'; did you mean "{near[0]}" to be it?' if near else ""
            given = ", ".join(names)[:200] or "an empty line"
            raise FeedError(f'{path}:1: no column "{needed}", given {given}; allowed: {", ".join(COLUMNS)}{hint}')
    return places


def _row(cells: Sequence[str], places: dict[str, int], path: Path, number: int) -> Row:
    values: dict[str, float] = {}
    for column, place in places.items():
        text = cells[place].strip() if place < len(cells) else ""
        try:
            values[column] = parse_time(text) if column == "ts" else _number(text)
        except ValueError as error:
            allowed = "unix s, ms, us, ns or ISO 8601" if column == "ts" else "a number, or nothing"
            raise FeedError(f'{path}:{number}: {column} "{text[:60]}"; allowed: {allowed}; mend the row') from error
    return make_row(number, values)


def make_row(number: int, values: dict[str, float]) -> Row:
    """A row from the columns that are there; anything not finite counts as missing."""
    get = {c: v if math.isfinite(v := values.get(c, math.nan)) else math.nan for c in COLUMNS}
    size = get["bid_size"] + get["ask_size"]
    spread = get["ask"] - get["bid"]
    if size > 0.0:
        imbalance = (get["bid_size"] - get["ask_size"]) / size
    elif spread > 0.0:  # no sizes: where in the spread the last trade was says who was in a hurry
        imbalance = (2.0 * get["price"] - get["bid"] - get["ask"]) / spread
    else:
        imbalance = math.nan
    return Row(number, get["ts"], get["price"], get["volume"], float(np.clip(imbalance, -1.0, 1.0)))


def _number(text: str) -> float:
    return math.nan if text.lower() in MISSING else float(text)


def parse_time(text: str) -> float:
    """Unix seconds from unix s, ms, us or ns (told apart by size) or ISO 8601. ValueError for anything else."""
    if len(text) != 8:  # eight digits are a date without its dashes
        try:
            return unix_s(float(text))
        except ValueError:
            pass
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def unix_s(value: float) -> float:
    """Seconds from a time in s, ms, us or ns; ValueError outside the years 1677 to 5138."""
    for unit_hz in (1.0, 1e3, 1e6, 1e9):
        if abs(value) < 1e11 * unit_hz and (unit_hz < 1e9 or abs(value) < 1e19):
            return value / unit_hz
    raise ValueError(f"{value} is no time")


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise SourceError(f"{path}: reading Parquet needs pyarrow: pip install 'latenz[market]'") from error
    try:
        with pq.ParquetFile(path) as file:
            places = _places(file.schema_arrow.names, path)
            names = {column: file.schema_arrow.names[place] for column, place in places.items()}
            number = 0
            for batch in file.iter_batches(columns=list(names.values())):
                columns = {c: _floats(batch.column(n), c, path) for c, n in names.items()}
                for i in range(batch.num_rows):
                    number += 1
                    yield make_row(number, {c: float(v[i]) for c, v in columns.items()})
    except (OSError, pa.ArrowException) as error:
        raise FeedError(f"{path}: cannot be read as Parquet ({str(error)[:200]})") from error


def _floats(column: object, name: str, path: Path) -> NDArray[np.float64]:
    import pyarrow as pa

    kind = column.type  # type: ignore[attr-defined]
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        moments = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)  # type: ignore[attr-defined]
        return moments.astype("datetime64[us]").astype(np.int64) / 1e6  # type: ignore[no-any-return]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)  # type: ignore[attr-defined]
    elif name == "ts" and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        try:
            return np.array([parse_time(text or "") for text in column.to_pylist()])  # type: ignore[attr-defined]
        except ValueError as error:
            raise FeedError(f"{path}: column ts: {error}; allowed: unix s, ms, us, ns or ISO 8601") from error
    else:
        raise FeedError(f"{path}: column {name} holds {kind}; allowed: numbers, and for ts timestamps or text")
    if name == "ts":
        try:
            return np.array([unix_s(v) for v in values])
        except ValueError as error:
            raise FeedError(f"{path}: column ts: {error}; allowed: unix s, ms, us, ns or ISO 8601") from error
    return values
