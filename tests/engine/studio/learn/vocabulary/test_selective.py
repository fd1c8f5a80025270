"""Layer-selective directions: gradients are really computed, and nothing that does nothing is found."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.generator.catalog import model_directions
from engine.latent.directions import Direction
from engine.studio.learn.subject import Subject
from engine.studio.learn.vocabulary.active import active_space, spreads
from engine.studio.learn.vocabulary.selective import Asked, at_random, selective
from engine.studio.learn.work import Stopped, Work

ASKED = Asked(layers=("b4",), per_layer=2, steps=14, places=6, batch=3, rate=0.15, seed=4)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject("tulip", 16, 1)


@pytest.fixture(scope="module")
def straight(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> list[Direction]:
    return selective(subject, ASKED, Work(tmp_path_factory.mktemp("straight") / "x.safetensors", {}))


def test_the_space_that_the_picture_depends_on_is_that_of_the_factors(subject: Subject) -> None:
    basis = active_space(subject, "z", 3)
    rows = np.array([d.vector for d in model_directions("tulip")])
    assert len(basis) == len(rows)
    assert np.linalg.norm(basis @ rows.T, axis=0).min() > 1 - 1e-5


def test_directions_change_the_picture_and_spare_the_layer(straight: list[Direction]) -> None:
    rows = np.array([d.vector for d in straight])
    np.testing.assert_allclose(rows @ rows.T, np.eye(2), atol=1e-5)
    factors = np.array([d.vector for d in model_directions("tulip")])
    for d in straight:  # held out, in shares of what random directions do
        assert d.measures["layer_change"] < 0.5
        assert d.measures["picture_change"] > 0.25
        assert np.linalg.norm(factors @ d.vector) > 1 - 1e-5  # nothing of it lies where nothing changes


def test_work_that_was_stopped_goes_on_to_the_same_directions(
    subject: Subject, straight: list[Direction], tmp_path: Path
) -> None:
    dims = len(active_space(subject, "z", ASKED.seed))  # each is looked at once
    looks = iter([False] * (dims + ASKED.steps + 3) + [True])  # in the second direction
    with pytest.raises(Stopped):
        selective(subject, ASKED, Work(tmp_path / "x.safetensors", {}, stop=lambda: next(looks)))
    again = selective(subject, ASKED, Work(tmp_path / "x.safetensors", {}))
    for one, other in zip(again, straight, strict=True):
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-6)


@pytest.mark.parametrize("seed", [1, 21])
def test_the_first_layer_is_spared_beside_a_direction_of_the_palette(seed: int, tmp_path: Path) -> None:
    asked = Asked(layers=("b4", "palette"), per_layer=1, steps=3, places=6, batch=3, seed=seed)
    palette, b4 = selective(Subject("tulip", 32, 1), asked, Work(tmp_path / "x.safetensors", {}))
    assert (palette.name, b4.name) == ("palette_1", "b4_1")
    assert b4.measures["layer_change"] < 0.3
    assert b4.measures["picture_change"] > 0.25


def test_directions_at_random_lie_where_something_changes(subject: Subject) -> None:
    factors = np.array([d.vector for d in model_directions("tulip")])
    for d in at_random(subject, "z", 5, 1):
        assert np.linalg.norm(factors @ d.vector) > 1 - 1e-5


def test_in_w_the_spread_is_that_of_the_model(subject: Subject) -> None:
    rows = np.eye(subject.info.w_dim)[:3]
    with torch.no_grad():
        w = subject.w(subject.sample(2000, 0))[:, 0].numpy()
    np.testing.assert_allclose(spreads(subject, rows, "w", 0), w.std(0)[:3], rtol=1e-5)


def test_a_layer_that_there_is_not_is_refused(subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="b5"):
        selective(subject, Asked(layers=("b5",)), Work(tmp_path / "x.safetensors", {}))
