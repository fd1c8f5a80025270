"""What the reader says is what MLT's own player shows: numbered frames, read back from its picture."""

import os
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.studio.journey.kdenlive.read import read
from engine.studio.journey.plan import plan
from tests.engine.studio.journey.kdenlive.mlt import (
    SIZE,
    blank,
    document,
    entry,
    producer,
    project,
    properties,
    sequence,
    track,
    transition,
)

COUNT, LOW, HIGH, CELL = 200, 20, 220, SIZE // 8


def levels(number: int) -> np.ndarray:
    """The grey of the eight cells that spell a number."""
    return np.array([HIGH if number >> bit & 1 else LOW for bit in range(8)], float)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video whose frames spell their numbers, every frame a key frame."""
    av = pytest.importorskip("av")
    path = tmp_path_factory.mktemp("melt")
    with av.open(str(path / "n.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = SIZE
        stream.pix_fmt, stream.gop_size, stream.options = "yuv420p", 1, {"crf": "5", "g": "1"}
        for number in range(COUNT):
            grey = np.repeat(levels(number).astype(np.uint8), CELL)[None].repeat(SIZE, 0)
            planes = np.vstack([grey, np.full((SIZE // 2, SIZE), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def played(melt: str, folder: Path, name: str) -> np.ndarray:
    """The grey of the cells of each frame that melt renders, (n, 8)."""
    import av

    out = folder / f"{name}.nut"
    command = [melt, "-silent", name, "-consumer", f"avformat:{out.name}", "vcodec=rawvideo", "pix_fmt=yuv420p", "an=1"]
    environment = {**os.environ, "LC_ALL": "C"}
    for _ in range(4):  # melt 7.12 crashes or hangs at its end now and then
        with suppress(subprocess.TimeoutExpired):
            run = [*command, "real_time=-1"]
            done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, check=False, timeout=30)
            if done.returncode == 0 and out.stat().st_size:
                break
    with av.open(str(out)) as container:
        pictures = [frame.to_ndarray()[SIZE // 4 : SIZE * 3 // 4] for frame in container.decode(video=0)]
    cells = [[p[:, i * CELL + 2 : (i + 1) * CELL - 2].mean() for i in range(8)] for p in pictures]
    return np.array(cells)


def told(path: Path) -> np.ndarray:
    """The same, as the reader's edit is played."""
    timeline = read(path)
    done = plan(timeline, [COUNT] * len(timeline.media))
    rows = np.zeros((len(done), 8))
    for at in range(len(done)):
        for media, frame, weight in zip(done.media[:, at], done.frame[:, at], done.weight[:, at], strict=True):
            rows[at] += weight * levels(int(frame)) if media >= 0 else 0
        rows[at] += (1 - done.weight[:, at].sum()) * 16
    return rows


def warped(speed: str, last: int) -> str:
    body = properties(resource=f"{speed}:n.mp4", mlt_service="timewarp", warp_speed=speed, length=last + 1)
    return f'<producer id="p" in="0" out="{last}">{body}</producer>'


def one(clip: str, producers: str = "") -> tuple[str, str]:
    return clip, producers or producer()


def row(clips: Iterable[tuple[str, str]]) -> str:
    """One track of them all, each with a producer of its own, two frames of nothing between."""
    made = [
        [text.replace('id="p"', f'id="p{n}"').replace('producer="p"', f'producer="p{n}"') for text in pair]
        for n, pair in enumerate(clips)
    ]
    return project(track("t0", blank(2).join(clip for clip, _ in made)), producers="".join(text for _, text in made))


def remapped(**links: str) -> str:
    link = f'<link mlt_service="timeremap">{properties(**links)}</link>'
    body = properties(resource="n.mp4", mlt_service="avformat", length=200)
    return f'<chain id="p" out="199">{body}{link}</chain>'


def chain() -> str:
    return f'<chain id="p" out="199">{properties(resource="n.mp4", mlt_service="avformat", length=200)}</chain>'


def frozen(inside: str = "", **more: object) -> str:
    return f"<filter {inside}>{properties(mlt_service='freeze', **more)}</filter>"


