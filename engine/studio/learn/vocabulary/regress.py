"""From described directions to directions of single words: a ridge regression on bags of words.

B (n, words) says which words each of n directions was given, D (n, dim) are the directions:
E = argmin |D - B E|^2 + ridge |E|^2 = (B'B + ridge I)^-1 B'D. Row w of E is the direction of word w.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_RIDGE = 0.05  # with fewer, words that always come together would get directions that cancel
RIDGES = np.geomspace(LEAST_RIDGE, 500.0, 49)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What was found.

    vectors : (words, dim), not unit; ridge : as leave-one-out chose it
    held_out : (n,) cosine of each direction with what the words of it predict when it is left out; nan without words
    """

    vectors: Array
    ridge: float
    held_out: Array


def regress(bags: Array, directions: Array) -> Fit:
    """Solve for the words of bags (n, words), directions (n, dim). Words in a strip may be shares of those who said so.

    The ridge is that of `RIDGES` which predicts directions best that are left out, one after the other: with
    H = B (B'B + ridge I)^-1 B' the residual of a row that is left out is its residual over 1 - H_ii, so that
    one decomposition of B serves for all of them.
    """
    left, spread, right = np.linalg.svd(bags, full_matrices=False)
    inner = left.T @ directions
    best, error, predicted = LEAST_RIDGE, np.inf, np.zeros_like(directions)
    for ridge in RIDGES:
        shrink = spread**2 / (spread**2 + ridge)
        fitted, own = left @ (shrink[:, None] * inner), (left**2) @ shrink
        residual = (directions - fitted) / (1.0 - own)[:, None]
        if (now := float((residual**2).sum())) < error:
            best, error, predicted = float(ridge), now, directions - residual
    vectors = right.T @ ((spread / (spread**2 + best))[:, None] * inner)
    return Fit(vectors, best, cosines(predicted, directions))


def cosines(a: Array, b: Array) -> Array:
    """Row by row, (n,); nan where one of them is zero."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    found: Array = np.divide((a * b).sum(1), lengths, out=np.full(len(a), np.nan), where=lengths > 1e-12)
    return found
