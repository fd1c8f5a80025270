"""Four pixels become one: the layer that most are of, and the means of that layer alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.generator.tulip.maps import LAYERS
from engine.studio.tulip.reduce import GLOSS_SPAN, LIGHT_SPAN, reduced

SIDE = 4


def numbers(low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float32, (SIDE, SIDE), elements=st.floats(low, high, width=32))


@given(
    arrays(np.uint8, (SIDE, SIDE), elements=st.integers(0, len(LAYERS) - 1)),
    numbers(0, 1), numbers(-1, 1), numbers(0, LIGHT_SPAN), numbers(0, GLOSS_SPAN),
)  # fmt: skip
def test_most_of_four_win_and_give_their_means(
    ids: np.ndarray, u: np.ndarray, v: np.ndarray, light: np.ndarray, gloss: np.ndarray
) -> None:
    found = reduced(ids, u, v, light, gloss)
    assert found.shape == (SIDE // 2, SIDE // 2, 5) and found.dtype == np.uint8
    for row in range(SIDE // 2):
        for column in range(SIDE // 2):
            four = np.s_[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            counts = np.bincount(ids[four].ravel(), minlength=len(LAYERS))
            layer = int(counts.argmax())  # of those that are as many, the first
            got = found[row, column]
            assert got[0] == layer
            if layer == 0:
                assert not got[1:].any()
                continue
            own = ids[four] == layer
            sums = light[four][own].mean() / LIGHT_SPAN, gloss[four][own].mean() / GLOSS_SPAN
            means = (u[four][own].mean(), (v[four][own].mean() + 1) / 2, *sums)
            assert np.abs(got[1:] - np.array(means) * 255).max() <= 0.501
