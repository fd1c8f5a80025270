"""From what people wrote to a bank of words: which words hold, how far people agree, a direction for each."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.latent.directions import Direction, Directions
from engine.studio.learn.vocabulary.agreement import alpha_of_sets, alpha_of_words
from engine.studio.learn.vocabulary.answers import Answers
from engine.studio.learn.vocabulary.regress import regress
from engine.studio.learn.vocabulary.words import Wordbook

METHOD = "vocabulary"
LEAST = 3  # directions that a word was said of
_UNFIT = re.compile(r"[\s#*,/?\[\]{}]+")


@dataclass(frozen=True, slots=True)
class Word:
    """What is known of a word.

    directions, answers, annotators : that said it; agreement : Krippendorff's alpha, nan where nobody can be compared
    held_out : mean cosine of the directions that it was said of with what their words say when they are left out
    vector : (dim,) of its direction, not unit
    """

    text: str
    directions: int
    answers: int
    annotators: int
    agreement: float
    held_out: float
    vector: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one group, or of all.

    words : most used first; refused : said of fewer than three directions, with of how many
    agreement : alpha of whole descriptions; described : directions that were described; ridge : of the regression
    space, layers : those of the directions
    """

    group: str
    words: tuple[Word, ...]
    refused: dict[str, int]
    agreement: float
    described: int
    ridge: float
    space: Literal["z", "w"]
    layers: tuple[int, ...] | None

    def directions(self, prefix: str = "") -> list[Direction]:
        """One for each word, with a sigma of 1: that of w is the caller's to measure. Names: prefix.group.word."""
        parts = [fit(part) for part in (prefix, self.group) if part]
        return [
            Direction(
                ".".join([*parts, word.text])[:64], word.vector, self.space, layers=self.layers, method=METHOD,
                measures=_measures(word),
            )
            for word in self.words
        ]  # fmt: skip


def vocabulary(answers: Answers, bank: Directions, book: Wordbook, group: str = "", least: int = LEAST) -> Vocabulary:
    """Learn the words of these answers, of one group or, without a name, of all.

    A direction that several people, or one at several places, described has of each word the share of descriptions
    with it. InputError where no word is said of enough directions.
    """
    rows = (answers.of(group) if group else answers).rows
    said_of = [frozenset(book.words(row.text)) for row in rows]
    found: Counter[str] = Counter(
        w for _, w in {(r.id, w) for r, words in zip(rows, said_of, strict=True) for w in words}
    )
    words = sorted((w for w in found if found[w] >= least), key=lambda w: (-found[w], w))
    refused = {w: found[w] for w in sorted(found, key=lambda w: (-found[w], w)) if found[w] < least}
    if not words:
        raise InputError(_nothing(group, len(rows), refused, least))
    said = np.array([[word in each for word in words] for each in said_of])
    ids = list(dict.fromkeys(row.id for row in rows))
    which = np.array([ids.index(row.id) for row in rows])
    vectors, space, layers = _vectors([bank[name] for name in ids])
    bags = np.zeros((len(ids), len(words)))
    np.add.at(bags, which, said)
    bags /= np.bincount(which)[:, None]
    told = bags.any(1)
    fit_ = regress(bags[told], vectors[told])
    held_out = np.full(len(ids), np.nan)
    held_out[told] = fit_.held_out
    strips = _numbers([(row.id, row.seed) for row in rows])
    alphas = alpha_of_words(said, strips)
    people = [{row.annotator for row, one in zip(rows, column, strict=True) if one} for column in said.T]
    return Vocabulary(
        group,
        tuple(
            Word(
                word, found[word], int(said[:, i].sum()), len(people[i]), float(alphas[i]),
                float(np.nanmean(held_out[bags[:, i] > 0])), fit_.vectors[i],
            )
            for i, word in enumerate(words)
        ),
        refused, alpha_of_sets(said, strips), len(ids), fit_.ridge, space, layers,
    )  # fmt: skip


def fit(name: str) -> str:
    """A name as it can stand in an address."""
    return _UNFIT.sub("_", name.strip()).strip("_") or "group"


def _measures(word: Word) -> dict[str, float]:
    all_of_them = {
        "directions": word.directions, "answers": word.answers, "annotators": word.annotators,
        "agreement": word.agreement, "held_out_cosine": word.held_out, "strength": float(np.linalg.norm(word.vector)),
    }  # fmt: skip
    return {name: float(value) for name, value in all_of_them.items() if np.isfinite(value)}


def _vectors(
    directions: Sequence[Direction],
) -> tuple[NDArray[np.float64], Literal["z", "w"], tuple[int, ...] | None]:
    """How far one sigma of each goes, (n, dim); the space and layers that they share."""
    first = directions[0]
    for d in directions:
        if (d.space, d.layers) != (first.space, first.layers) or d.curve is not None:
            raise InputError(
                f'"{first.name}" and "{d.name}" do not move the same layers of one space in straight lines; '
                "describe directions of one kind"
            )
    return np.array([d.sigma * d.vector for d in directions]), first.space, first.layers


def _numbers(keys: Sequence[tuple[str, int]]) -> NDArray[np.intp]:
    order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([order[key] for key in keys], np.intp)


def _nothing(group: str, answers: int, refused: dict[str, int], least: int) -> str:
    whose = f' of group "{group}"' if group else ""
    most = ", ".join(f"{word} {count}" for word, count in list(refused.items())[:12])
    return (
        f"{answers} descriptions{whose}, and no word in those of {least} directions or more"
        f"{f' (most: {most})' if most else ''}; describe more strips, or merge synonyms in a wordbook (--wordbook)"
    )
