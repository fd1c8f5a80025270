"""Make the pictures of the shows in docs/img: each show rendered for a while, one frame kept.

python scripts/pictures.py [SHOW ...] [opening] [boom_and_crash] [pad]
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image
from tune import RATE_HZ, tune

from engine.preset import Options, Show, find_show, load_show
from engine.show.desk import Desk
from engine.show.stepped import Stepped
from engine.stage.offscreen import Offscreen
from engine.studio.render import taken

OUT = Path(__file__).resolve().parent.parent / "docs" / "img"
SIZE = (960, 540)


@dataclass(frozen=True)
class Shot:
    """What becomes the picture of a show: the frame at the end, at this rate, and what hands do at the beginning."""

    seconds: float
    fps: float = 12.0
    hears: bool = False
    writes: dict[str, float] = field(default_factory=dict)


SHOTS = {
    "first_light": Shot(9.0, 4.0),
    "pulse": Shot(13.0, hears=True),
    "garden": Shot(5.2, hears=True),
    "hands_on": Shot(3.0, 4.0, writes={"/direction/bloom": 0.6, "/direction/stripes": 0.2, "/direction/hue": -0.4}),
    "mosaic": Shot(11.0, 4.0),
    "score": Shot(11.0),
    "vocabulary": Shot(3.0, 4.0, writes={"/direction/open": 1.2, "/direction/violet": 1.6, "/direction/striped": 1.0}),
    "demonstrate": Shot(24.0, 1.0),
    "meditation": Shot(42.0, 4.0),
}
BOOM_S, CRASH_S = 137.0, 178.0  # of mosaic's series: July and November 2008
LONG_FPS = 2.0
TILE = (256, 144)
PAD_TILE = (192, 108)
HELD_S = 4  # for the springs to come to rest


def hands(folder: Path, writes: dict[str, float]) -> Path:
    """A take in which hands set these controls at once."""
    lines = [json.dumps({"latenz": "take", "version": 1})]
    lines += [json.dumps({"t": 0.1, "a": a, "w": v, "who": "osc"}) for a, v in writes.items()]
    path = folder / "hands.take"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def picture(name: str, folder: Path) -> None:
    """Render one show and keep its last frame."""
    shot = SHOTS[name]
    song = folder / "song.wav"
    if shot.hears and not song.exists():
        soundfile.write(song, tune(30.0), RATE_HZ)
    show = load_show(find_show(name), Options(size=SIZE, fps=shot.fps, audio=str(song) if shot.hears else None))
    desk = taken(show, hands(folder, shot.writes)) if shot.writes else Desk(show, live=False)
    keep([frame for _, frame in rendered(show, desk, shot.seconds)][-1], f"show_{name}.jpg")


def opening() -> None:
    """The first twenty seconds of first_light, a picture every two."""
    show = load_show(find_show("first_light"), Options(fps=LONG_FPS))
    shown = [Image.fromarray(frame) for n, frame in rendered(show, Desk(show, live=False), 20.0) if n % 4 == 2]
    small = [np.asarray(frame.resize(TILE, Image.Resampling.LANCZOS)) for frame in shown]
    keep(np.concatenate([np.concatenate(small[:5], 1), np.concatenate(small[5:], 1)]), "first_light.jpg")


def boom_and_crash() -> None:
    """Two moments of the history that mosaic plays, one above the other."""
    show = load_show(find_show("mosaic"), Options(fps=LONG_FPS))
    wanted = (round(BOOM_S * LONG_FPS), round(CRASH_S * LONG_FPS))
    moments = [frame for n, frame in rendered(show, Desk(show, live=False), CRASH_S + 1) if n in wanted]
    keep(np.concatenate(moments), "mosaic_boom_crash.jpg")


def pad() -> None:
    """What the five poses of demonstrate make of a pad: each picture where the finger is, up is up."""
    lines = [json.dumps({"latenz": "take", "version": 1})]
    places = [(x, y) for y in (0.95, 0.725, 0.5, 0.275, 0.05) for x in (0.05, 0.275, 0.5, 0.725, 0.95)]
    for n, (x, y) in enumerate(places):
        lines += [json.dumps({"t": n * HELD_S, "a": a, "v": v}) for a, v in (("/osc/xy", x), ("/osc/xy/2", y))]
    with tempfile.TemporaryDirectory() as temporary:
        take = Path(temporary) / "pad.take"
        take.write_text("\n".join(lines) + "\n", "utf-8")
        show = load_show(find_show("demonstrate"), Options(fps=1.0, size=PAD_TILE))
        seconds = HELD_S * len(places)
        frames = rendered(show, taken(show, take), seconds)
        held = [frame for n, frame in frames if n % HELD_S == HELD_S - 1]
    keep(np.concatenate([np.concatenate(held[row : row + 5], 1) for row in range(0, 25, 5)]), "demonstrate_pad.jpg")


def rendered(show: Show, desk: Desk, seconds: float) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The frames of a show, numbered; each is good until the next."""
    with Offscreen(*show.size) as stage:
        stepped = Stepped(show, stage, desk=desk, threads=2)
        yield from ((n, frame.copy()) for n, frame in enumerate(stepped.frames(round(seconds * show.fps))))
        stepped.close()


def keep(frame: NDArray[np.uint8], name: str) -> None:
    """Write one picture of the documents."""
    path = OUT / name
    Image.fromarray(frame).save(path, quality=88, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size >> 10} KB, mean {frame.mean():.0f}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        others = {"opening": opening, "boom_and_crash": boom_and_crash, "pad": pad}
        for wanted in sys.argv[1:] or (*SHOTS, *others):
            if wanted in others:
                others[wanted]()
            else:
                picture(wanted, Path(temporary))
