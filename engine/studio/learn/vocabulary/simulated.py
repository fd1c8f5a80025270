"""Describers that are no people: they know the tulip's factors, and err. For figures, and for a show that says so."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

PEOPLE = ("first describer", "second describer", "third describer")
SECOND = 0.75  # a second factor is named when it changes so much of what the first does
ERRS = 0.1  # share of words that are another factor's
LINKS = (", ", " and ", "; ")

# What more and what less of a factor is called: the first most often, then its synonyms.
WORDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bloom": (("open", "opening", "blooming"), ("closed", "a bud", "shut")),
    "curl": (("curled petals", "curling"), ("straight", "straight petals")),
    "wilt": (("wilted", "withered", "wilting"), ("fresh", "fresh petals")),
    "pitch": (("from above", "seen from above"), ("level", "at eye level")),
    "zoom": (("near", "bigger", "large"), ("far away", "smaller", "small")),
    "sway": (("leaning left", "to the left"), ("leaning right", "to the right")),
    "yaw": (("turned", "rotated"), ("unturned",)),
    "leaves": (("tall", "upright leaves"), ("low", "low leaves")),
    "light": (("right-lit",), ("left-lit",)),
    "hue": (("yellow", "golden", "yellowish"), ("violet", "purple")),
    "saturation": (("vivid", "deep colours"), ("pale", "faded")),
    "value": (("bright", "brighter"), ("dark", "darker")),
    "stripes": (("striped", "stripes", "flamed"), ("plain", "plain petals")),
    "stripe_hue": (("coloured flames", "tinted flames"), ("white flames", "whiter")),
    "feather": (("feathered", "feathery"), ("broad", "broad flames")),
    "blotch": (("a blotch", "blotched"), ("clean", "a clean base")),
    "picotee": (("a rim", "edged", "edges"), ("rimless",)),
    "ground_hue": (("warm ground", "a warm background"), ("cold ground", "a cold background")),
    "ground": (("dusk", "a dusky ground"), ("night", "a ground like night")),
}


def described(
    names: Sequence[str], effects: NDArray[np.float64], factors: Sequence[str], seed: int
) -> list[tuple[str, str, int, str, str, str, str]]:
    """Rows for a sheet: what each describer says of each direction.

    effects : (directions, factors) how far each factor moves along each direction
    """
    numbers = np.random.default_rng(seed)
    return [
        (name, "", i, "", person, "", said(row, factors, numbers))
        for person in PEOPLE
        for i, (name, row) in enumerate(zip(names, effects, strict=True))
    ]


def said(effects: NDArray[np.float64], factors: Sequence[str], numbers: np.random.Generator) -> str:
    """One description: the factor that moves most, and the next where it moves nearly as much."""
    first, second = (int(i) for i in np.argsort(-np.abs(effects))[:2])
    seen = [first, second] if abs(effects[second]) >= SECOND * abs(effects[first]) else [first]
    words = [_word(factors[i], effects[i] > 0, factors, numbers) for i in seen]
    return str(numbers.choice(LINKS)).join(words)


def _word(factor: str, more: bool, factors: Sequence[str], numbers: np.random.Generator) -> str:
    if numbers.random() < ERRS:
        factor, more = factors[int(numbers.integers(len(factors)))], bool(numbers.random() < 0.5)
    words = WORDS[factor][0 if more else 1]
    return words[min(int(numbers.geometric(0.6)), len(words)) - 1]
