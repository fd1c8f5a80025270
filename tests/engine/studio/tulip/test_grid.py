"""The grid shows the same flowers each time, the renderer's above the network's."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.generator.tulip.factors import factors_of
from engine.studio.tulip import grid
from engine.studio.tulip.data import latents, sample
from engine.studio.tulip.grid import Grid, pictures
from engine.studio.tulip.student import Student
from tests.engine.studio.tulip.small import CHANNELS, files_of_at_most


def test_rows_alternate_between_renderer_and_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(grid, "ROWS", 2)
    monkeypatch.setattr(grid, "COLUMNS", 3)
    student = Student(0, CHANNELS).requires_grad_(False)
    Grid().save(student, tmp_path / "grid.png")
    found = np.asarray(Image.open(tmp_path / "grid.png"))
    assert found.shape == (2 * 2 * 128, 3 * 128, 3)
    x = latents(grid.SEED, 6)
    drawn = pictures(student, x)
    for i, values in enumerate(factors_of(x)):
        top, left = i // 3 * 256, i % 3 * 128
        assert np.array_equal(found[top : top + 128, left : left + 128], sample(values)[0])
        network = found[top + 128 : top + 256, left : left + 128].astype(int)
        assert np.abs(network - drawn[i]).max() <= 1  # it is drawn in other batches
    with files_of_at_most(1000), pytest.raises(InputError, match="grid.png: the picture cannot be written"):
        Grid().save(student, tmp_path / "grid.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "grid.png")), found)
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]
