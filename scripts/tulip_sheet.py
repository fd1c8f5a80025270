"""Contact sheets of the tulip, as JPEG: at random, beside its renderer, sweeps, masks, and how one is made.

python scripts/tulip_sheet.py docs/img [MODEL]
"""

import sys
from pathlib import Path

from PIL import Image

from engine.generator.tulip.factors import NAMES
from engine.paths import data_dir, use_numba_cache

MOST_BYTES = 400_000
FIRST = ("bloom", "curl", "wilt", "pitch", "zoom", "sway", "yaw", "leaves", "light", "ground")
SMALL, LARGE = 96, 256


def save(sheet: Image.Image, path: Path) -> None:
    """As well as it can be within the size that pages allow."""
    for quality in (92, 88, 84, 80, 74, 66):
        sheet.save(path, quality=quality, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(path, path.stat().st_size)


def main(folder: Path, model: Path) -> None:
    use_numba_cache()
    from engine.studio.tulip import sheets
    from engine.studio.tulip.painters import Learned, Renderer

    learned, renderer = Learned.open(model), Renderer(2)
    colours = tuple(name for name in NAMES if name not in FIRST)
    pages = {
        "tulip_grid": sheets.grid(learned, 8, 16, 128),
        "tulip_large": sheets.grid(learned, 3, 5, LARGE),
        "tulip_beside": sheets.compared(learned, renderer, 8, 160),
        "tulip_sweeps_1": sheets.sweeps(learned, renderer, FIRST, SMALL),
        "tulip_sweeps_2": sheets.sweeps(learned, renderer, colours, SMALL),
        "tulip_masks": sheets.dissection(learned, renderer, 8, 128),
        "tulip_making": sheets.making(learned, LARGE),
    }
    for name, sheet in pages.items():
        save(Image.fromarray(sheet), folder / f"{name}.jpg")


if __name__ == "__main__":
    shipped = data_dir("presets") / "models" / "tulip.safetensors"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else shipped)
