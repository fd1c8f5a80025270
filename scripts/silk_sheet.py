"""Contact sheets of silk: gardens, directions and a walk, as JPEG.

python scripts/silk_sheet.py docs/img
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.generator.silk.generator import Silk
from engine.generator.silk.latent import BASIS, NAMES, Z_DIM

Picture = NDArray[np.uint8]
DRAWN = 512


class Sheet:
    """Pictures drawn at 512 x 512 and shown small."""

    def __init__(self, garden: int, tile: int) -> None:
        self._silk = Silk(garden, 2)
        self._silk.prepare(1, DRAWN, DRAWN)
        self._tile = tile

    def picture(self, z: NDArray[np.float64]) -> Picture:
        image = self._silk.draw(self._silk.map(z[None, None], 1.0), {})[0, ..., :3]
        return np.asarray(Image.fromarray(image).resize((self._tile, self._tile), Image.Resampling.LANCZOS))


def latent(seed: int) -> NDArray[np.float64]:
    return np.random.RandomState(seed).standard_normal(Z_DIM)


def save(rows: Sequence[Sequence[Picture]], path: Path) -> None:
    """Write rows of pictures as one JPEG."""
    Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows])).save(path, quality=84, optimize=True)
    print(path, f"{path.stat().st_size / 1024:.0f} KiB")


def gardens(path: Path, tile: int = 128) -> None:
    rows = []
    for garden in range(8):
        sheet = Sheet(garden, tile)
        rows.append([sheet.picture(latent(100 * garden + i)) for i in range(6)])
    save(rows, path)


def label(text: str, tile: int) -> Picture:
    """The name of a row, upright at its left."""
    strip = Image.new("RGB", (tile, 16), (16, 16, 20))
    ImageDraw.Draw(strip).text((tile // 2, 8), text, (230, 230, 235), anchor="mm")
    return np.asarray(strip.rotate(90, expand=True))


def directions(names: Sequence[str], path: Path, tile: int = 150) -> None:
    sheets = [Sheet(garden, tile) for garden in (0, 4, 3)]
    rows = []
    for row, name in enumerate(names):
        d, sheet = BASIS[NAMES.index(name)], sheets[row % len(sheets)]
        z = latent(40 + row) - d * (d @ latent(40 + row))
        rows.append([label(name, tile), *(sheet.picture(z + amount * d) for amount in (-4, -2, 0, 2, 4))])
    save(rows, path)


def walk(path: Path, tile: int = 116) -> None:
    sheet = Sheet(0, tile)
    rows = []
    for first, last in ((3, 4), (5, 6), (8, 9)):
        angles = np.linspace(0, np.pi / 2, 7)
        rows.append([sheet.picture(np.cos(a) * latent(first) + np.sin(a) * latent(last)) for a in angles])
    save(rows, path)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img")
    folder.mkdir(parents=True, exist_ok=True)
    gardens(folder / "silk_gardens.jpg")
    directions(NAMES[:8], folder / "silk_directions_1.jpg")
    directions(NAMES[8:], folder / "silk_directions_2.jpg")
    walk(folder / "silk_walk.jpg")


if __name__ == "__main__":
    main()
