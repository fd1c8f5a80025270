"""`latenz train tulip --measure`: what the tulip can do, measured on flowers that it was never taught.

Everything is drawn from the model file, with the weights and the head that play it. What each number is stands where it
is computed: `metrics`, `fidelity`, `sweeps`, `readback`, `walk`, `playing`. Call `engine.paths.use_numba_cache` before
importing.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator import model_file
from engine.generator.tulip.factors import COUNT, NAMES, factors_of
from engine.generator.tulip.maps import PALETTE
from engine.paths import data_dir
from engine.studio.figures import Bar, Report, Row
from engine.studio.tulip import fidelity, metrics, playing, sweeps, walk
from engine.studio.tulip.data import latents
from engine.studio.tulip.ground import palette
from engine.studio.tulip.painters import Learned, Painter, Renderer
from engine.studio.tulip.readback import Lessons, Reader, Tell, reader, wanted
from engine.studio.tulip.threads import torch_threads

SEED = 999  # of everything that is measured with; training has seeds of its own
SMALL, LARGE = 128, 256  # pixels of a side
FINER = 4  # rays to a side of a pixel, of the renderer that stands for a perfect pupil: the usual one has 2
LOST = 0.05  # of R2, at most, against what the reader reads in the renderer's own pictures
READS = 0.85  # of R2, at least, that a reader has to read there: a poor one would find every network good
READABLE = 0.5  # of R2: a reader that reads less of a factor in the renderer's own pictures judges no sweep of it
LEAK = 0.2
READ_BARS = ("bloom", "pitch", "hue", "light", "ground", "stripes")
MATCH_BARS = {
    **dict.fromkeys(("bloom", "stripes", "hue", "pitch", "zoom", "sway", "light", "ground", "ground_hue"), 1.0),
    **dict.fromkeys(("saturation", "value"), 0.9),
    **dict.fromkeys(("wilt", "curl"), 0.8),
}
MONOTONE, UNREST, BYTES, ROUNDING, PARITY = 0.95, 3.0, 6e6, 0.01, 0.02


@dataclass(frozen=True, slots=True)
class Samples:
    """How much is measured: pictures of 128 and of 256 pixels, seeds of a sweep, frames of the walk."""

    small: int = 256
    large: int = 64
    sweeps: int = 40
    frames: int = 1800
    lessons: Lessons = field(default_factory=Lessons)

    def __post_init__(self) -> None:
        if min(self.small, self.large) < 2 or self.sweeps < 1 or self.frames < 3:
            raise InputError("to measure takes at least 2 pictures of each size, a sweep and 3 frames")


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""


def measure(
    model: Path | None = None,
    *,
    training: Path | None = None,
    timed: bool = False,
    samples: Samples | None = None,
    workers: int = 2,
    tell: Tell = silent,
) -> Report:
    """Measure a model file; the shipped one without a name. InputError for what is no tulip.

    training : the checkpoint that the model was made from, to tell what rounding its weights to half precision costs.
    timed : with frames a second, which mean something on a quiet machine alone
    """
    model = model or data_dir("presets") / "models" / "tulip.safetensors"
    samples = samples or Samples()
    with torch_threads(workers):
        bench = _Bench(model, samples, workers, tell)
        rows = [*bench.pictures(), *bench.palettes(), *bench.flow(), *bench.file(training)]
        if timed:
            rows += playing.rows(model, workers, lambda what: tell(what, 0, 1))
        rows += bench.factors()
    about = {"model": model.name, "hash": model_file.read_header(model).hash, "seed": SEED, "samples": asdict(samples)}
    return Report(tuple(rows), about, "latenz.tulip.report", NAMES, "renderer")


class _Bench:
    """The network, the renderer and a finer renderer, side by side."""

    def __init__(self, model: Path, samples: Samples, workers: int, tell: Tell) -> None:
        self._model, self._samples, self._workers, self._tell = model, samples, workers, tell
        self._learned = Learned.open(model)
        self._renderer, self._finer = Renderer(workers), Renderer(workers, FINER)
        self._x = latents(SEED, max(samples.small, samples.sweeps))

    def pictures(self) -> Iterator[Row]:
        """Noise, edges, stripes and masks; the ceiling is the renderer with more rays, on a quarter of the flowers."""
        values: fidelity.Values = {}
        ceiling: fidelity.Values = {}
        for side, count in ((SMALL, self._samples.small), (LARGE, self._samples.large)):
            self._tell(f"drawing {side} px", 0, 1)
            x = self._x[:count]
            few = x[: max(2, count // 4)]
            truth = self._renderer.scene(x, side)
            asked = fidelity.fidelity if side == SMALL else _plain
            values |= asked(self._learned.scene(x, side), truth, x)
            ceiling |= asked(self._finer.scene(few, side), truth, few)
        for key, value in values.items():
            yield Row(*key, value, fidelity.BARS.get(key), ceiling[key], "dB" if key[0] == fidelity.PSNR else "")

    def palettes(self) -> Iterator[Row]:
        """How far the numbers of the palette are from the renderer's, on average."""
        x = self._x[: self._samples.small]
        true = np.stack([palette(values) for values in factors_of(x)])
        missed = np.abs(self._learned.palettes(x).numpy() - true).mean(0)
        worst = int(missed.argmax())
        yield Row("palette error", f"mean of {len(PALETTE)} numbers", float(missed.mean()))
        yield Row("palette error", f"the worst of them, {PALETTE[worst]}", float(missed[worst]))

    def flow(self) -> Iterator[Row]:
        """The change from frame to frame on a walk: how uneven it is, and its median over that of the renderer."""
        x = self._learned.x(walk.walk_z(SEED, self._samples.frames, self._learned.spec.z_dim))
        self._tell("walking", 0, 2)
        mine, even = self._walked(self._learned, x)
        self._tell("walking", 1, 2)
        theirs, even_theirs = self._walked(self._renderer, x)
        length = f"{len(x) / walk.FPS:g} s at {walk.FPS:g} fps"
        of = f"{length}, evenly paced"
        yield Row("frame change, p99 / median", of, metrics.unrest(even), Bar(high=UNREST), metrics.unrest(even_theirs))
        yield Row(
            "frame change, most / median", of, metrics.unrest(even, 1), Bar(high=UNREST), metrics.unrest(even_theirs, 1)
        )
        yield Row("frame change, p99 / median", length, metrics.unrest(mine), None, metrics.unrest(theirs))
        yield Row("frame change, network / renderer", "median", float(np.median(mine) / np.median(theirs)))

    def _walked(self, painter: Painter, x: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The changes along a walk, as it comes and at an even pace."""
        found = walk.changes(painter, x, SMALL)
        return found, walk.changes(painter, walk.paced(x, found).astype(np.float32), SMALL)

    def file(self, training: Path | None) -> Iterator[Row]:
        """Its size, what half precision costs, and whether it plays as it was measured."""
        yield Row("size of the model", "MB", self._model.stat().st_size / 1e6, Bar(high=BYTES / 1e6))
        x = self._x[: min(32, self._samples.small)]
        here = self._learned.pictures(x, SMALL)
        if training is not None:
            whole = playing.unrounded(self._model, training).pictures(x, SMALL)
            yield Row("half precision, mean change", "of 0..1", float((here - whole).abs().mean()), Bar(high=ROUNDING))
            yield Row("half precision, PSNR", "", float(metrics.psnr_db(here, whole).mean()), unit="dB")
        played = playing.played(self._model, self._learned.z(x), SMALL, self._workers)
        yield Row("as played, largest change", "of 0..1", float((played - here).abs().max()), Bar(high=PARITY))

    def factors(self) -> Iterator[Row]:
        """What a reader who knows the renderer alone reads in the pictures, and how each factor's sweeps go."""
        taught = reader(self._samples.lessons, self._workers, self._tell)
        x = self._x[: self._samples.small]
        reads = [metrics.r2(taught.read(p.pictures(x, SMALL)), wanted(x)) for p in (self._learned, self._renderer)]
        yield from self._read(*reads)
        found: list[list[Row]] = []
        for factor in range(COUNT):
            self._tell("sweeping", factor, COUNT)
            found.append(list(self._swept(taught, factor, judge=float(reads[1][factor]) >= READABLE)))
        for of_measure in zip(*found, strict=True):
            yield from of_measure

    def _read(self, mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> Iterator[Row]:
        for i, name in enumerate(NAMES):
            bar = Bar(low=round(max(float(theirs[i]), READS) - LOST, 3)) if name in READ_BARS else None
            yield Row("read back, R2", name, float(mine[i]), bar, float(theirs[i]))

    def _swept(self, taught: Reader, factor: int, *, judge: bool) -> Iterator[Row]:
        name, base = NAMES[factor], self._x[: self._samples.sweeps]
        sweep = sweeps.swept(self._learned, self._renderer, taught, base, factor)
        yield Row("sweep match", name, sweep.match, Bar(low=MATCH_BARS[name]) if name in MATCH_BARS else None)
        yield Row("monotone", name, sweep.monotone, Bar(low=MONOTONE))
        mine, theirs = sweep.monotone_read
        bar = Bar(low=MONOTONE) if judge and theirs >= MONOTONE else None
        yield Row("monotone to the reader", name, mine, bar, theirs)
        yield Row("leakage", name, sweep.leakage[0], Bar(high=LEAK), sweep.mistaken)


def _plain(drawn: Any, truth: Any, x: NDArray[np.floating]) -> fidelity.Values:
    return fidelity.at_size(drawn, truth)
