"""Laws of compasses: which way two piles point, how sure that is, and what is refused."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.latent.compass import SOFTNESS, Axes, Method, judged, learn, luck_of, plane, sorted_examples, warning_of

Array = NDArray[np.float64]
METHODS: tuple[Method, ...] = ("svm", "means")
K = 20


def plain(dim: int = K) -> Axes:
    return Axes(np.eye(dim), np.zeros(dim), np.ones(dim))


def piles(seed: int, each: int = 6, dim: int = K, noise: float = 0.3) -> tuple[Array, Array, Array]:
    """Extremes of a pool of 200 along a random way, and that way."""
    numbers = np.random.RandomState(seed)
    way = numbers.randn(dim)
    way /= np.linalg.norm(way)
    pool = numbers.randn(200, dim)
    order = np.argsort(pool @ way + noise * numbers.randn(200))
    return pool[order[-each:]], pool[order[:each]], way


@pytest.mark.parametrize("more, less", [(6, 6), (4, 9), (15, 15)])
def test_the_machine_agrees_with_another_one(more: int, less: int) -> None:
    from sklearn import svm  # librosa brings it

    numbers = np.random.RandomState(more)
    a, b = numbers.randn(more, K) + 0.5, numbers.randn(less, K) - 0.2
    other = svm.LinearSVC(
        C=SOFTNESS, loss="hinge", class_weight="balanced", tol=1e-8, max_iter=1_000_000, random_state=0
    ).fit(np.concatenate([a, b]), [1] * more + [-1] * less)
    length = np.linalg.norm(other.coef_[0])
    found = learn(a, b, plain())
    assert found.normal == pytest.approx(other.coef_[0] / length, abs=2e-3)
    assert found.bias == pytest.approx(other.intercept_[0] / length, abs=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_six_extremes_a_side_point_the_right_way_in_twenty_axes(method: Method) -> None:
    cosines, accuracies = [], []
    for seed in range(12):
        more, less, way = piles(seed)
        found = learn(more, less, plain(), method)
        cosines.append(found.vector @ way)
        accuracies.append(found.accuracy)
        assert not found.warning
    assert np.mean(cosines) >= 0.82
    assert np.mean(accuracies) >= 0.84


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10.0))
def test_swapping_the_piles_turns_it_round_and_the_scale_of_an_axis_does_not_matter(
    method: Method, seed: int, scale: float
) -> None:
    more, less, _ = piles(seed, 4, 5)
    found, back = learn(more, less, plain(5), method), learn(less, more, plain(5), method)
    assert back.normal == pytest.approx(-found.normal, abs=5e-3)
    assert (back.accuracy, back.luck) == pytest.approx((found.accuracy, found.luck))
    wide = Axes(np.eye(5), np.zeros(5), np.full(5, scale))
    assert learn(more * scale, less * scale, wide, method).normal == pytest.approx(found.normal, abs=1e-9)


def test_the_way_follows_the_spread_of_the_axes() -> None:
    """In w the components spread differently: one sigma along the way is one sigma of the model's own places."""
    numbers = np.random.RandomState(1)
    scale = np.array([3.0, 1.0, 0.2])
    axes = Axes(np.eye(3), np.array([5.0, 0.0, -2.0]), scale)
    way = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    pool = numbers.randn(400, 3)
    order = np.argsort(pool @ way)
    places = axes.mean + pool * scale
    found = learn(places[order[-9:]], places[order[:9]], axes)
    assert found.vector == pytest.approx(np.array([3.0, 1.0, 0.0]) / np.sqrt(10), abs=0.1)
    assert found.sigma == pytest.approx((places @ found.vector).std(), rel=0.1)
    assert np.mean((found.score(axes, places) > 0) == (pool @ way > 0)) > 0.9


def test_a_layer_leads_back_by_its_own_ways() -> None:
    more, less, _ = piles(3, dim=4)
    back = np.random.RandomState(0).randn(4, 9)
    found = learn(more, less, Axes(np.eye(4), np.zeros(4), np.ones(4), back=back))
    assert found.vector == pytest.approx(found.normal @ back / np.linalg.norm(found.normal @ back))


