"""Novel places are farther from what is kept, and from each other, than places as they come."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.latent.perceived import Eye
from engine.latent.sequence_file import Facts
from engine.studio.journey.drawing import Drawing, Look
from engine.studio.journey.explore import Explore, explore
from engine.studio.journey.features import GROUPS, LENGTH, distances, features, weights_of
from engine.studio.journey.novel import _farthest, _oddness, novel
from engine.studio.journey.pair import Pair, open_pair
from engine.studio.journey.strangers import Strangers

LOOK = Look("tulip", (64, 64))


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return Drawing(LOOK)


@pytest.fixture
def kept(tmp_path: Path) -> Pair:
    """Frames that are all near one place."""
    numbers = np.random.RandomState(0)
    path = tmp_path / "kept.npy"
    np.save(path, (numbers.randn(1, 512) + 0.3 * numbers.randn(10, 512)).astype(np.float32))
    return open_pair(path)


def picture(seed: int, side: int = 64) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (side, side, 3)).astype(np.uint8)


def test_novel_places_are_farther_than_random_ones(kept: Pair, drawing: Drawing) -> None:
    found = novel(kept, drawing, 8, candidates=64, seed=1)
    assert found.far.mean() > 1.15 * found.far_random.mean() and found.far.min() > found.far_random.min()
    assert (np.diff(found.far) <= 1e-5).all()


def test_another_eye_sees_them_farther_too(kept: Pair, drawing: Drawing) -> None:
    """The difference that `engine.latent.perceived` measures, which features are not made of."""
    found = novel(kept, drawing, 8, candidates=64, seed=1)
    random, _ = Strangers(kept, drawing.info, lambda: drawing, 1).of(found.random)

    def apart(rows: np.ndarray) -> float:
        pictures = [*drawing.pictures(np.asarray(kept.rows)), *drawing.pictures(rows)]
        return float(
            np.mean([min(_seen(p, q) for q in pictures[:i]) for i, p in enumerate(pictures) if i >= len(kept)])
        )

    assert apart(found.rows) > apart(random)


def _seen(a: np.ndarray, b: np.ndarray) -> float:
    eye = Eye(*a.shape[:2])
    change = [eye.look(np.dstack([p, np.full(p.shape[:2], 255, np.uint8)])) for p in (a, b)][1]
    assert change is not None
    return change


def test_they_are_samples_of_the_model_and_not_the_oddest(kept: Pair, drawing: Drawing) -> None:
    found = novel(kept, drawing, 5, candidates=60, seed=4)
    rows, _ = Strangers(kept, drawing.info, lambda: drawing, 4).of(np.arange(60))
    assert np.array_equal(found.rows, rows[found.numbers])
    seen = np.array([features(p) for p in drawing.pictures(rows)])
    odd = np.argsort(_oddness(seen * weights_of(seen), 4), kind="stable")[-6:]
    assert not set(found.numbers.tolist()) & set(odd.tolist())


def test_it_is_the_same_each_time(kept: Pair, drawing: Drawing) -> None:
    first, again = (novel(kept, drawing, 4, candidates=30, seed=2) for _ in range(2))
    assert np.array_equal(first.numbers, again.numbers) and np.array_equal(first.far, again.far)


@settings(max_examples=40)
@given(seed=st.integers(0, 999), count=st.integers(1, 8))
def test_farthest_first_covers_what_there_is(seed: int, count: int) -> None:
    """No candidate is farther from those chosen than the last one was, and none is chosen twice."""
    points = np.random.RandomState(seed).randn(30, 3).astype(np.float32)
    nearest = distances(points, np.zeros(3, np.float32))
    chosen, far = _farthest(points, nearest, count)
    assert len(set(chosen.tolist())) == count and chosen[0] == nearest.argmax()
    left = np.minimum(nearest, np.min([distances(points, points[i]) for i in chosen], 0))
    assert left.max() <= far[-1] + 1e-5


def test_features_are_numbers_of_a_known_length_whatever_the_size() -> None:
    for size in ((64, 64), (256, 256), (48, 96), (33, 31)):
        found = features(np.random.RandomState(0).randint(0, 256, (*size, 3)).astype(np.uint8))
        assert found.shape == (LENGTH,) == (sum(GROUPS),) and np.isfinite(found).all()
    for plain in (0, 128, 255):
        assert np.isfinite(features(np.full((64, 64, 3), plain, np.uint8))).all()


def test_features_tell_colour_place_and_edges_apart() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    red, left, right, upright, level = (grey.copy() for _ in range(5))
    red[..., 0] = 220
    left[:, :20] = right[:, -20:] = 250
    upright[:, ::8] = level[::8] = 160
    layout, palette, edges = (slice(a, a + n) for a, n in zip(np.cumsum([0, *GROUPS]), GROUPS, strict=False))

    def far(a: np.ndarray, b: np.ndarray, part: slice) -> float:
        return float(np.linalg.norm(features(a)[part] - features(b)[part]))

    assert far(red, grey, palette) > 0.5 and far(red, grey, edges) < 1e-3
    assert far(left, right, layout) > 1 and far(left, right, palette) < 0.05
    assert far(upright, level, edges) > 5 * far(upright, level, layout)


def test_each_group_counts_alike() -> None:
    found = np.array([features(picture(seed)) for seed in range(20)])
    scaled = found * weights_of(found)
    parts = np.split(scaled, np.cumsum(GROUPS)[:-1], 1)
    assert np.allclose([part.var(0).sum() for part in parts], 1.0, rtol=1e-3)


def test_novel_places_are_written_and_may_stand_between(kept: Pair, tmp_path: Path) -> None:
    wanted = Explore(kept.path, tmp_path / "new", novel=True, count=3, hold=2, candidates=20, sheet=False)
    made = explore(wanted, LOOK)
    assert made.found is not None and len(made.pairs) == 1 and len(made.pairs[0]) == 6
    assert np.allclose(made.pairs[0].rows[::2], made.found.rows, atol=1e-5)
    ways = explore(replace(wanted, out=tmp_path / "ways", between="0,9", frames=9), LOOK)
    assert ways.found is not None and len(ways.pairs) == 3
    assert np.allclose(ways.pairs[1].rows[4], ways.found.rows[0], atol=1e-4)
    assert ways.pairs[1].facts == Facts(
        model="tulip", model_hash=ways.pairs[1].facts.model_hash, made=ways.pairs[1].facts.made,
        marks=ways.pairs[1].facts.marks,
    )  # fmt: skip
