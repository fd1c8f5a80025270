"""What MLT's own player shows of a project is what the conformed sequence holds, frame for frame."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import parse
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from engine.latent.sequence_file import Facts
from engine.stage.outputs.video import Coder, open_video
from engine.studio.journey.burn import burn, read_bars
from engine.studio.journey.conform import conform
from engine.studio.journey.pair import PairWriter, with_proxy
from engine.studio.journey.projects import write_project
from engine.studio.journey.timeline import Clip, Dissolve, Media, Mix, Timeline, Track, linear
from tests.conftest import needed
from tests.engine.studio.journey.edits import NAMES, line, seen, timelines

pytestmark = pytest.mark.real
Pictures = NDArray[np.uint8]
Melt = Callable[[Path], list[Pictures]]

SIZE, FRAMES, GREYS = 128, 60, (40, 200)
TRIES, TRY_S = 4, 20.0
BEYOND = 1000  # frame numbers of the second proxy are so much higher, of the third twice
FPS = Fraction(25)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs whose rows and pictures hold their own number, and two grey videos."""
    path = tmp_path_factory.mktemp("melt")
    (path / "folder").mkdir()
    for i, name in enumerate(NAMES[:3]):
        numbers = np.arange(FRAMES) + i * BEYOND
        with PairWriter(path / Path(name).with_suffix(".npy"), (4,), FRAMES, Facts(FPS)) as writer:
            writer.write(np.repeat(numbers[:, None], 4, 1).astype(np.float32))
            pair = writer.close()
        pictures = (np.full((SIZE, SIZE, 3), 90, np.uint8) for _ in numbers)
        burnt = (burn(picture, int(n), "", "bars") for picture, n in zip(pictures, numbers, strict=True))
        with_proxy(pair, video(path / name, list(burnt)))
    for grey in GREYS:
        video(path / f"{grey}.mp4", [np.full((SIZE, SIZE, 3), grey, np.uint8)] * FRAMES)
    return path


@pytest.fixture
def melt(program: Callable[[str], str], folder: Path) -> Melt:
    """Plays a project as it stands there and gives its pictures."""
    player = program("melt")

    def play(project: Path) -> list[Pictures]:
        out, profile = folder / "out.mkv", folder / "profile"
        rate = Fraction(*(int(text) for text in _attributes(project, "frame_rate_num", "frame_rate_den")))
        profile.write_text(PROFILE.format(rate=rate, size=SIZE))
        words = [player, "-silent", "-profile", str(profile), str(project), "-consumer", f"avformat:{out}"]
        _run([*words, "vcodec=ffv1", "an=1", "real_time=-1"])
        return pictures_of(out)

    return play


def _run(words: list[str]) -> None:
    """Melt 7.12 stands still at its end once in some hundred times: it is asked again."""
    for _ in range(TRIES):
        try:
            done = subprocess.run(words, cwd="/", capture_output=True, text=True, timeout=TRY_S)
        except subprocess.TimeoutExpired:
            continue
        assert done.returncode == 0, done.stderr
        return
    raise AssertionError(f"melt did not end: {words}")


PROFILE = """description=square
frame_rate_num={rate.numerator}
frame_rate_den={rate.denominator}
width={size}
height={size}
progressive=1
sample_aspect_num=1
sample_aspect_den=1
display_aspect_num=1
display_aspect_den=1
colorspace=709
"""


def _attributes(project: Path, *names: str) -> list[str]:
    profile = parse(project).getroot().find("profile")
    assert profile is not None
    return [profile.attrib[name] for name in names]


def video(path: Path, pictures: list[Pictures]) -> Path:
    """As proxies are: every frame a key frame."""
    file = open_video(path, path.suffix, {})
    coder = Coder(file, (SIZE, SIZE), FPS, every_key=True)
    for picture in pictures:
        coder.write(picture)
    coder.finish()
    file.close()
    return path


def pictures_of(path: Path) -> list[Pictures]:
    av = needed("av")
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def numbered(pictures: list[Pictures]) -> list[int | None]:
    """The number in each picture; -1 where it is black, None where neither."""
    return [-1 if picture.mean() < 8 else read_bars(picture) for picture in pictures]


def as_planned(timeline: Timeline) -> list[int | None]:
    """What has to be read: None where two meet."""
    own = {i: BEYOND * NAMES.index(media.name) for i, media in enumerate(timeline.media)}
    tables = [{own[media] + frame: share for (media, frame), share in at.items()} for at in seen(timeline)]
    return [-1 if not table else next(iter(table)) if len(table) == 1 else None for table in tables]


