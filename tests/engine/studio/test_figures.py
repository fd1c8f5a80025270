"""A report says what was measured, what was not reached, and nothing that it does not know."""

import json
import math
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.studio.figures import BEGIN, END, Bar, Report, Row, around, markdown, show, write_page

ROWS = (
    Row("PSNR", "128 px", 28.25, Bar(low=30.0), 40.83, "dB"),
    Row("edge energy", "128 px", 0.91, Bar(0.88, 1.05), 0.979),
    Row("mask IoU", "petal1", math.nan, Bar(low=0.87), math.inf),
    Row("palette error", "mean of 11 numbers", 0.031),
    Row("sweep match", "bloom", 1.0, Bar(low=1.0), 1.0),
    Row("sweep match", "curl", 0.5, Bar(low=0.8), 1.0),
    Row("leakage", "curl", 0.41, Bar(high=0.2), 0.4),
)
REPORT = Report(ROWS, {"model": "tulip.safetensors"}, tabled=("bloom", "curl"), beside="renderer")


def test_a_bar_holds_its_ends_and_no_nan() -> None:
    both = Bar(0.88, 1.05)
    assert 0.88 in both and 1.05 in both and 1.06 not in both and math.nan not in both
    assert [str(bar) for bar in (both, Bar(low=30), Bar(high=0.2))] == ["0.88 to 1.05", ">= 30", "<= 0.2"]


def test_what_misses_its_bar_fails_and_what_has_none_is_told() -> None:
    assert [row.passed for row in ROWS] == [False, True, False, None, True, False, False]
    assert not REPORT.passed and len(REPORT.failed) == 4
    assert Report(ROWS[1:2]).passed


def test_the_file_is_json_that_any_reader_takes(tmp_path: Path) -> None:
    REPORT.save(tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert found["about"] == {"model": "tulip.safetensors"} and found["passed"] is False
    assert [row["passed"] for row in found["rows"]] == [row.passed for row in ROWS]
    assert found["rows"][0]["bar"] == ">= 30" and found["rows"][2]["value"] is None and found["rows"][3]["bar"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_page_shows_misses_as_misses() -> None:
    text = markdown(REPORT)
    assert "| PSNR | 128 px | 28.25 dB | >= 30 | 40.83 dB | not met |" in text
    assert "| edge energy | 128 px | 0.910 | 0.88 to 1.05 | 0.979 | met |" in text
    assert "| mask IoU | petal1 | none | >= 0.87 | exact | not met |" in text
    assert "| factor | sweep match | leakage |" in text
    assert "| bloom | 1.000 (1.000) |  |" in text
    assert "| curl | 0.500 (1.000) **not >= 0.8** | 0.410 (0.400) **not <= 0.2** |" in text
    assert markdown(REPORT) == text


def test_tables_go_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    write_page(page, REPORT)
    once = page.read_text()
    assert (
        once.startswith(f"before\n\n{BEGIN}\n\n| measure")
        and once.endswith(f"\n{END}\n\nafter\n")
        and "old" not in once
    )
    write_page(page, REPORT)
    assert page.read_text() == once


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"words {END} {BEGIN}")
    with pytest.raises(InputError, match="no place"):
        write_page(page, REPORT)
    assert page.read_text() == f"words {END} {BEGIN}"


@pytest.mark.parametrize(
    ("kind", "said"), [("none", "No such file"), ("bytes", "it is no text"), ("folder", "Is a dir")]
)
def test_what_is_no_page_is_refused_by_name(tmp_path: Path, kind: str, said: str) -> None:
    page = tmp_path / "page.md"
    if kind == "bytes":
        page.write_bytes(b"\xff\xfe")
    elif kind == "folder":
        page.mkdir()
    with pytest.raises(InputError, match=f"page.md: no page to put tables into .{said}"):
        around(page)


def test_the_terminal_counts_what_is_within_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    show(REPORT)
    assert "2 of 6 are within their bars" in capsys.readouterr().out