BOTH = producer() + producer("q")
MIX_AB = track("t0", entry(0, 39), blank(30) + entry(100, 129, "q"), transition(30, 39, 0, 1))
MIX_BA = track("t0", blank(30) + entry(100, 129, "q"), entry(0, 39), transition(30, 39, 0, 1, reverse=1))
LONG = track("t0", entry(0, 39), blank(30) + entry(100, 129, "q"), transition(30, 40, 0, 1))
TWO = (track("t0", entry(0, 49)), track("t1", blank(10) + entry(100, 129, "q")))
CLIPS = {
    "cuts and gaps": one(entry(10, 19) + blank(7) + entry("00:00:04.000", "00:00:04.400") + entry(0, 0)),
    "timecodes": one(blank("00:00:00:05") + entry("00:00:01:05", "00:00:01:20")),
    "ends in the wrong order": one(entry(20, 10) + entry(3, 5)),
    "an end beyond the length": one(entry(190, 250) + entry(3, 5)),
    "a length beyond the file": one(entry(190, 210) + entry(3, 5), producers=producer(length=250)),
    "half speed": one(entry(3, 50), producers=warped("0.5", 399)),
    "three tenths": one(entry(3, 80), producers=warped("0.3", 600)),
    "one and a half": one(entry(50, 130), producers=warped("1.5", 132)),
    "backwards": one(entry(5, 60), producers=warped("-1", 199)),
    "backwards at half speed": one(entry(5, 60), producers=warped("-0.5", 99)),
    "backwards at 1.7": one(entry(5, 60), producers=warped("-1.7", 100)),
    "a remapped time": one(entry(0, 99), producers=remapped(map="0=0;00:00:01.000=2;3000=20")),
    "a remapped time backwards": one(entry(10, 99), producers=remapped(map="0=4;100=0")),
    "a smooth remapped time": one(entry(0, 99), producers=remapped(map="0~=0;40~=2;99=7")),
    "a freeze": one(entry(50, 70, inside=frozen(frame=5))),
    "a freeze before": one(entry(50, 70, inside=frozen(frame=5, freeze_before=1))),
    "a freeze after": one(entry(50, 70, inside=frozen(frame=5, freeze_after=1))),
    "a freeze for a while": one(entry(50, 70, inside=frozen('in="55" out="58"', frame=7))),
    "a freeze of a chain": one(entry(50, 70, inside=frozen(frame=55)), producers=chain()),
    "a freeze before of a chain": one(entry(50, 70, inside=frozen(frame=55, freeze_before=1)), producers=chain()),
    "a freeze of a chain for a while": one(
        entry(50, 70, inside=frozen('in="55" out="58"', frame=57)), producers=chain()
    ),
    "a freeze of a slow clip": one(
        entry(50, 70, inside=frozen(frame=60, freeze_after=1)), producers=warped("0.5", 399)
    ),
    "a freeze of a clip backwards": one(entry(50, 70, inside=frozen(frame=5)), producers=warped("-1", 199)),
    "an old speed": one(entry(5, 30), producers=producer(file="n.mp4?0.5", mlt_service="framebuffer", length=400)),
}
OFF = producer("off", **{"set.test_audio": 1, "set.test_image": 1})
THREE = (
    track("t0", entry(0, 49)),
    track("t1", blank(15) + entry(100, 109, "q")),
    track("t2", blank(10) + entry(40, 69)),
)
EDITS = {
    "cuts, speeds and freezes": row(CLIPS.values()),
    "a mix from A to B": project(MIX_AB, producers=BOTH),
    "a mix from B to A": project(MIX_BA, producers=BOTH),
    "a mix longer than the overlap": project(LONG, producers=BOTH),
    "an overlap without a mix": project(track("t0", entry(0, 39), blank(30) + entry(100, 104, "q") + blank(2) + entry(7, 9, "q")), producers=BOTH),
    "a mix of one frame": project(track("t0", entry(0, 30), blank(30) + entry(100, 129, "q"), transition(30, 30, 0, 1)), producers=BOTH),
    "a fixed mix": project(track("t0", entry(0, 39), blank(30) + entry(100, 129, "q"), transition(30, 39, 0, 1, fixed=0.3)), producers=BOTH),
    "a dissolve across tracks": project(*TWO, producers=BOTH, inside=transition(10, 29, 1, 2)),
    "a dissolve back": project(*TWO, producers=BOTH, inside=transition(20, 39, 1, 2, reverse=1)),
    "a straight opacity": project(*TWO, producers=BOTH, inside=transition(10, 29, 1, 2, "affine", rect="0=0 0 64 64 0;19=0 0 64 64 1")),
    "a smooth opacity": project(
        *TWO, producers=BOTH, inside=transition(10, 29, 1, 2, "affine", rect="0~=0 0 64 64 0;8~=0 0 64 64 .2;19=0 0 64 64 1")
    ),
    "a stepped opacity": project(
        *TWO, producers=BOTH, inside=transition(10, 29, 1, 2, "affine", rect="0|=0 0 64 64 0;8|=0 0 64 64 .4;-1=0 0 64 64 1")
    ),
    "a composite": project(
        *TWO, producers=BOTH, inside=transition(10, 29, 1, 2, "composite", geometry="0=0 0 64 64 0;00:00:00.760=0%/0%:100%x100%:100%")
    ),
    "a constant blend": project(*TWO, producers=BOTH, inside=transition(10, 29, 1, 2, "frei0r.cairoblend", **{"0": 0.4})),
    "a clip that is switched off": project(track("t0", entry(0, 29)), track("t1", blank(5) + entry(0, 9, "off") + entry(100, 104, "q")), producers=BOTH + OFF),
    "a mix with a clip that is switched off": project(track("t0", entry(0, 39), blank(30) + entry(100, 129, "off"), transition(30, 39, 0, 1)), producers=BOTH + OFF),
    "a dissolve past a track": project(*THREE, producers=BOTH, inside=transition(10, 29, 1, 3)),
    "a dissolve past a track from a gap": project(
        track("t0", entry(0, 11)), *THREE[1:], producers=BOTH, inside=transition(10, 29, 1, 3)
    ),
    "a sequence within": producer()
    + project(*TWO, inside=transition(10, 29, 1, 2), producers=producer('q')).replace('id="main"', 'id="inner" in="0" out="49"')
    + track("o", blank(4) + entry(5, 35, "inner"))
    + sequence("o", id="outer"),
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", EDITS)
def test_what_is_read_is_what_melt_shows(name: str, folder: Path, program: Callable[[str], str]) -> None:
    melt, path = program("melt"), folder / f"{name.replace(' ', '-')}.mlt"
    path.write_text(document(EDITS[name]))
    want = told(path)
    path.write_text(
        path.read_text().replace('"black_track" in="0" out="500"', f'"black_track" in="0" out="{len(want) - 1}"')
    )
    got = played(melt, folder, path.name)
    assert len(got) == len(want)
    wrong = sorted({int(at) for at, _ in np.argwhere(np.abs(got - want) >= 12)})
    assert not wrong, [(at, want[at].round().tolist(), got[at].round().tolist()) for at in wrong[:3]]
