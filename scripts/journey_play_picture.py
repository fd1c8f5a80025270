"""Draws `docs/img/journey_play.png`: a live point on its journey, pushed and back; and a place as a training goes on.

python scripts/journey_play_picture.py --snapshots training/snapshots
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.controls import ControlEvent, Controls
from engine.generator.catalog import How, models_in, open_model
from engine.latent import sphere
from engine.latent.motion import Motion
from engine.latent.sequence_file import Mark
from engine.latent.space import seed_z
from engine.preset import load_show

WIDTH, PLOT, EDGE, CELLS = 1280, 250, 16, 9
GROUND, INK, DIM = (16, 17, 20), (225, 225, 230), (90, 92, 100)
FAR, FAST = (232, 140, 90), (96, 190, 160)
FPS, FILM_FPS, LONG_S = 60, 25, 16.0
PUSH, BACK, JUMP, CUT = 2.0, 4.0, 7.0, 13.0
SHOW = """
[generator]
model = "tulip"
[motion]
frequency_hz = 1.0
damping = 1.0
amount_frequency_hz = 0.6
[[voice]]
sequence = "way.npy"
sequence_fps = 25
"""


def main() -> None:
    """Play a journey stepped, draw how it went, and a strip of ages below."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshots", type=Path, required=True, help="a folder of snapshots of one training")
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/img/journey_play.png"))
    args = parser.parse_args()
    far, fast = played()
    side = (WIDTH - 2 * EDGE) // CELLS
    sheet = Image.new("RGB", (WIDTH, PLOT + side + 60), GROUND)
    plot(sheet, far, fast)
    strip(sheet, PLOT + 44, side, args.snapshots, args.seed)
    sheet.quantize(160).save(args.out, optimize=True)


def played() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far what is drawn lies from the journey (1: as far as a stranger), and how fast it moves, at each frame."""
    generator = open_model("tulip", "cpu", 1)
    info = generator.info
    film = way(info.z_dim)

    def w_of(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return generator.map(np.broadcast_to(z, (1, len(info.bands), info.z_dim)), 1.0)[0].astype(np.float64)

    stranger = np.mean(
        [np.linalg.norm(w_of(seed_z(i, info.z_dim)) - w_of(seed_z(i + 1, info.z_dim))) for i in range(99)]
    )
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "way.npy", film.astype(np.float32))
        (Path(folder) / "way.json").write_text(
            '{"latenz": "sequence", "version": 1, "fps": "25", "marks": [{"frame": 225, "name": "on"}]}'
        )
        (Path(folder) / "show.toml").write_text(SHOW)
        show = load_show(Path(folder) / "show.toml")
        assert show.voices[0].marks == (Mark(225, "on"),)
        motion = Motion(show.voices, info, show.directions, show.places, generator.map, show.layout)
        far, drawn, at_s = [], [], 0.0
        direction = show.layout.index("/direction/bloom")
        for frame in range(round(LONG_S * FPS)):
            now_s = frame / FPS
            values = show.layout.defaults.copy()
            values[direction] = 2.0 if PUSH <= now_s < BACK else 0.0
            jump = frame == round(JUMP * FPS)
            events = (ControlEvent("/journey/mark/on"),) if jump else ()
            w = motion.step(Controls(show.layout, values, events), 1 / FPS, now_s * 2.0)[0].astype(np.float64)
            at_s = 225 / FILM_FPS + 1 / FPS if jump else at_s + 1 / FPS
            far.append(np.linalg.norm(w - w_of(film[int(at_s * FILM_FPS) % len(film)])) / stranger)
            drawn.append(w.ravel())
        generator.close()
    fast = np.linalg.norm(np.diff(np.array(drawn), axis=0), axis=1) * FPS / stranger
    return np.array(far), fast


def way(z_dim: int) -> NDArray[np.float64]:
    """A way past seeds at an even pace, with a cut where the playhead comes by at `CUT` seconds."""
    keys = sphere.normalise(np.array([seed_z(seed, z_dim) for seed in range(11, 21)]))
    parts = [
        sphere.slerp(a, b, np.linspace(0, 1, 75, endpoint=False)[:, None]) for a, b in zip(keys, keys[1:], strict=False)
    ]
    film = np.concatenate(parts) * np.sqrt(z_dim)
    cut = round((225 / FILM_FPS + CUT - JUMP) * FILM_FPS)
    return np.asarray(np.concatenate([film[:cut], film[cut + 150 :], film[:cut]]))


def plot(sheet: Image.Image, far: NDArray[np.float64], fast: NDArray[np.float64]) -> None:
    """Both curves over time, with what happened."""
    draw, font, small = ImageDraw.Draw(sheet), ImageFont.load_default(17), ImageFont.load_default(14)
    low, high = PLOT - EDGE, 62

    def curve(values: NDArray[np.float64], top: float, colour: tuple[int, int, int], width: int) -> None:
        xs = np.linspace(EDGE, WIDTH - EDGE, len(values))
        ys = low - (low - high) * values / top
        draw.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), colour, width)

    for now_s, name in (
        (PUSH, "/direction/bloom 2"),
        (BACK, "back to 0"),
        (JUMP, "/journey/mark/on"),
        (CUT, "a cut in the film"),
    ):
        x = EDGE + (WIDTH - 2 * EDGE) * now_s / LONG_S
        draw.line((x, high - 16, x, low), DIM)
        draw.text((x + 4, high - 20), name, INK, small)
    curve(fast, 1.15 * float(fast.max()), FAST, 1)
    curve(far, 1.15 * float(far.max()), FAR, 2)
    draw.line((EDGE, low, WIDTH - EDGE, low), DIM)
    draw.text((EDGE, 8), "how far the picture's w lies from the journey", FAR, font)
    draw.text((EDGE + 400, 8), "how fast it moves", FAST, font)
    draw.text((WIDTH - EDGE, 8), f"{LONG_S:.0f} s", DIM, font, anchor="ra")


def strip(sheet: Image.Image, y: int, side: int, folder: Path, seed: int) -> None:
    """One place at ages along the whole training."""
    files = models_in(folder)
    how = How(snapshots=tuple(map(str, files)), live=False, backend="frozen")
    generator = open_model(str(files[-1]), "cpu", 2, how)
    generator.prepare(1, 256, 256)
    z = np.broadcast_to(seed_z(seed, generator.info.z_dim), (1, len(generator.info.bands), generator.info.z_dim))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    draw.text((EDGE, y - 26), f"/generator/age, {len(files)} snapshots of one training", INK, font)
    for i, age in enumerate(np.linspace(0.0, len(files) - 1.0, CELLS)):
        controls = {"age": float(age)}
        picture = generator.draw(generator.map(z, 0.9, controls), controls)[0, ..., :3]
        x = EDGE + i * side
        sheet.paste(Image.fromarray(picture).resize((side - 4, side - 4), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 4, y + 2), f"{age:.3g}", INK, font)
    generator.close()


if __name__ == "__main__":
    main()