@pytest.mark.parametrize("method", METHODS)
def test_a_sorting_at_random_says_nothing_and_says_so(method: Method) -> None:
    found = [learn(*np.random.RandomState(seed).randn(2, 6, K), plain(), method) for seed in range(12)]
    assert 0.3 < np.mean([f.accuracy for f in found]) < 0.7
    assert sum(bool(f.warning) for f in found) >= 10
    assert "tossing a coin" in next(f.warning for f in found if f.warning)


@pytest.mark.parametrize("method", METHODS)
def test_each_example_is_judged_by_the_others_alone(method: Method) -> None:
    more, less, _ = piles(5, 4, 6, noise=3.0)
    x, side = sorted_examples(more, less, plain(6))
    one_by_one = []
    for i in range(len(x)):
        keep = np.arange(len(x)) != i
        normal, bias = plane(x[keep], side[keep], method)
        one_by_one.append((x[i] @ normal + bias) * side[i] > 0)
    assert judged(x, side, method).tolist() == one_by_one
    assert [bool(judged(x, side, method, [i])[0]) for i in range(len(x))] == one_by_one


def test_large_piles_are_judged_by_a_few_machines() -> None:
    more, less, _ = piles(5, 90, 6, noise=1.0)
    x, side = sorted_examples(more, less, plain(6))
    assert np.mean(judged(x, side) == judged(x, side, "means")) > 0.9


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_luck_is_how_often_coins_do_as_well(more: int, less: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, more)), data.draw(st.integers(0, less))
    score = a / more + b / less
    tosses = list(product((0, 1), repeat=more + less))
    as_good = sum(sum(t[:more]) / more + sum(t[more:]) / less >= score - 1e-9 for t in tosses)
    assert luck_of(a, more, b, less) == pytest.approx(as_good / len(tosses))


@pytest.mark.parametrize("n", [6, 31, 32, 40, 200, 3000])
def test_luck_is_a_share_however_many_examples_there_are(n: int) -> None:
    assert luck_of(0, n, 0, n) == pytest.approx(1.0)
    assert 0.5 < luck_of(n // 2, n, n // 2, n) < 0.75
    assert luck_of(n, n, n, n) == pytest.approx(0.25**n)
    assert warning_of(n, 2 * n, luck_of(n // 2, n, n - n // 2, n)) and not warning_of(2 * n, 2 * n, luck_of(n, n, n, n))


def test_the_margin_is_the_distance_of_the_nearest_example() -> None:
    more, less, _ = piles(2)
    found = learn(more, less, plain())
    scores = np.concatenate([found.score(plain(), more), -found.score(plain(), less)])
    assert found.margin == pytest.approx(scores.min())
    assert np.linalg.norm(found.normal) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("more", "less", "said"),
    [
        (np.zeros((0, 3)), np.ones((3, 3)), "more: 0 examples; give at least 2"),
        (np.ones((2, 3)), np.ones((1, 3)), "less: 1 example; give at least 2"),
        (np.ones((2, 4)), np.ones((2, 3)), r"more: places of shape \(2, 4\); the axes take n x 3"),
        (np.array([[1.0, 2, 3], [np.nan, 0, 0]]), np.zeros((2, 3)), "more: example 2 is not finite"),
        (np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[7.0, 8, 9], [1, 2, 3]]), "more 1 and less 2 are the same"),
        (np.array([[1.0, 0, 0], [-1, 0, 0]]), np.array([[0.0, 1, 0], [0, -1, 0]]), "on top of each other"),
    ],
)  # fmt: skip
def test_piles_that_cannot_be_told_apart_are_refused(more: Array, less: Array, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        learn(more, less, plain(3), "means")


@pytest.mark.parametrize(
    "axes",
    [
        (np.eye(3), np.zeros(2), np.ones(3)),
        (np.eye(3), np.zeros(3), np.ones(2)),
        (np.zeros((0, 3)), np.zeros(3), np.ones(0)),
        (np.eye(3), np.zeros(3), np.array([1.0, 0.0, 1.0])),
        (np.eye(3), np.array([np.inf, 0, 0]), np.ones(3)),
    ],
)
def test_axes_that_do_not_fit_are_refused(axes: tuple[Array, Array, Array]) -> None:
    with pytest.raises(ModelError, match="axes"):
        Axes(*axes)
