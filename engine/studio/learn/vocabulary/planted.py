"""Described directions whose words are known: to measure how well words are found again."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST = 3  # words of a description


def planted(words: int, count: int, dim: int, seed: int, noise: float = 1.0) -> tuple[Array, Array, Array]:
    """Unit word directions (words, dim); bags (count, words) of one to three each; directions (count, dim).

    A direction is the sum of its words and noise. noise : its length in lengths of that sum, in a direction at
    random, so that a dimension more does not make it stronger; 1 is a signal-to-noise ratio of 1
    """
    numbers = np.random.default_rng(seed)
    vectors = numbers.standard_normal((words, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bags = np.zeros((count, words))
    for row in bags:
        row[numbers.choice(words, numbers.integers(1, MOST + 1), replace=False)] = 1.0
    signal, other = bags @ vectors, numbers.standard_normal((count, dim))
    other *= np.linalg.norm(signal, axis=1, keepdims=True) / np.linalg.norm(other, axis=1, keepdims=True)
    return vectors, bags, signal + noise * other
