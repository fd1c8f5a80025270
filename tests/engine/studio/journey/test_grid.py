"""Laws of grids: the same latents through every model, numbered, and one of them picked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InputError, ModelError
from engine.studio.journey.drawing import Drawing, Look
from engine.studio.journey.grid import grid, pick
from engine.studio.journey.pair import Facts, Pair, PairWriter, open_pair
from engine.studio.journey.panel import layout
from tests.engine.studio.journey.small import left_over, model_of, pictures

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("snapshots")
    return tuple(model_of(folder, f"{100 * n:04d}", seed=n) for n in range(1, 6))


@pytest.fixture
def pair(tmp_path: Path, models: tuple[str, ...]) -> Pair:
    with PairWriter(tmp_path / "a", (16,), 4, Facts(model=models[0])) as writer:
        writer.write(np.random.RandomState(0).randn(4, 16))
        return writer.close()


def test_twenty_eight_are_seven_by_four() -> None:
    assert layout(28) == (7, 4) and layout(1) == (1, 1) and layout(4) == (2, 2) and layout(28, 4) == (4, 7)


@given(st.integers(1, 256), st.integers(0, 64))
def test_every_model_has_a_cell_and_no_row_is_empty(count: int, columns: int) -> None:
    across, down = layout(count, columns)
    assert across * (down - 1) < count <= across * down and (not columns or across <= columns)


def test_each_cell_is_what_its_model_draws(pair: Pair, models: tuple[str, ...], tmp_path: Path) -> None:
    out = grid(pair, Look(models[0], (96 * 3, 96 * 2)), models, tmp_path / "g.png", frame=2, columns=3)
    with Image.open(out) as image:
        picture = np.asarray(image)
        assert image.info["latenz.models"].split("\n") == ["0100", "0200", "0300", "0400", "0500"]
    assert picture.shape == (192, 288, 3) and not picture[96:, 192:].any()
    for n, model in enumerate(models):
        drawing = Drawing(Look(model, (96, 96)))
        wanted = drawing.pictures(np.array(pair.rows[2:3]))[0]
        drawing.close()
        cell = picture[n // 3 * 96 :, n % 3 * 96 :][:96, :96]
        assert (cell[20:] == wanted[20:]).all() and (cell[:14, :40] != wanted[:14, :40]).any()  # its label
    assert left_over(tmp_path) == []


def test_a_grid_is_a_film_too(pair: Pair, models: tuple[str, ...], tmp_path: Path) -> None:
    out = grid(pair, Look(models[0], (192, 128)), models, tmp_path / "g.mp4")
    shown = pictures(out)
    assert len(shown) == 4 and shown[0].shape == (128, 192, 3)


def test_the_picked_model_draws_the_pair_from_then_on(pair: Pair, models: tuple[str, ...]) -> None:
    chosen = pick(pair, models, 3)
    assert chosen.facts.model == models[2] and open_pair(pair.path).facts == chosen.facts
    assert chosen.facts.model_hash and not chosen.facts.snapshots
    with pytest.raises(InputError, match="--pick 6"):
        pick(pair, models, 6)


def test_what_cannot_be_shown_is_said(pair: Pair, models: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--frame 4"):
        grid(pair, Look(models[0]), models, tmp_path / "g.png", frame=4)
    with pytest.raises(ModelError, match="another shape"):
        grid(pair, Look(models[0]), (models[0], "tulip"), tmp_path / "g.png")
    with pytest.raises(InputError, match="too small"):
        grid(pair, Look(models[0], (64, 64)), models, tmp_path / "g.png")
    assert not (tmp_path / "g.png").exists()


def test_the_command_takes_a_folder_and_picks(pair: Pair, models: tuple[str, ...], tmp_path: Path, run: Run) -> None:
    folder, out = str(Path(models[0]).parent), tmp_path / "g.png"
    code, said, _ = run("journey", "grid", str(pair.path), "--snapshots", folder, "-o", str(out), "--pick", "2")
    assert code == 0 and out.is_file() and said.startswith("2  0200")
    assert open_pair(pair.path).facts.model == models[1]
    code, _, err = run("journey", "grid", str(pair.path), "-o", str(out))
    assert code == 2 and "names no snapshots" in err
    code, _, err = run("journey", "grid", str(pair.path), "--snapshots", folder)
    assert code == 2 and "--pick" in err
