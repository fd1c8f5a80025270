"""Measuring runs from a file to its tables, finds nothing wrong with the renderer, and much with a network untaught."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import InputError, ModelError
from engine.generator.tulip.factors import COUNT, NAMES
from engine.studio.figures import Report, markdown
from engine.studio.tulip import checkpoint, fidelity, sweeps, walk
from engine.studio.tulip.data import latents
from engine.studio.tulip.export import export, write
from engine.studio.tulip.measure import Samples, measure
from engine.studio.tulip.painters import Learned, Painter, Renderer, Scene, X, majority
from engine.studio.tulip.playing import unrounded
from engine.studio.tulip.readback import Lessons, Reader
from tests.engine.generator.tulip_models import student, weights

FEW = Samples(small=8, large=2, sweeps=1, frames=4, lessons=Lessons(pictures=16, rounds=1, batch=8))
RENDERER = Renderer(2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tulip that nobody trained."""
    path = tmp_path_factory.mktemp("tulip") / "small.safetensors"
    write(weights(student()), path, {}, sharp=1.0)
    return path


@pytest.fixture(scope="module")
def measured(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENZ_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = model.with_name("report.json")
        report = measure(model, samples=FEW)
        report.save(out)
        return report, out


def test_a_network_that_nobody_taught_fails_by_number(measured: tuple[Report, Path]) -> None:
    report, _ = measured
    found = {(row.measure, row.of): row for row in report.rows}
    assert not report.passed
    for key in (("PSNR", "128 px"), ("PSNR", "256 px"), ("mask IoU", "petal1"), ("mask IoU", "stem")):
        assert found[key].passed is False, key
        assert found[key].ceiling is not None and found[key].ceiling in found[key].bar  # type: ignore[operator]
    assert all(found["read back, R2", name].passed is False for name in ("bloom", "hue")), (
        "a poor reader proves nothing"
    )


def test_every_question_has_its_rows(measured: tuple[Report, Path]) -> None:
    report, _ = measured
    of = {
        measure: [row.of for row in report.rows if row.measure == measure]
        for measure in {r.measure for r in report.rows}
    }
    for everything in ("read back, R2", "sweep match", "monotone", "monotone to the reader", "leakage"):
        assert of[everything] == list(NAMES)
    assert len(of["stripe contrast"]) == 5 and len(of["mask IoU"]) == 11
    assert "frames a second" not in of and not any(name.startswith("half precision") for name in of)
    judged = {(row.measure, row.of) for row in report.rows if row.bar is not None}
    assert set(fidelity.BARS) <= judged


def test_what_plays_is_what_was_measured(measured: tuple[Report, Path]) -> None:
    report, _ = measured
    parity = next(row for row in report.rows if row.measure.startswith("as played"))
    assert parity.passed


def test_the_file_holds_what_was_returned(measured: tuple[Report, Path]) -> None:
    report, out = measured
    found = json.loads(out.read_text())
    assert len(found["rows"]) == len(report.rows) and found["about"]["seed"] == 999
    assert len(found["about"]["hash"]) == 64 and markdown(report).count("\n| ") > COUNT


def test_too_few_samples_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="at least 2"):
        Samples(small=1)


def test_a_file_that_is_no_tulip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing"):
        measure(tmp_path / "nothing.safetensors", samples=FEW)


def test_the_renderer_is_exactly_like_itself_and_finer_rays_pass_every_bar() -> None:
    x = latents(999, 8)
    truth = RENDERER.scene(x, 128)
    same = fidelity.fidelity(truth, truth, x)
    for (measure_, _), value in same.items():
        assert math.isnan(value) or value == pytest.approx(math.inf if measure_ == "PSNR" else 1.0, abs=1e-6)
    finer = fidelity.fidelity(Renderer(2, 4).scene(x[:2], 128), truth, x[:2])
    for key, bar in fidelity.BARS.items():
        if key in finer and not math.isnan(finer[key]):
            assert finer[key] in bar, key


