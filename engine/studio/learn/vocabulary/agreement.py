"""How far people agree: Krippendorff's alpha, of each word and of whole descriptions.

K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011: 1 is full agreement, 0 what chance gives, below 0
they contradict each other. Whole descriptions are sets of words; how far two sets differ is their Jaccard distance
(R. Passonneau, Computing Reliability for Coreference Annotation, LREC 2004, does so with sets).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GOOD, FAIR, SOME = 0.8, 0.667, 0.2  # the first two are Krippendorff's own
ROWS = 512  # of the matrix of distances at a time


def alpha_of_words(said: NDArray[np.bool_], strips: NDArray[np.intp]) -> Array:
    """Alpha of each word, (words,): whether it was said of a strip, nan where nothing varies or nobody can be compared.

    said : (answers, words) ; strips : (answers,) which strip each answer is about
    """
    said, strips = _compared(said, strips)
    if len(said) < 2:
        return np.full(said.shape[1], np.nan)
    counts = np.bincount(strips)
    yes = np.stack([np.bincount(strips, said[:, word], len(counts)) for word in range(said.shape[1])], 1)
    no, n = counts[:, None] - yes, len(said)
    seen = 2 * (yes * no / (counts - 1)[:, None]).sum(0) / n
    by_chance = 2 * yes.sum(0) * no.sum(0) / (n * (n - 1))
    return _alpha(seen, by_chance)


def alpha_of_sets(said: NDArray[np.bool_], strips: NDArray[np.intp]) -> float:
    """Alpha of whole descriptions, as sets of words; nan as in `alpha_of_words`."""
    said, strips = _compared(said, strips)
    n = len(said)
    if n < 2:
        return float("nan")
    bags, counts = said.astype(np.float32), np.bincount(strips)
    sizes = bags.sum(1)
    seen = by_chance = 0.0
    for start in range(0, n, ROWS):
        rows = slice(start, start + ROWS)
        both = bags[rows] @ bags.T
        either = sizes[rows, None] + sizes - both
        apart = 1.0 - np.divide(both, either, out=np.ones_like(both), where=either > 0)
        by_chance += float(apart.sum(dtype=np.float64))
        same = strips[rows, None] == strips
        seen += float((apart * same / (counts[strips[rows]] - 1)[:, None]).sum(dtype=np.float64))
    return float(_alpha(np.array(seen / n), np.array(by_chance / (n * (n - 1)))))


def verdict(alpha: float) -> str:
    """What an alpha says, in plain words."""
    if not np.isfinite(alpha):
        return "nothing to compare: no strip was described by two people who could have differed"
    if alpha >= GOOD:
        return "they agree: the words can be relied on"
    if alpha >= FAIR:
        return "they mostly agree: good enough to build on with care"
    if alpha >= SOME:
        return "they share some words and differ in others: merge synonyms, or ask more people"
    return "they agree hardly more than chance would: look at the strips again before these words are played"


def _compared(
    said: NDArray[np.bool_], strips: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:  # fmt: skip
    """The answers about strips that have two answers at least, strips numbered from 0."""
    _, number, counts = np.unique(strips, return_inverse=True, return_counts=True)
    kept = counts[number] >= 2
    return said[kept], np.unique(number[kept], return_inverse=True)[1]


def _alpha(seen: Array, by_chance: Array) -> Array:
    return 1.0 - np.divide(seen, by_chance, out=np.full_like(seen, np.nan), where=by_chance > 0)
