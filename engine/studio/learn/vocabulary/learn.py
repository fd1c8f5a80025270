"""The whole path: directions to describe, the sheet for people, and from what they wrote a bank of words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.latent.directions import Directions
from engine.paths import check_output
from engine.studio.learn.bank import check_bank, cleared, keep, others
from engine.studio.learn.facts import completed
from engine.studio.learn.measured import measured_each
from engine.studio.learn.strips import save_strips
from engine.studio.learn.subject import Subject
from engine.studio.learn.vocabulary.answers import Answers, read_answers, write_answers
from engine.studio.learn.vocabulary.describe import Score, describe
from engine.studio.learn.vocabulary.selective import Asked, at_random, selective
from engine.studio.learn.vocabulary.sheet import PAGE, TABLE, Strip, frames, strips_of, write_sheet
from engine.studio.learn.vocabulary.vocabulary import Vocabulary, vocabulary
from engine.studio.learn.vocabulary.words import Wordbook
from engine.studio.learn.work import Stop, Tell, Work, never, quiet

AMOUNT = 2.0  # sigma, of the right end of a strip
SHOWN = 12  # words in the picture beside a bank


@dataclass(frozen=True, slots=True)
class Wanted:
    """What words are made of.

    described : filled sheets; wordbook : see `Wordbook.load`; by_group : words of each group apart
    prefix : put before each word; leave : directions that no word may move, as `--without` has them
    """

    described: tuple[Path, ...]
    wordbook: Path | None = None
    language: str = "en"
    by_group: bool = False
    prefix: str = ""
    leave: tuple[str, ...] = ()
    add: bool = False
    seed: int = 0


def find_directions(subject: Subject, out: Path, asked: Asked, random: int, work: Work) -> Directions:
    """Directions that are worth a description, into a bank, with a picture beside it. Goes on with work."""
    former = check_bank(out, False, subject.info)
    found = selective(subject, asked, work)
    if random:
        found += at_random(subject, asked.space, random, asked.seed)
    bank = keep(out, former, found, subject.info)
    save_strips(out.with_suffix(".png"), subject, found[:SHOWN], tell=work.tell)
    work.done()
    return bank


def make_sheet(
    subject: Subject, bank: Directions, folder: Path, *, seeds: int = 1, seed: int = 0, amount: float = AMOUNT,
    side: int = 128, tell: Tell = quiet,
) -> None:  # fmt: skip
    """The folder with the page, the CSV and the strips of a bank, each direction at so many places."""
    write_sheet(folder, subject, strips_of(list(bank.check(subject.info)), seeds, seed), amount, side, tell)


def describe_by(
    subject: Subject, bank: Directions, folder: Path, out: Path, score: Score, words: Sequence[str], *, name: str,
    amount: float = AMOUNT, side: int = 128, tell: Tell = quiet,
) -> int:  # fmt: skip
    """Fill in the sheet of a folder by a network that scores words; gives how many strips it had words for.

    name : of the annotator
    """
    check_output(out)
    strips = _strips(folder / TABLE, bank.check(subject.info))
    seen = describe(frames(subject, strips, amount, side), len(strips), score, words, tell)
    rows = [(s.direction.name, s.layer, s.seed, s.file, name, "", text) for s, text in seen]
    write_answers(out, rows)
    return sum(bool(text) for _, text in seen)


def learn_words(
    subject: Subject, bank: Directions, out: Path, wanted: Wanted, tell: Tell = quiet, stop: Stop = never
) -> tuple[list[Vocabulary], Answers]:
    """A bank of words from filled sheets of a bank of directions, with a picture beside it. Goes on with work."""
    former = check_bank(out, wanted.add, subject.info)
    book = Wordbook.load(wanted.wordbook, wanted.language)
    answers = read_answers(wanted.described, bank.check(subject.info).names)
    leave = others(wanted.leave, subject.name, subject.info, bank.items[0].space)
    if wanted.by_group and not answers.groups:
        raise InputError("--by-group: no row of these sheets names a group; fill the column in, or leave this out")
    groups = answers.groups if wanted.by_group else ("",)
    found = [vocabulary(answers, bank, book, group) for group in groups]
    directions = Directions(tuple(d for one in found for d in one.directions(wanted.prefix))).items
    measured = measured_each(
        subject, out, cleared(directions, leave), lambda d: completed(subject, d, seed=wanted.seed), seed=wanted.seed,
        tell=tell, stop=stop,
    )  # fmt: skip
    keep(out, former, measured, subject.info)
    save_strips(out.with_suffix(".png"), subject, measured[:SHOWN], tell=tell)
    return found, answers


def is_drawn(folder: Path) -> bool:
    """Whether the sheet of this folder is whole: its page is written last."""
    return (folder / PAGE).is_file()


def filled(folder: Path) -> tuple[Path, ...]:
    """The tables in a sheet's folder: its own, and those that people gave back."""
    if not is_drawn(folder):
        raise InputError(f"{folder}: is no sheet's folder: it has no {PAGE}")
    return tuple(sorted(folder.glob("*.csv")))


def _strips(table: Path, bank: Directions) -> list[Strip]:
    """Those of a sheet's own table, filled in or not."""
    rows = read_answers([table], bank.names, blanks=True).rows
    return [Strip(bank[row.id], max(0, row.seed)) for row in rows]
