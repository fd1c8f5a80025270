"""Shows under a stepped clock against pictures that were drawn before: the whole path, bit for bit twice.

The pictures were drawn on an x86-64; other processors and drivers round differently, so a mean difference of 2/255
passes. After a change that is meant to be seen: LATENZ_WRITE_GOLDEN=1 python -m pytest tests/shows/test_golden.py
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.preset import Options, find_show, load_show
from engine.show.desk import Desk
from engine.show.session import STEP_S
from engine.studio.render import Render, render, taken
from mappings.take import TakeReader
from tests.shows.live import ROOT, SHOWS

GOLDEN = ROOT / "tests" / "data" / "golden"
TAKE = ROOT / "tests" / "data" / "takes" / "plain.take"
SIZE = (96, 64)
SAME = 2.0  # mean absolute difference, of 255
Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A show, how long it is rendered, and which of its frames are compared."""

    show: str
    seconds: float
    frames: tuple[int, ...]
    take: Path | None = None
    fps: int = 30

    @property
    def name(self) -> str:
        return Path(self.show).name


CASES = (
    Case(str(SHOWS / "plain"), 3.5, (0, 54, 76, 104), TAKE),  # the poke at 1.84 s, an accent from 2.4 to 2.8 s
    Case("first_light", 6.0, (0, 30, 59), fps=10),
    Case("mosaic", 5.0, (0, 24), fps=5),
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Frames]:
    """Every case, rendered once."""
    folder = tmp_path_factory.mktemp("golden")
    return {case.name: _render(case, folder / f"{case.name}.npy") for case in CASES}


def _render(case: Case, out: Path) -> Frames:
    report = render(Render(case.show, out, case.seconds, Options(size=SIZE, fps=case.fps), case.take))
    assert report["black_frames"] == 0
    frames: Frames = np.load(out)
    assert frames.shape == (round(case.fps * case.seconds), SIZE[1], SIZE[0], 3)
    return frames


def _golden(case: Case, number: int) -> Path:
    return GOLDEN / f"{case.name}-{number:03d}.png"


def _difference(a: Frames, b: Frames) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_show_draws_what_it_drew(case: Case, drawn: dict[str, Frames]) -> None:
    frames = drawn[case.name]
    for number in case.frames:
        path = _golden(case, number)
        if os.environ.get("LATENZ_WRITE_GOLDEN") == "1":
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(frames[number]).save(path, optimize=True)
        with Image.open(path) as image:
            difference = _difference(frames[number], np.asarray(image.convert("RGB")))
        assert difference <= SAME, f"{path.name}: mean difference {difference:.2f}/255"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_pictures_are_far_enough_apart_to_tell_a_fault(case: Case, drawn: dict[str, Frames]) -> None:
    first, *others = (drawn[case.name][number] for number in case.frames)
    assert all(_difference(first, other) > 2 * SAME for other in others)


@pytest.mark.parametrize("case", CASES[:2], ids=lambda case: case.name)
def test_a_second_render_is_the_same_bit_for_bit(case: Case, drawn: dict[str, Frames], tmp_path: Path) -> None:
    assert np.array_equal(_render(case, tmp_path / "again.npy"), drawn[case.name])


def test_another_seed_is_another_picture(drawn: dict[str, Frames], tmp_path: Path) -> None:
    out = tmp_path / "other.npy"
    render(Render("first_light", out, 0.1, Options(size=SIZE, fps=30, seed=99)))
    assert _difference(np.load(out)[0], drawn["first_light"][0]) > 4 * SAME


def test_a_take_moves_what_a_hand_moved(drawn: dict[str, Frames], tmp_path: Path) -> None:
    out = tmp_path / "plain.npy"
    render(Render(CASES[0].show, out, 3.5, Options(size=SIZE, fps=30)))
    alone: Frames = np.load(out)
    apart = [_difference(alone[n], drawn["plain"][n]) for n in range(len(alone))]
    assert max(apart[:28]) < 2 * SAME, "until the first message both drift alike"
    assert min(apart[60:]) > 2 * SAME


def test_a_take_brings_back_its_beats_and_events_to_the_step() -> None:
    desk: Desk = taken(load_show(find_show(CASES[0].show)), TAKE)
    lines = list(TakeReader(TAKE))
    desk.open(0.0)
    events, beats = [], {}
    for step in range(1750):
        desk.step(step * STEP_S, STEP_S)
        events += [(event.address, event.time_s) for event in desk.last_events]
        beats[step] = desk.bus.tempo.beat
    desk.close()
    wanted = [(line.address, line.time_s) for line in lines if line.kind == "event" and line.time_s < 3.49]
    assert [address for address, _ in events] == [address for address, _ in wanted]
    late_s = [now_s - then_s for (_, now_s), (_, then_s) in zip(events, wanted, strict=True)]
    assert max(map(abs, late_s[2:])) < STEP_S + 1e-9, "after the first downbeat, with which both begin"
    for line in lines:
        if line.address == "/tempo/beat" and 1.0 < line.time_s < 3.49:
            step = round(line.time_s / STEP_S)
            assert beats[step] % 1.0 == pytest.approx(line.value + (step * STEP_S - line.time_s) * 2.0, abs=0.005)