def test_a_pixel_is_what_most_of_its_samples_are() -> None:
    ids = np.zeros((4, 4), np.uint8)
    ids[:2, :2] = [[3, 3], [3, 0]]
    ids[:2, 2:] = [[5, 5], [2, 2]]
    assert majority(ids, 2).tolist() == [[3, 2], [0, 0]]


class Reversed:
    """Draws every sweep from its end."""

    def scene(self, x: X, side: int) -> Scene:
        return RENDERER.scene(x[::-1], side)

    def pictures(self, x: X, side: int) -> torch.Tensor:
        return RENDERER.pictures(x[::-1], side)


def test_a_sweep_in_order_matches_and_one_from_its_end_does_not() -> None:
    reader, base, bloom = Reader().eval(), latents(3, 1), NAMES.index("bloom")
    found = [sweeps.swept(who, RENDERER, reader, base, bloom) for who in (RENDERER, Reversed())]
    assert [sweep.match for sweep in found] == [1.0, 0.2]  # its middle is in its place
    assert [sweep.monotone for sweep in found] == [1.0, 0.0]
    assert np.allclose(found[0].place, np.arange(9)) and found[0].leakage[0] == 0.0
    assert np.array_equal(found[0].read, found[0].ceiling)
    assert np.allclose(found[1].read[0], found[0].read[0, ::-1], atol=1e-5)


def test_a_sweep_moves_one_factor_and_keeps_all_else() -> None:
    base = latents(3, 4)
    x = sweeps.sweep_x(base, 5)
    assert x.shape == (4, 9, COUNT) and np.array_equal(x[2, :, 5], sweeps.STEPS)
    assert np.ptp(np.delete(x, 5, 2), 1).max() == 0


def sweep_of(read: np.ndarray, ceiling: np.ndarray, place: np.ndarray) -> sweeps.Sweep:
    every = np.ones((4, 9), np.bool_)
    return sweeps.Sweep(2, np.ones(4, np.bool_), every, np.ones((4, 5), np.bool_), place, read, ceiling)


def test_what_rises_is_monotone_and_what_falls_in_one_sweep_of_four_is_seen() -> None:
    place, read = np.tile(np.arange(9.0), (4, 1)), np.zeros((4, 9, COUNT))
    read[..., 2] = place / 9
    assert sweep_of(read, read, place).monotone == 1.0 and sweep_of(read, read, place).monotone_read == (1.0, 1.0)
    read[0, :, 2] = read[0, ::-1, 2]
    place[:2] = place[:2, ::-1]
    assert sweep_of(read, read, place).monotone == 0.5 and sweep_of(read, read, place).monotone_read[0] == 0.75


def test_what_nobody_can_see_is_not_asked_for_its_order() -> None:
    place, read = np.tile(np.arange(9.0), (4, 1)), np.zeros((4, 9, COUNT))
    place[3] = 4.0
    assert sweep_of(read, read, place).monotone == 0.75
    seen = np.array([True, True, True, False])
    assert replace(sweep_of(read, read, place), seen=seen).monotone == 1.0
    assert math.isnan(replace(sweep_of(read, read, place), seen=~seen & seen).monotone)


