"""The reader learns to read, the same each time, and is kept once it is taught."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.generator.tulip.factors import NAMES
from engine.studio.tulip.data import latents
from engine.studio.tulip.metrics import r2
from engine.studio.tulip.painters import Renderer
from engine.studio.tulip.readback import Lessons, Reader, reader, shown, taught, wanted

TINY = Lessons(pictures=16, rounds=2, batch=8)


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""


def test_what_a_perfect_reader_says_is_even_from_end_to_end() -> None:
    found = wanted(latents(0, 4000))
    assert np.abs(found).max() < 1 and np.abs(found.mean(0)).max() < 0.05
    assert found.std(0) == pytest.approx(np.full(19, 1 / np.sqrt(3)), abs=0.02)


def test_it_learns_what_is_plain_to_see() -> None:
    lessons = Lessons(pictures=128, rounds=8, batch=16)
    x, other = latents(1, 128), latents(2, 48)
    found = taught(shown(x, 2, silent), x, lessons, silent)
    scores = r2(found.read(Renderer(2).pictures(other, 128)), wanted(other))
    assert scores[NAMES.index("bloom")] > 0.5 and scores[NAMES.index("ground")] > 0.3


def test_the_same_lessons_teach_the_same_reader() -> None:
    x = latents(1, 16)
    pictures = shown(x, 2, silent)
    a, b = (taught(pictures, x, TINY, silent).state_dict() for _ in range(2))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_reader_is_kept_and_a_spoilt_one_is_taught_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path))
    told: list[str] = []

    def tell(what: str, done: int, of: int) -> None:
        told.append(what)

    first = reader(TINY, 2, tell)
    assert told and not first.training
    kept = next((tmp_path / "tulip").iterdir())
    told.clear()
    again = reader(TINY, 2, tell)
    assert not told and all(torch.equal(t, again.state_dict()[name]) for name, t in first.state_dict().items())
    kept.write_bytes(kept.read_bytes()[:1000])
    reader(TINY, 2, tell)
    assert told


def test_it_reads_pictures_of_any_size_that_can_be_pooled() -> None:
    net = Reader().eval()
    pictures = torch.rand(3, 3, 64, 64)
    large = pictures.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert net.read(pictures).shape == (3, 19) and np.allclose(net.read(pictures), net.read(large), atol=1e-5)
