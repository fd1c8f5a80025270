"""Families small enough for a test, in an empty folder."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.studio.breed.breed import Bred, Breed, breed
from engine.studio.journey.drawing import Drawing, Look
from tests.engine.studio.journey.conftest import run as run
from tests.engine.studio.journey.small import model_of

SIZE = (64, 64)

Breeds = Callable[..., Bred]


@pytest.fixture(scope="session")
def tulip() -> Iterator[Drawing]:
    drawing = Drawing(Look("tulip", SIZE))
    yield drawing
    drawing.close()


@pytest.fixture(scope="session", params=["stylegan2", "biggan"])
def conditional(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of random weights that has four classes."""
    return model_of(tmp_path_factory.mktemp("models"), request.param, architecture=request.param, classes=4)


@pytest.fixture
def breeds(tmp_path: Path) -> Breeds:
    """Breeds of the tulip, three children, in a folder."""

    def call(*parents: object, out: str = "garden", **options: object) -> Bred:
        wanted = Breed(tuple(map(str, parents)), tmp_path / out, "tulip", children=3, size=SIZE)
        return breed(replace(wanted, **options))  # type: ignore[arg-type]

    return call
