"""Make the pictures of the shows in docs/img: each show rendered for a while, one frame kept.

python scripts/pictures.py [SHOW ...]
"""

import json
import sys
import tempfile
from pathlib import Path

import soundfile
from PIL import Image
from tune import RATE_HZ, tune

from engine.preset import Options, find_show, load_show
from engine.show.desk import Desk
from engine.show.stepped import Stepped
from engine.stage.offscreen import Offscreen
from engine.studio.render import taken

OUT = Path(__file__).resolve().parent.parent / "docs" / "img"
SIZE = (960, 540)
FPS = 12.0
# show: seconds to let pass, whether it hears the tune, what hands do at the beginning
SHOWS: dict[str, tuple[float, bool, dict[str, float]]] = {
    "first_light": (9.0, True, {}),
    "pulse": (13.0, True, {}),
    "hands_on": (3.0, False, {"/direction/bloom": 2.0, "/direction/filaments": 1.6, "/direction/hue": -0.8}),
    "mosaic": (62.0, False, {}),
    "score": (11.0, False, {}),
}


def hands(folder: Path, writes: dict[str, float]) -> Path:
    """A take in which hands set these controls at once."""
    lines = [json.dumps({"latenz": "take", "version": 1})]
    lines += [json.dumps({"t": 0.1, "a": a, "w": v, "who": "osc"}) for a, v in writes.items()]
    path = folder / "hands.take"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def picture(name: str, folder: Path) -> None:
    """Render one show and keep its last frame."""
    seconds, hears, writes = SHOWS[name]
    song = folder / "song.wav"
    if not song.exists():
        soundfile.write(song, tune(30.0), RATE_HZ)
    show = load_show(find_show(name), Options(size=SIZE, fps=FPS, audio=str(song) if hears else None))
    desk = taken(show, hands(folder, writes)) if writes else Desk(show, live=False)
    with Offscreen(*SIZE) as stage:
        stepped = Stepped(show, stage, desk=desk, threads=2)
        frame = list(stepped.frames(round(seconds * FPS)))[-1]
        stepped.close()
    path = OUT / f"show_{name}.jpg"
    Image.fromarray(frame).save(path, quality=88, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size >> 10} KB, mean {frame.mean():.0f}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for wanted in sys.argv[1:] or SHOWS:
            picture(wanted, Path(temporary))
