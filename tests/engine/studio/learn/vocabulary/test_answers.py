"""What people wrote is read whole, or refused by file and line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.learn.vocabulary.answers import COLUMNS, LONGEST, Answers, read_answers, write_answers

IDS = ("b4_1", "b4_2", "palette_1")
HEAD = ",".join(COLUMNS)


def read(folder: Path, text: str | bytes) -> Answers:
    path = folder / "ada.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_answers([path], IDS)


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(st.lists(texts, max_size=3))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, said: list[str]) -> None:
    path = tmp_path_factory.mktemp("sheet") / "sheet.csv"
    write_answers(path, [(IDS[i], "b4", i, f"strips/{i}.png", "ada", "", text) for i, text in enumerate(said)])
    found = read_answers([path], IDS)
    kept = [text.strip() for text in said]
    assert [row.text for row in found.rows] == [text for text in kept if text]
    assert found.blank == sum(not text for text in kept)


@given(st.binary(max_size=300))
def test_any_bytes_are_answers_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    try:
        read(tmp_path_factory.mktemp("sheet"), data)
    except InputError as error:
        assert "ada.csv" in str(error)


@given(st.text(max_size=200))
def test_any_rows_under_the_right_head_are_answers_or_refused_by_line(
    tmp_path_factory: pytest.TempPathFactory, rows: str
) -> None:
    try:
        read(tmp_path_factory.mktemp("sheet"), f"{HEAD}\n{rows}".encode("utf-8", "replace"))
    except InputError as error:
        assert "ada.csv:" in str(error)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_of_other_programs_are_read(tmp_path: Path, mark: str) -> None:
    rows = [("id", "Description", "annotator"), ("b4_2", '"open, dark"', "bob")]
    found = read(tmp_path, "\ufeff" + "\r\n".join(mark.join(row) for row in rows))
    assert [(row.id, row.text, row.annotator) for row in found.rows] == [("b4_2", "open, dark", "bob")]


def test_without_a_name_an_annotator_is_called_as_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "id,description\nb4_1,open\n").annotators == ("ada",)


def test_groups_are_told_apart(tmp_path: Path) -> None:
    found = read(tmp_path, "id,group,description\nb4_1,experts,open\nb4_2,,dark\n")
    assert found.groups == ("experts",)
    assert [row.id for row in found.of("experts").rows] == ["b4_1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,description\nb4_1,x\nb4_9,y\n", 'ada.csv:3: no direction "b4_9"; did you mean'),
        ("id,description\nqqq,y\n", "is this the sheet of another bank?"),
        ("id,description\nb4_1,a,b\n", "ada.csv:2: 3 cells; the first line has 2"),
        ('id,description\nb4_1,"a\n', "ada.csv:2: broken CSV"),
        ("id,words\nb4_1,a\n", 'ada.csv:1: no column "description"'),
        ("", 'ada.csv:1: no column "id"'),
        ("id,id,description\n", 'ada.csv:1: two columns "id"'),
        ("id,seed,description\nb4_1,-3,a\n", 'ada.csv:2: seed "-3"'),
        ("id,seed,description\nb4_1,4294967296,a\n", 'ada.csv:2: seed "4294967296"'),
        (f"id,description\nb4_1,{'a' * (LONGEST + 1)}\n", "ada.csv:2: a description of 2001 characters"),
        ("id,description\nb4_1,a\nb4_1,b\n", 'ada.csv:3: ada describes "b4_1" a second time'),
        (b"id,description\nb4_1,\xff\n", "ada.csv:2: not UTF-8"),
    ],
)
def test_broken_sheets_are_refused_by_file_and_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_a_sheet_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_answers([tmp_path / "none.csv"], IDS)
