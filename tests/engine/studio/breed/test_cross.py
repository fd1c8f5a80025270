"""Crossing: a mean of equals is each of them, and every layer is somebody's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.latent import sphere
from engine.studio.breed.cross import KINDS, draw_layers, mean_on_shell, mixed, spliced
from engine.studio.breed.genome import Genome, of_z
from engine.studio.journey.drawing import Drawing
from engine.studio.pace import mixed as between

COUNTS = st.integers(2, 5)
SEEDS = st.integers(0, 2**32 - 1)


def points(seed: int, count: int, dim: int = 16) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(seed)
    return random.randn(count, dim), random.dirichlet(np.ones(count))


@settings(max_examples=60)
@given(SEEDS, COUNTS)
def test_the_mean_does_not_ask_who_comes_first(seed: int, count: int) -> None:
    z, weights = points(seed, count)
    order = np.random.RandomState(seed).permutation(count)
    assert np.allclose(mean_on_shell(z, weights), mean_on_shell(z[order], weights[order]), atol=1e-9)


@settings(max_examples=60)
@given(SEEDS, COUNTS)
def test_the_mean_of_equals_is_each_of_them(seed: int, count: int) -> None:
    z, weights = points(seed, count)
    assert np.allclose(mean_on_shell(z[:1].repeat(count, 0), weights), z[0])


@settings(max_examples=60)
@given(SEEDS, st.floats(0, 1))
def test_the_mean_of_two_lies_where_interpolation_has_it(seed: int, part: float) -> None:
    z, _ = points(seed, 2)
    found = mean_on_shell(z, np.array([1 - part, part]))
    assert np.allclose(found, between(z[:1], z[1:], np.array([part]))[0], atol=1e-9)


@settings(max_examples=40)
@given(SEEDS, COUNTS)
def test_the_mean_is_nearest_to_all(seed: int, count: int) -> None:
    """No point near it has a smaller weighted sum of squared angles, and its length is geometric."""
    z, weights = points(seed, count)
    units, found = sphere.normalise(z), mean_on_shell(z, weights)
    here = sphere.normalise(found)

    def far(point: np.ndarray) -> float:
        return float(weights @ sphere.angle(np.broadcast_to(point, units.shape), units) ** 2)

    for offset in np.random.RandomState(seed).randn(6, z.shape[1]):
        aside = sphere.exp(here, 0.02 * sphere.normalise(sphere.tangent(here, offset)))
        assert far(here) <= far(aside)
    assert math.isclose(float(sphere.norm(found)[0]), math.exp(weights @ np.log(sphere.norm(z)[:, 0])))


def test_opposites_and_nothing_have_a_mean() -> None:
    opposite = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    assert np.isfinite(mean_on_shell(opposite, np.array([0.5, 0.5]))).all()
    assert np.array_equal(mean_on_shell(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([0.5, 0.5])), [1.0, 0.0])


@settings(max_examples=60)
@given(SEEDS, COUNTS, st.sampled_from(KINDS[1:]))
def test_every_layer_is_of_one_parent_and_more_than_one_gives(seed: int, count: int, kind: str) -> None:
    from engine.studio.journey.drawing import info_of

    info, random = info_of("tulip"), np.random.RandomState(seed)
    layers = draw_layers(kind, info, np.full(count, 1 / count), random)
    assert len(layers) == info.num_ws and set(layers) <= set(range(count)) and len(set(layers)) > 1
    if kind == "bands":
        assert all(len(set(layers[band.first : band.last])) == 1 for band in info.bands)
    if kind == "layers":
        assert np.count_nonzero(np.diff(layers)) == count - 1


def test_who_weighs_nothing_gives_nothing(tulip: Drawing) -> None:
    for kind in KINDS[1:]:
        assert set(draw_layers(kind, tulip.info, np.array([1.0, 0.0]), np.random.RandomState(0))) == {0}


def genomes(count: int, seed: int = 0) -> list[Genome]:
    return [of_z(row[None], None) for row in np.random.RandomState(seed).randn(count, 512)]


@pytest.mark.parametrize("layers", [(0,) * 5 + (1,) * 5, (0, 1) * 5])
def test_each_layer_of_a_child_is_its_parents_own(tulip: Drawing, layers: tuple[int, ...]) -> None:
    """Where whole bands are crossed the child keeps a z, a row for each band."""
    parents = genomes(2)
    child = spliced(parents, layers, tulip)
    own = [parent.w(tulip, 1.0) for parent in parents]
    assert np.allclose(child.w(tulip, 1.0), [own[n][layer] for layer, n in enumerate(layers)], atol=1e-6)
    assert child.space == ("z" if layers[1] == 0 else "w")


def test_z_and_w_meet_in_w_and_class_weights_mix(tulip: Drawing) -> None:
    a, b = genomes(2)
    w = Genome("w", b.w(tulip, 1.0))
    half = mixed([a, w], np.array([0.5, 0.5]), tulip)
    assert half.space == "w"
    assert np.allclose(half.latent, (a.w(tulip, 1.0) + w.latent) / 2, atol=1e-6)
    rose, lily = (Genome("z", a.latent, np.eye(3)[n]) for n in (0, 2))
    assert np.allclose(mixed([rose, lily], np.array([0.25, 0.75]), tulip).classes, [0.25, 0, 0.75])
    assert np.array_equal(mixed([rose, rose], np.array([0.3, 0.7]), tulip).classes, [1, 0, 0])
