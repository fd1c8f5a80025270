"""Make the picture of docs/assess.md: what more of three scores looks like on the tulip.

python scripts/assess_picture.py; some minutes.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from engine.studio.learn.assess import Asked
from engine.studio.learn.assessed import learned, save_alpha_strips
from engine.studio.learn.assessors import wish
from engine.studio.learn.subject import Subject

OUT = Path(__file__).resolve().parent.parent / "docs" / "img" / "assess.jpg"
SHOWN = ("colourfulness", "object_size", "redness")


def main() -> None:
    subject, asked = Subject("tulip"), Asked()
    found = [one for name in SHOWN for one in learned(subject, [wish(name)], asked)]
    with TemporaryDirectory() as folder:
        save_alpha_strips(Path(folder) / "strips.png", subject, found, 2.0)
        with Image.open(Path(folder) / "strips.png") as picture:
            picture.convert("RGB").save(OUT, quality=85)


if __name__ == "__main__":
    main()
