"""Figures: what was measured, as rows with bars; to a file, to the terminal, and into a page between two marks."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.paths import part_beside

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a value has to reach: at least `low`, at most `high`."""

    low: float = -math.inf
    high: float = math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high  # never true of nan

    def __str__(self) -> str:
        if self.low == -math.inf:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high == math.inf else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One number.

    measure : what was measured; of : of which factor, layer or size, where there are several
    ceiling : what the best, or the other way, measures in the same way (see `Report.beside`); None where there is none
    bar : None for a number that is told and not judged
    """

    measure: str
    of: str
    value: float
    bar: Bar | None = None
    ceiling: float | None = None
    unit: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether it is within its bar; None without one."""
        return None if self.bar is None else self.value in self.bar


@dataclass(frozen=True, slots=True)
class Report:
    """All rows, in order, and what they were measured of and with.

    kind : names the report in its file
    tabled : those `Row.of` that become a line each of one table, with a column for each measure
    beside, first : heads of columns: of `Row.ceiling`, and of the lines of the table
    """

    rows: tuple[Row, ...]
    about: dict[str, Any] = field(default_factory=dict)
    kind: str = "latenz.report"
    tabled: tuple[str, ...] = ()
    beside: str = "beside"
    first: str = "factor"

    @property
    def failed(self) -> tuple[Row, ...]:
        """Those outside their bars."""
        return tuple(row for row in self.rows if row.passed is False)

    @property
    def passed(self) -> bool:
        return not self.failed

    def save(self, path: Path) -> None:
        """Write it as JSON; numbers that are none become null."""
        with part_beside(path) as part:
            part.write_text(json.dumps(as_json(self), indent=1, allow_nan=False) + "\n", "utf-8")


def as_json(report: Report) -> dict[str, Any]:
    """It as plain data."""
    rows = [{**asdict(row), "bar": _bar(row) or None, "passed": row.passed} for row in report.rows]
    table = {"kind": report.kind, "passed": report.passed, "about": report.about, "rows": rows}
    found: dict[str, Any] = _finite(table)
    return found


def markdown(report: Report) -> str:
    """Tables for a page: a line for each number, then one for each of `tabled`; the same report gives the same text."""
    lines = [f"| measure | | value | bar | {report.beside} | |", "|---|---|---|---|---|---|"]
    for row in report.rows:
        if row.of not in report.tabled:
            lines.append(f"| {' | '.join(_cells(row))} |")
    own = [row for row in report.rows if row.of in report.tabled]
    measures = list(dict.fromkeys(row.measure for row in own))
    if measures:
        lines += ["", f"| {report.first} | {' | '.join(measures)} |", "|---" * (len(measures) + 1) + "|"]
    for name in dict.fromkeys(row.of for row in own):
        cells = [next((_cell(r) for r in own if (r.of, r.measure) == (name, measure)), "") for measure in measures]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def around(page: Path) -> tuple[str, str]:
    """What stands before and after the two marks of a page. InputError for one that is no text, or has no marks."""
    try:
        text = page.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"{page}: no page to put tables into ({said}); name one that is there, or a .json") from error
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{page} has no place for what was measured: put the lines {BEGIN} and {END} into it")
    return before, after


def write_page(page: Path, report: Report) -> None:
    """Put the tables between the two marks of a page. InputError as `around` has it."""
    before, after = around(page)
    with part_beside(page) as part:
        part.write_text(f"{before}{BEGIN}\n\n{markdown(report)}\n{END}{after}", "utf-8")


def show(report: Report) -> None:
    """The rows as a table on the terminal, and how many are outside their bars."""
    from rich.console import Console
    from rich.table import Table

    table = Table("measure", "of", "value", "bar", report.beside, "", box=None, pad_edge=False)
    for row in report.rows:
        style = {True: "", False: "bold red", None: "dim"}[row.passed]
        table.add_row(*_cells(row), style=style)
    console = Console()
    console.print(table)
    judged = [row for row in report.rows if row.bar is not None]
    console.print(f"{len(judged) - len(report.failed)} of {len(judged)} are within their bars", highlight=False)


def _cells(row: Row) -> tuple[str, ...]:
    return row.measure, row.of, _number(row.value, row.unit), _bar(row), _number(row.ceiling, row.unit), _mark(row)


def _cell(row: Row) -> str:
    """Value, the renderer's in brackets; then the bar where it is not met."""
    ceiling = "" if row.ceiling is None else f" ({_number(row.ceiling, '')})"
    missed = f" **not {row.bar}**" if row.passed is False else ""
    return f"{_number(row.value, '')}{ceiling}{missed}"


def _bar(row: Row) -> str:
    return "" if row.bar is None else str(row.bar)


def _mark(row: Row) -> str:
    return {True: "met", False: "not met", None: ""}[row.passed]


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if not math.isfinite(value):
        return "none" if math.isnan(value) else "exact"
    digits = 3 if abs(value) < 2 else 2 if abs(value) < 100 else 0
    return f"{value:.{digits}f} {unit}".strip()


def _finite(value: Any) -> Any:
    """JSON has no word for what is not finite."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
