"""Make the pictures of docs/banks.md: strips of a bank, one of its pages, and a contact sheet.

python scripts/bank_pictures.py; needs chromium for the page.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from engine.studio.learn.combine import combine
from engine.studio.learn.look import look
from engine.studio.learn.sheet import sheet

OUT = Path(__file__).resolve().parent.parent / "docs" / "img"
SUMS = ("festive=bloom+0.7*stripes", "faded=wilt-saturation")
PAGE = (1040, 1500)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "mine.safetensors"
        combine("tulip", bank, SUMS)
        look(bank, strips=OUT / "banks_strips.png", pages=Path(folder) / "pages")
        _shrink(OUT / "banks_strips.png")
        sheet("tulip", OUT / "banks_sheet.png", "colourfulness", count=28, pool=280, side=96)
        _shrink(OUT / "banks_sheet.png")
        _screenshot(Path(folder) / "pages" / "01-festive.html", Path(folder) / "page.png")
        with Image.open(Path(folder) / "page.png") as page:
            page.convert("RGB").save(OUT / "banks_page.jpg", quality=86, optimize=True)


def _shrink(path: Path) -> None:
    with Image.open(path) as image:
        image.quantize(192, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


def _screenshot(page: Path, out: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no chromium here: the page has no picture")
    width, height = PAGE
    profile = page.parent.parent / "profile"
    subprocess.run(
        [program, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={out}",
         page.as_uri()],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip


if __name__ == "__main__":
    main()
