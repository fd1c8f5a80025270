"""The stills that the show `compass` is learned from: twelve tulips, sorted by what they feel like.

python scripts/compass_show.py [SHOW]          after the tulip was trained anew, to draw them with its new weights
"""

import sys
from pathlib import Path

from engine.paths import data_dir
from engine.studio.still import Still, still

PILES = {
    "exuberant": (41, 65, 99, 136, 145, 172),
    "solemn": (7, 23, 30, 35, 77, 93),
}
MODEL = "tulip:2"  # dressed as the show is; its latents are those of every dress
SIDE = 128


def main(show: Path) -> None:
    for name, seeds in PILES.items():
        folder = show / name
        folder.mkdir(exist_ok=True)
        for former in folder.glob("*.png"):
            former.unlink()
        for seed in seeds:
            still(Still(MODEL, folder / f"{seed:03d}.png", seed=seed, size=(SIDE, SIDE)))
        print(folder, len(seeds))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data_dir("presets") / "compass")
