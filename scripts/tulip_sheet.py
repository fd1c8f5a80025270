"""Contact sheets of the tulip: at random, beside its renderer, its dresses, sweeps, masks, and how one is made.

python scripts/tulip_sheet.py docs/img [MODEL]
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.generator import model_file
from engine.generator.tulip.dress import DRESSES
from engine.generator.tulip.factors import NAMES
from engine.generator.tulip.spec import TulipSpec
from engine.paths import data_dir, use_numba_cache

MOST_BYTES = 400_000
FIRST = ("bloom", "curl", "wilt", "pitch", "zoom", "sway", "yaw", "leaves", "light", "ground")
SMALL, LARGE = 96, 256


def save(sheet: Image.Image, path: Path) -> None:
    """As well as it can be within the size that pages allow."""
    for quality in (92, 88, 84, 80, 74, 66):
        sheet.save(path, quality=quality, optimize=True)  # a PNG has no quality
        if path.stat().st_size <= MOST_BYTES:
            break
    print(path, path.stat().st_size)


def dresses(model: Path) -> NDArray[np.uint8]:
    """The same six flowers in each dress: a row for each, in their order."""
    from engine.studio.tulip import sheets
    from engine.studio.tulip.painters import Learned

    spec, tensors = model_file.read_tensors(model)
    assert isinstance(spec, TulipSpec)
    worn = [Learned(replace(spec, dress=number), tensors) for number in range(len(DRESSES))]
    return np.concatenate([sheets.grid(learned, 1, 6, 138) for learned in worn])


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
    save(Image.fromarray(dresses(model)), folder / "tulip_dresses.png")


if __name__ == "__main__":
    shipped = data_dir("presets") / "models" / "tulip.safetensors"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else shipped)
