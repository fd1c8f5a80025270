"""Sweeps: one factor goes from end to end, all else stays. Does the picture follow, and nothing else with it?

*Match*: of the renderer's frames of the same sweep, is the same one nearest? *Monotone*: does the factor rise with its
Gaussian, read back from the pictures? It is read in two ways: as the place along the renderer's own sweep that is
nearest to a frame (any factor can be read so, as all others are known), and by `readback.Reader`, who was taught by the
renderer alone and knows nothing but the frame (and cannot tell fine marks in a bud). *Leakage*: how much does another
factor move with it? That is read by the reader, against what it reads in the renderer's same frames, where nothing
leaks: what the reader mistakes is not laid to the network.

Sweeps that cannot be seen in the renderer's pictures (a blotch in a bud) are not asked for their order, nor are frames
in which the renderer has drawn the same picture again (a blotch is still as small as nothing): see `told_apart`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.generator.tulip.factors import COUNT
from engine.studio.tulip import metrics
from engine.studio.tulip.painters import Painter
from engine.studio.tulip.readback import Reader, wanted

STEPS = np.linspace(-1.6, 1.6, 9)  # of the Gaussian: 5 to 95 % of the factor's range
SPAN = float(wanted(STEPS)[-1] - wanted(STEPS)[0])  # of a factor along a sweep, where its whole range is -1..1
MATCHED = slice(None, None, 2)  # the frames that are matched, as far apart as five of them are
SPREAD = 0.7  # of the other factors: nearer their middles, so that few hide another (flames on a petal without any)
SIDE = 128  # pixels
SEEN = 1 / 255  # root mean square change from the first frame to the last: less is below the steps of a screen
RHO = 0.95  # Spearman's, from where on a sweep counts as monotone
APART = 0.01  # of a sweep's whole way: frames of the renderer that are nearer are one picture, and have no order


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Of one factor, over several seeds.

    seen : (seeds,) whether the renderer's pictures change
    told : (seeds, steps) whether the renderer's frame is another picture than the one told before it
    matched : (seeds, frames) of every other frame, whether it is nearest to the renderer's same frame
    place : (seeds, steps) where along the renderer's sweep each frame is, from 0 to steps - 1
    read, ceiling : (seeds, steps, 19) what the reader sees in the network's and in the renderer's frames, -1..1
    """

    factor: int
    seen: NDArray[np.bool_]
    told: NDArray[np.bool_]
    matched: NDArray[np.bool_]
    place: NDArray[np.float64]
    read: NDArray[np.float64]
    ceiling: NDArray[np.float64]

    @property
    def match(self) -> float:
        """The share of frames that are nearest to the renderer's same frame."""
        return _mean(self.matched[self.seen])

    @property
    def monotone(self) -> float:
        """The share of sweeps that are in order along the renderer's."""
        return in_order(self.place[self.seen], self.told[self.seen])

    @property
    def monotone_read(self) -> tuple[float, float]:
        """The share of sweeps that the reader sees in order: the network's, and the renderer's."""
        mine, theirs = (read[self.seen][..., self.factor] for read in (self.read, self.ceiling))
        told = self.told[self.seen]
        return in_order(mine, told), in_order(theirs, told)

    @property
    def leakage(self) -> tuple[float, int]:
        """The largest change of another factor over the wanted change, and which other factor it is.

        Changes are from the first frame to the last. Another factor's is what the reader sees in the network beyond
        what it sees in the renderer: the root mean square over the seeds. The wanted one is how far the frames go
        along the renderer's sweep. Both are in the factor's own spread, which is the same for all of them.
        """
        more = (self.read[:, -1] - self.read[:, 0]) - (self.ceiling[:, -1] - self.ceiling[:, 0])
        went = _mean((self.place[:, -1] - self.place[:, 0])[self.seen]) / (len(STEPS) - 1)
        return largest_other(more, self.factor, went * SPAN)

    @property
    def mistaken(self) -> float:
        """The same of the renderer's own sweeps, where nothing leaks: what the reader takes for another factor."""
        return largest_other(self.ceiling[:, -1] - self.ceiling[:, 0], self.factor, SPAN)[0]


def sweep_x(base: NDArray[np.floating], factor: int) -> NDArray[np.float64]:
    """base (seeds, 19) -> x (seeds, steps, 19): everything as it is there, but this factor."""
    x = np.repeat(SPREAD * np.asarray(base, np.float64)[:, None], len(STEPS), 1)
    x[..., factor] = STEPS
    return x


def swept(painter: Painter, renderer: Painter, reader: Reader, base: NDArray[np.floating], factor: int) -> Sweep:
    """Draw one factor's sweeps from the same bases by both, at 128 px, and read them."""
    x = sweep_x(base, factor)
    drawn, asked = (p.pictures(x.reshape(-1, COUNT), SIDE) for p in (painter, renderer))
    mine, theirs = (pictures.view(*x.shape[:2], *pictures.shape[1:]) for pictures in (drawn, asked))
    pairs = list(zip(mine, theirs, strict=True))
    hits = np.array([metrics.nearest(a[MATCHED], b[MATCHED]).numpy() for a, b in pairs])
    change = (theirs[:, -1] - theirs[:, 0]).square().mean((1, 2, 3)).sqrt()
    return Sweep(
        factor=factor,
        seen=(change >= SEEN).numpy(),
        told=np.stack([told_apart(frames) for frames in theirs]),
        matched=hits == np.arange(len(STEPS[MATCHED])),
        place=np.stack([metrics.along(a, b).numpy() for a, b in pairs]),
        read=reader.read(drawn).reshape(x.shape),
        ceiling=reader.read(asked).reshape(x.shape),
    )


def told_apart(frames: Tensor) -> NDArray[np.bool_]:
    """Of a sweep's frames (steps, ...), those that differ from the last one told before by 1 % of the whole way.

    The first is always told, and so are all where nothing changes.
    """
    flat = frames.flatten(1).double()
    way = float((flat[1:] - flat[:-1]).norm(dim=1).sum())
    told, last = np.zeros(len(flat), np.bool_), flat[0]
    told[0] = True
    for i in range(1, len(flat)):
        if float((flat[i] - last).norm()) >= APART * way:
            told[i], last = True, flat[i]
    return told


def in_order(read: NDArray[np.float64], told: NDArray[np.bool_]) -> float:
    """The share of sweeps (seeds, steps) whose reading rises over the frames told: Spearman's at least 0.95.

    nan for none
    """
    rises = [metrics.spearman(row[own], STEPS[own]) >= RHO for row, own in zip(read, told, strict=True)]
    return _mean(np.array(rises, np.bool_))


def largest_other(change: NDArray[np.float64], factor: int, wanted: float) -> tuple[float, int]:
    """The root mean square over seeds of each change (seeds, 19) but this factor's: the largest over the wanted one."""
    size = np.sqrt(np.square(change).mean(0))
    size[factor] = 0.0
    largest = int(size.argmax())
    return float(size[largest] / max(wanted, metrics.EPSILON)), largest


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.mean()) if values.size else float("nan")
