"""Pairs and models small enough for a test."""

from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from engine.generator import model_file, statistics
from engine.studio.journey.drawing import Look
from engine.studio.journey.pair import Facts, Pair, PairWriter
from engine.studio.pace import between
from scripts.random_model import spec_of, weights_of

LOOK = Look("tulip", (64, 64))


def pair_of(folder: Path, count: int = 12, name: str = "way", fps: Fraction = Fraction(25), seed: int = 0) -> Pair:
    """A way between a few places of the tulip."""
    keys = np.random.RandomState(seed).randn(4, 512)
    with PairWriter(folder / name, (512,), count, Facts(fps, "tulip")) as writer:
        writer.write(between(keys, np.linspace(0, 3, count)))
        return writer.close()


def model_of(folder: Path, name: str, seed: int = 0, architecture: str = "stylegan2", classes: int = 0) -> str:
    """A model of random weights in a file: 32x32, or BigGAN's 128x128 in few channels."""
    path = folder / f"{name}.safetensors"
    spec, tensors = _weights(architecture, seed, classes)
    about = model_file.About(path.stem, "Random weights: nobody's.", {"container": "random weights"})
    model_file.write(path, spec, tensors, about, statistics.measure(spec, tensors))
    return str(path)


@cache
def _weights(architecture: str, seed: int, classes: int) -> tuple[Any, Any]:
    if architecture == "biggan":
        spec = spec_of("biggan", 128, 0, 64, z_dim=8, classes=classes)
    else:
        spec = spec_of(architecture, 32, 256, 16, z_dim=16, mapping=2, classes=classes)
    return spec, weights_of(spec, seed)


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    """What a player would show."""
    with av.open(str(path)) as file:
        return [
            frame.reformat(format="rgb24", src_colorspace="ITU709", src_color_range="MPEG").to_ndarray()
            for frame in file.decode(video=0)
        ]


def left_over(folder: Path) -> list[str]:
    """What work that ended should not have left behind."""
    return [path.name for path in folder.iterdir() if "part" in path.name]