def named(name: str) -> Media:
    return Media(name, frames=FRAMES)


def test_melt_shows_what_the_conformed_sequence_holds(folder: Path, melt: Melt) -> None:
    first = (
        Clip(0, 0, 20, Fraction(30)), Clip(1, 20, 10, Fraction(5)), Clip(0, 30, 10, Fraction(30)),  # cut, again
        Clip(1, 45, 10, Fraction(2), Fraction(2)), Clip(0, 55, 10, Fraction(41), Fraction(-1)),  # after a gap
        Clip(0, 65, 9, Fraction(7), Fraction(1, 2)), Clip(1, 74, 5, Fraction(33), Fraction(0)),
        Clip(0, 79, 7, Fraction(3), Fraction(2)), Clip(1, 86, 6, Fraction(50), Fraction(-3, 2)),
        Clip(1, 92, 4, shown=tuple(map(Fraction, (9, 9, 40, 2)))), Clip(0, 96, 30), Clip(1, 114, 30),
    )  # fmt: skip
    second = (Clip(2, 8, 6, Fraction(10)), Clip(2, 100, 4), Clip(2, 130, 14, Fraction(20)))
    edit = Timeline(
        FPS, tuple(named(name) for name in NAMES[:3]),
        (Track(first, (Mix(114, line(12, 13), 10, 11),)), Track(second)),
        (Dissolve(130, line(10, 10), 0, 1),), size=(SIZE, SIZE), length=144,
    )  # fmt: skip
    project = folder / "edit.kdenlive"
    write_project(edit, project)
    read = numbered(melt(project))
    rows = conform(project, folder / "second").pair.rows[:, 0]
    assert len(read) == len(rows) == 144
    meeting = {*range(115, 126), *range(131, 140)}  # two of a kind are seen there from the second frame on
    gap = set(range(40, 45))
    assert [frame for frame, number in enumerate(read) if number == -1] == sorted(gap)
    assert all(read[i] == rows[i] for i in range(144) if i not in meeting | gap)
    assert read[113] == rows[113] == 17 and read[126] == rows[126] == BEYOND + 12


@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(edit=timelines(stills=False, rates=[FPS], frames=FRAMES).filter(lambda edit: edit.length > 0))
def test_melt_shows_random_edits_as_planned(folder: Path, melt: Melt, edit: Timeline) -> None:
    project = folder / "random.kdenlive"
    write_project(replace(edit, size=(SIZE, SIZE)), project)
    wanted, read = as_planned(edit), numbered(melt(project))
    assert len(wanted) == len(read)
    assert [(i, a, b) for i, (a, b) in enumerate(zip(wanted, read, strict=True)) if a is not None and a != b] == []


CURVES = [line(10, 11), line(10, 10), linear(7), (0.5,), (0.0, 0.1, 0.5, 0.9, 0.3, 1.0), (1.0, 0.8, 0.2)]


@pytest.mark.parametrize("shares", CURVES)
@pytest.mark.parametrize("way", ["mix", "up", "down"])
def test_melt_shows_both_clips_of_a_dissolve_in_their_shares(
    folder: Path, melt: Melt, shares: tuple[float, ...], way: str
) -> None:
    count, at = len(shares), 20 - len(shares)
    media = tuple(Media(f"{grey}.mp4", frames=FRAMES) for grey in GREYS)
    out, into = Clip(0, 0, 20), Clip(1, at, 20)
    if way == "mix":
        edit = Timeline(FPS, media, (Track((out, into), (Mix(at, shares, 0, 1),)),), length=at + 20, size=(SIZE, SIZE))
    else:
        tracks = (Track((out,)), Track((into,))) if way == "up" else (Track((into,)), Track((out,)))
        numbers = (0, 1) if way == "up" else (1, 0)
        edit = Timeline(FPS, media, tracks, (Dissolve(at, shares, *numbers),), length=at + 20, size=(SIZE, SIZE))
    project = folder / "grey.kdenlive"
    write_project(edit, project)
    low, high = GREYS
    shown = [(float(picture.mean()) - low) / (high - low) for picture in melt(project)]
    wanted = [0.0] * at + list(shares) + [1.0] * (20 - count)
    assert shown == pytest.approx(wanted, abs=0.02)
