"""Places looked at together: the same space and the same sheet, bit for bit, as by one process."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, ModelError
from engine.studio.farm import Workers
from engine.studio.learn.components import component_space
from engine.studio.learn.moments import Moments
from engine.studio.learn.samples import asked_of, opened, shared
from engine.studio.learn.sheet import sheet
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Stopped, Work


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 2**31))
def test_moments_of_parts_merge_into_those_of_all(sizes: list[int], seed: int) -> None:
    rows = np.random.RandomState(seed).randn(sum(sizes), 4) * 3.0 + 1e3
    merged = Moments(4)
    for part in np.split(rows, np.cumsum(sizes)[:-1]):
        one = Moments(4)
        one.add(part)
        merged.merge(one)
    assert merged.count == len(rows)
    assert np.allclose(merged.mean, rows.mean(0), rtol=1e-12)
    assert np.allclose(merged.scatter, (rows - rows.mean(0)).T @ (rows - rows.mean(0)), rtol=1e-7, atol=1e-6)


def test_two_processes_find_the_components_of_one(tmp_path: Path) -> None:
    alone = component_space(Subject("tulip", 16, 2), "w", 6, 30_006)
    together = shared(tmp_path / "bank.safetensors", Workers(2))
    found = component_space(Subject("tulip", 16, 1), "w", 6, 30_006, shared=together)
    assert np.array_equal(alone.basis, found.basis) and np.array_equal(alone.mean, found.mean)
    assert np.array_equal(alone.scale, found.scale)
    assert not list(tmp_path.iterdir())


def test_what_was_stopped_goes_on_from_its_chunks(tmp_path: Path) -> None:
    out = tmp_path / "bank.safetensors"
    together = shared(out, Workers(2))
    assert together is not None
    subject, asked = Subject("tulip", 16, 1), {"learn": "components"}
    with pytest.raises(Stopped, match="chunks"):
        stopping = Work(out, asked, stop=lambda: bool(list(together.folder.glob("*.npz"))))
        component_space(subject, "w", 4, 40_000, work=stopping, shared=together)
    told: list[int] = []
    going_on = Work(out, asked, tell=lambda what, done, of: told.append(done))
    found = component_space(subject, "w", 4, 40_000, work=going_on, shared=together)
    assert told[0] >= 1
    assert np.array_equal(found.basis, component_space(subject, "w", 4, 40_000).basis)


def test_two_processes_make_the_sheet_of_one(tmp_path: Path) -> None:
    sheets = [tmp_path / "one.png", tmp_path / "two.png"]
    for out, count in zip(sheets, (1, 2), strict=True):
        sheet("tulip", out, "redness", count=6, pool=70, side=32, threads=1, workers=Workers(count))
    assert sheets[0].read_bytes() == sheets[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted(sheets)


def test_only_w_is_looked_at_together(tmp_path: Path) -> None:
    together = shared(tmp_path / "bank.safetensors", Workers(2))
    with pytest.raises(InputError, match="--workers: places of w"):
        component_space(Subject("tulip", 16, 1), "z", 4, 100, shared=together)
    assert shared(tmp_path / "bank.safetensors", Workers()) is None


def test_a_model_that_was_changed_meanwhile_is_refused() -> None:
    asked = asked_of("tulip", 16, 1)
    assert opened(asked).side == 16
    with pytest.raises(ModelError, match="another model"):
        opened({**asked, "hash": "0"})
