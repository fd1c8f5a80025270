"""Small pairs, stills and proxies that tests of journeys edit."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.latent.sequence_file import Facts
from engine.stage.outputs.picture import latent_text, save_png
from engine.stage.outputs.video import open_output
from engine.studio.journey.pair import Pair, PairWriter, with_proxy

FPS = Fraction(25)
FACTS = Facts()


def write_pair(
    path: Path, count: int, shape: Sequence[int] = (8,), facts: Facts = FACTS, classes: int = 0, seed: int = 0
) -> Pair:
    """A pair of seeded rows."""
    rng = np.random.default_rng(seed)
    weights = rng.random((count, classes)).astype(np.float32)
    with PairWriter(path, shape, count, facts, classes) as writer:
        writer.write(
            rng.standard_normal((count, *shape)), weights / weights.sum(-1, keepdims=True) if classes else None
        )
        return writer.close()


def write_video(path: Path, count: int, shade: int = 60) -> Path:
    """A small video of so many frames."""
    video = open_output(path, (32, 32), float(FPS), count)
    for i in range(count):
        video.write(np.full((32, 32, 3), (shade + 7 * i) % 256, np.uint8))
    video.close()
    return path


def write_proxied(path: Path, count: int, shade: int = 60, seed: int = 0) -> Pair:
    """A pair with its proxy, as `sample` leaves it."""
    return with_proxy(write_pair(path, count, seed=seed), write_video(path.with_suffix(".mp4"), count, shade))


def write_still(path: Path, latent: Sequence[float], **notes: str) -> Path:
    """A picture with a latent in it."""
    text = {"latenz.latent": latent_text(np.asarray(latent, np.float32)), "latenz.space": "z"}
    save_png(path, np.zeros((8, 8, 3), np.uint8), text | {f"latenz.{key}": value for key, value in notes.items()})
    return path
