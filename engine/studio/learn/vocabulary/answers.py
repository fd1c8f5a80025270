"""What people wrote about strips: a CSV of the sheet, filled in by any number of them."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.complaints import nearest
from engine.errors import InputError, printable

COLUMNS = ("id", "layer", "seed", "strip", "annotator", "group", "description")
NEEDED = ("id", "description")
MOST_BYTES = 64 << 20
LONGEST = 2000  # characters of a description


@dataclass(frozen=True, slots=True)
class Answer:
    """One description by one person.

    id : the direction's name; seed : the flower, face or place it was seen at, -1 where nobody said
    where : file and line
    """

    id: str
    seed: int
    annotator: str
    group: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Answers:
    """All of them. blank : rows that nobody filled in."""

    rows: tuple[Answer, ...]
    blank: int = 0

    @property
    def annotators(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.annotator for row in self.rows))

    @property
    def groups(self) -> tuple[str, ...]:
        """Those that were named, in their order."""
        return tuple(dict.fromkeys(row.group for row in self.rows if row.group))

    def of(self, group: str) -> "Answers":
        """Those of one group."""
        return Answers(tuple(row for row in self.rows if row.group == group))


def read_answers(files: Sequence[Path], ids: Collection[str], blanks: bool = False) -> Answers:
    """Read filled sheets. InputError by file and line: unknown ids, broken rows, one strip described twice by one.

    ids : the names of the directions that were shown; blanks : keep rows that nobody filled in too
    An annotator without a name is called as the file is.
    """
    rows: list[Answer] = []
    blank = 0
    seen: dict[tuple[str, int, str], str] = {}
    for file in files:
        for line, cells in _lines(file):
            answer = _answer(file, line, cells, ids)
            if not answer.text and not blanks:
                blank += 1
                continue
            key = (answer.id, answer.seed, answer.annotator)
            if key in seen:
                raise InputError(
                    f'{answer.where}: {answer.annotator} describes "{answer.id}" a second time, after {seen[key]}; '
                    "keep one of them, or give each person a name of their own"
                )
            seen[key] = answer.where
            rows.append(answer)
    return Answers(tuple(rows), blank)


def write_answers(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write rows of `COLUMNS`."""
    from engine.paths import part_beside

    with part_beside(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _answer(file: Path, line: int, cells: dict[str, str], ids: Collection[str]) -> Answer:
    where, name = f"{file}:{line}", cells["id"].strip()
    if name not in ids:
        hint = nearest(name, sorted(ids)) or "; is this the sheet of another bank?"
        raise InputError(f'{where}: no direction "{printable(name)}"{hint}')
    seed = cells.get("seed", "").strip()
    if seed and not (seed.isascii() and seed.isdecimal() and len(seed) <= 10 and int(seed) < 2**32):
        raise InputError(f'{where}: seed "{printable(seed)}"; give the whole number of the sheet')
    text = cells["description"].strip()
    if len(text) > LONGEST:
        raise InputError(f"{where}: a description of {len(text)} characters; give at most {LONGEST}")
    annotator = cells.get("annotator", "").strip() or file.stem
    return Answer(name, int(seed) if seed else -1, annotator, cells.get("group", "").strip(), text, where)


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The line on which each row ends, and its cells by column."""
    text = _text(file)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(reader, [])]
        _check_head(file, head)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                raise InputError(
                    f"{file}:{reader.line_num}: {len(cells)} cells; the first line has {len(head)}. "
                    'A comma inside a description needs "quotes" around the description'
                )
            yield reader.line_num, dict(zip(head, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"{file}:{reader.line_num}: broken CSV ({error}); save it again as UTF-8 CSV") from None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(f"{file}: over {MOST_BYTES >> 20} MiB; is this a sheet?")
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{file}:{line}: not UTF-8; save it as UTF-8 CSV") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); name a filled sheet.csv") from None


def _check_head(file: Path, head: Sequence[str]) -> None:
    for name in NEEDED:
        if name not in head:
            raise InputError(f'{file}:1: no column "{name}"; the first line is {",".join(COLUMNS)}')
    for name in head:
        if head.count(name) > 1:
            raise InputError(f'{file}:1: two columns "{printable(name)}"; keep one')
