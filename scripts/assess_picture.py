"""Make the picture of docs/assess.md: what more of three scores looks like on the tulip.

python scripts/assess_picture.py; some minutes.
"""

from pathlib import Path

from engine.studio.learn.assess import Asked
from engine.studio.learn.assessed import learned, save_alpha_strips
from engine.studio.learn.assessors import wish
from engine.studio.learn.subject import Subject

OUT = Path(__file__).resolve().parent.parent / "docs" / "img" / "assess.png"
SHOWN = ("colourfulness", "object_size", "redness")


def main() -> None:
    subject, asked = Subject("tulip"), Asked()
    found = [one for name in SHOWN for one in learned(subject, [wish(name)], asked)]
    save_alpha_strips(OUT, subject, found, 2.0)


if __name__ == "__main__":
    main()
