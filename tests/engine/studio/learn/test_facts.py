"""The facts of a direction are those of the model it is measured on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.generator.catalog import model_directions
from engine.latent.curve import Curve
from engine.latent.directions import Direction
from engine.studio.learn import facts
from engine.studio.learn.subject import Subject

AMOUNTS = np.arange(-4.0, 4.1, 0.5)


@pytest.fixture(scope="module")
def tulip() -> Subject:
    return Subject("tulip", side=16, threads=1)


def test_in_z_a_sigma_is_one_and_in_w_it_is_what_the_model_spreads(tulip: Subject) -> None:
    w = tulip.w(tulip.sample(4000, 9)).double()[:, 0].numpy()
    vector = np.random.RandomState(1).randn(tulip.info.w_dim)
    way = Direction("way", vector, "w", sigma=77.0)
    assert facts.sigma_of(tulip, way) == pytest.approx((w @ way.vector).std(), rel=0.1)
    assert facts.sigma_of(tulip, model_directions("tulip")["bloom"]) == 1.0


def test_a_direction_that_bends_keeps_its_sigma(tulip: Subject) -> None:
    n = tulip.info.w_dim
    curve = Curve(np.zeros((2, n)), np.zeros(2), np.zeros((n, 2)), shell=False)
    assert facts.sigma_of(tulip, Direction("bends", np.ones(n), "w", sigma=3.5, curve=curve)) == 3.5


def test_completed_says_pace_and_range_and_the_same_each_time(tulip: Subject) -> None:
    hue = model_directions("tulip")["hue"]
    first, again = (facts.completed(tulip, hue, places=2, seed=3) for _ in range(2))
    assert first.pace is not None and again.pace is not None and first.safe == again.safe is not None
    assert np.array_equal(first.pace.arc, again.pace.arc) and np.array_equal(first.pace.amounts, AMOUNTS)
    assert (np.diff(first.pace.arc) > 0).all() and first.name == "hue" and first.vector is not hue.vector
    assert first.pace.arc[8 + 2] > 3 * (first.pace.arc[8 + 8] - first.pace.arc[8 + 6])  # the factor wears off


def test_a_direction_that_does_nothing_has_no_pace(tulip: Subject) -> None:
    rows = np.array([d.vector for d in model_directions("tulip")])
    vector = np.random.RandomState(0).randn(tulip.info.z_dim)
    found = facts.completed(tulip, Direction("nothing", vector - rows.T @ (rows @ vector)), places=1)
    assert found.pace is None and found.safe is not None


def test_with_an_attribute_the_range_is_where_that_follows(tulip: Subject) -> None:
    def light(pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean((1, 2, 3))

    value = facts.completed(tulip, model_directions("tulip")["value"], places=5, follows=light)
    assert value.safe is not None and value.safe[1] - value.safe[0] >= 1.0


def test_following_ends_where_the_slope_halves() -> None:
    scores = np.stack([np.clip(AMOUNTS, -2.0, 3.0), -np.clip(AMOUNTS, -2.0, 3.0), np.clip(AMOUNTS, -2, 3)], 1)
    assert facts.about_zero(AMOUNTS, facts.following(AMOUNTS, scores)) == (-2.0, 3.0)


def test_a_sign_that_turns_is_no_following() -> None:
    turning = np.stack([np.where(AMOUNTS > 1.5, 3.0 - AMOUNTS, AMOUNTS)] * 2, 1)
    assert facts.about_zero(AMOUNTS, facts.following(AMOUNTS, turning))[1] <= 1.5


@pytest.mark.filterwarnings("error")
def test_places_that_say_nothing_do_not_vote() -> None:
    none = np.full(len(AMOUNTS), np.nan)
    flat = np.zeros(len(AMOUNTS))
    assert facts.following(AMOUNTS, np.stack([AMOUNTS, none, flat], 1)).all()
    assert not facts.following(AMOUNTS, np.stack([none, flat], 1)).any()


def test_where_the_middle_is_not_good_nothing_is_safe() -> None:
    good = np.ones(len(AMOUNTS), bool)
    good[8] = False
    assert facts.about_zero(AMOUNTS, good) == (0.0, 0.0)


def test_a_pace_has_no_standstill() -> None:
    moved = np.zeros(16)
    moved[3] = 1.0
    found = facts.pace_of(AMOUNTS, moved)
    assert found is not None and (np.diff(found.arc) > 0).all() and found.arc[8] == 0
    assert facts.pace_of(AMOUNTS, np.zeros(16)) is None and facts.pace_of(AMOUNTS, np.full(16, np.nan)) is None


def test_places_are_spread_along_a_direction_and_stay_where_they_are_across(tulip: Subject) -> None:
    hue, light = (model_directions("tulip")[name] for name in ("hue", "light"))
    sample = tulip.sample(12, 5)
    found = facts.spread_along(sample, hue).z.double().numpy()
    along = np.sort(found @ hue.vector)
    assert np.allclose(along, -along[::-1], atol=1e-4) and along.std() == pytest.approx(1.0, abs=0.1)
    assert np.allclose(found @ light.vector, sample.z.double().numpy() @ light.vector, atol=1e-4)
    assert facts.spread_along(sample, replace(hue, space="w")) is sample


def test_its_own_pictures_are_typical_and_noise_is_not(tulip: Subject) -> None:
    typical = facts.typical_of(tulip)
    assert facts.typical_of(tulip) is typical
    own = tulip.pictures(tulip.w(tulip.sample(64, 99)))
    assert typical.holds(own).mean() >= 0.9
    assert not typical.holds(torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))).any()


def test_what_was_known_before_stays(tulip: Subject) -> None:
    d = replace(model_directions("tulip")["yaw"], method="by hand", measures={"a": 1.0}, layers=(0, 1))
    found = facts.completed(tulip, d, places=1)
    assert (found.method, found.measures, found.layers) == ("by hand", {"a": 1.0}, (0, 1))
