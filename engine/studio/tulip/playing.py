"""The model as it plays: through the plans of the generator, on the processor."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import ModelError
from engine.generator import model_file
from engine.generator.catalog import How, open_model
from engine.generator.network import source_of
from engine.generator.spec import Canvas
from engine.generator.tulip.maps import LAYERS
from engine.generator.tulip.spec import TulipSpec
from engine.studio.bench_model import bench_model
from engine.studio.figures import Bar, Row
from engine.studio.tulip.export import averaged
from engine.studio.tulip.painters import Learned

LEAST_FPS = {256: 60.0, 512: 24.0}


def played(model: Path, z: NDArray[np.float64], side: int, threads: int) -> Tensor:
    """z (n, z_dim) -> pictures (n, 3, side, side) in 0..1, by the compiled head that shows play it with."""
    generator = open_model(str(model), "cpu", threads, How(backend="frozen", live=False))
    try:
        generator.prepare(1, side, side)
        bands = len(generator.info.bands)
        rows = [generator.image(generator.map(np.repeat(one[None, None], bands, 1), 1.0), {}).copy() for one in z]
    finally:
        generator.close()
    return (torch.from_numpy(np.concatenate(rows)) + 1) / 2


def rows(model: Path, threads: int, say: Callable[[str], None]) -> Iterator[Row]:
    """Frames a second of the fastest way to draw, the generator alone: the median of five rounds."""
    source = source_of(str(model))
    for side, least in LEAST_FPS.items():
        found = bench_model(source, Canvas(side, side), "cpu", threads, progress=say)["backends"]
        name = min(found, key=lambda key: found[key]["ms_p50"])
        value = 1000 / found[name]["ms_p50"]
        yield Row("frames a second", f"{side} px, {threads} threads, {name}", value, Bar(low=least))


def unrounded(model: Path, training: Path) -> Learned:
    """The network of a training with its weights as they are, its logits as sharp as the model's.

    The model holds the same weights in half precision, but for the logits, which were multiplied by one number.
    """
    spec, tensors = model_file.read_tensors(model)
    if not isinstance(spec, TulipSpec):
        raise ModelError(f"{model} is a {spec.family}; a tulip is measured here")
    whole = averaged(training)
    last = f"synthesis.b{spec.maps_side}.tomaps.weight"
    sharp = float(np.median(tensors[last][: len(LAYERS)] / whole[last][: len(LAYERS)]))
    return Learned(spec, {**whole, "mapping.w_avg": tensors["mapping.w_avg"]}, sharp)