def test_frames_that_are_one_picture_have_no_order() -> None:
    steps = torch.tensor([0.0, 0.0, 0.001, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    told = sweeps.told_apart(torch.rand(3, 8, 8, generator=torch.manual_seed(1))[None] * steps[:, None, None, None])
    assert told.tolist() == [True, False, False, *[True] * 6]
    place = np.tile([3.6, 3.5, 3.4, 3.7, 4.0, 5.0, 6.0, 7.0, 8.0], (4, 1))
    read = np.zeros((4, 9, COUNT))
    assert sweep_of(read, read, place).monotone == 0.0
    assert replace(sweep_of(read, read, place), told=np.tile(told, (4, 1))).monotone == 1.0
    place[:, 5:] = place[:, :4:-1]  # what can be seen still has to be in order
    assert replace(sweep_of(read, read, place), told=np.tile(told, (4, 1))).monotone == 0.0


def test_the_colour_of_flames_cannot_be_seen_without_flames() -> None:
    base = latents(3, 2)
    base[:, NAMES.index("stripes")] = (-8, 0)
    found = sweeps.swept(RENDERER, RENDERER, Reader().eval(), base, NAMES.index("stripe_hue"))
    assert found.seen.tolist() == [False, True]


def test_what_moves_along_leaks_and_what_the_reader_always_mistakes_does_not() -> None:
    place = np.tile(np.arange(9.0), (4, 1))
    ceiling = np.zeros((4, 9, COUNT))
    ceiling[..., 2] = np.linspace(-0.9, 0.9, 9)
    ceiling[..., 5] = np.linspace(0, sweeps.SPAN / 2, 9)
    read = ceiling.copy()
    assert sweep_of(read, ceiling, place).leakage[0] == 0.0
    assert sweep_of(read, ceiling, place).mistaken == pytest.approx(0.5)
    read[:2, :, 7] = np.linspace(0, 0.3 * sweeps.SPAN, 9)
    read[2:, :, 7] = np.linspace(0.3 * sweeps.SPAN, 0, 9)  # the other way in other sweeps: it leaks all the same
    assert sweep_of(read, ceiling, place).leakage[0] == pytest.approx(0.3)
    assert sweep_of(read, ceiling, place / 2).leakage[0] == pytest.approx(0.6)


def test_a_walk_is_the_same_each_time_and_never_leaps() -> None:
    z = walk.walk_z(4, 90, 64)
    steps = np.linalg.norm(np.diff(z, axis=0), axis=1)
    assert np.array_equal(z, walk.walk_z(4, 90, 64)) and not np.array_equal(z, walk.walk_z(5, 90, 64))
    assert steps.max() < 0.2 * np.linalg.norm(z[0]) and steps[30:].min() > 0


def test_changes_are_counted_between_every_two_frames(model: Path) -> None:
    learned: Painter = Learned.open(model)
    x = np.repeat(latents(3, 1), walk.CHUNK + 3, 0)
    x[-1, 0] += 1
    found = walk.changes(learned, x, 32)
    assert len(found) == walk.CHUNK + 2 and found[:-1].max() < 1e-6 < found[-1]


def test_factors_go_to_z_and_back(model: Path) -> None:
    learned, x = Learned.open(model), latents(3, 5)
    assert np.allclose(learned.x(learned.z(x)), x, atol=1e-5)


def test_half_precision_is_measured_against_the_training(tmp_path: Path) -> None:
    training, model = tmp_path / "training.safetensors", tmp_path / "model.safetensors"
    checkpoint.save(training, {"average": student().state_dict()}, checkpoint.Progress(), {})
    export(training, model, {}, sharp=2.0)
    x = latents(3, 2)
    here, whole = Learned.open(model).pictures(x, 64), unrounded(model, training).pictures(x, 64)
    assert 0 < float((here - whole).abs().mean()) < 0.002


def test_an_even_pace_keeps_the_way_and_takes_slow_and_fast_alike() -> None:
    x = np.cumsum(np.concatenate([[0.0], np.repeat([0.01, 0.05], 100)]))[:, None]
    even = walk.paced(x, np.abs(np.diff(x[:, 0])))
    assert even.shape == x.shape and np.allclose(even[[0, -1]], x[[0, -1]])
    steps = np.diff(even[:, 0])
    assert steps.min() > 0 and np.percentile(steps, 95) < 1.3 * np.percentile(steps, 5)
    x[120:] += 1.0  # a leap stays a leap
    steps = np.diff(walk.paced(x, np.abs(np.diff(x[:, 0])))[:, 0])
    assert steps.max() > 3 * np.median(steps)
