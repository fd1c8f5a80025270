"""A describer that is no person: a network that tells how well a word fits a picture, over a list of words."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from engine.studio.learn.vocabulary.sheet import Strip
from engine.studio.learn.work import Tell, quiet

Score = Callable[[Tensor], Tensor]  # pictures (n, 3, h, w), 0..1 -> how well each word fits, (n, words)

MOST = 2  # words for a strip
LEAST = 1.0  # standard deviations, over all strips, by which a word must gain to be said
LONGEST = 4096  # words of a list


def describe(
    strips: Iterable[tuple[Strip, Tensor]], of: int, score: Score, words: Sequence[str], tell: Tell = quiet
) -> list[tuple[Strip, str]]:
    """Each strip with the words that gain most from its first to its last picture; at most two, none where none does.

    How much a word gains is counted against how much it gains on all strips: words that any change favours say nothing.
    """
    gains, seen = [], []
    for done, (strip, pictures) in enumerate(strips, 1):
        with torch.no_grad():
            ends = score(pictures[[0, -1]]).cpu().numpy().astype(np.float64)
        gains.append(ends[1] - ends[0])
        seen.append(strip)
        tell("describing", done, of)
    return [(strip, said(row, words)) for strip, row in zip(seen, _standard(np.array(gains)), strict=True)]


def said(gains: NDArray[np.float64], words: Sequence[str]) -> str:
    """The words of the largest gains, in standard deviations."""
    best = np.argsort(-gains, kind="stable")[:MOST]
    return " ".join(words[i] for i in best if gains[i] >= LEAST)


def read_words(path: Path) -> list[str]:
    """A list of words or short phrases, one in a line, # before remarks. InputError for none, or for too many."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise InputError(f"{path}: cannot be read ({why}); give a text with a word in each line") from None
    words = list(dict.fromkeys(word for line in lines if (word := line.partition("#")[0].strip())))
    if not 2 <= len(words) <= LONGEST:
        raise InputError(f"{path}: {len(words)} words; give 2 to {LONGEST}, one in a line")
    return words


def _standard(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = gains.std(0)
    return np.asarray((gains - gains.mean(0)) / np.where(spread > 0, spread, np.inf))
