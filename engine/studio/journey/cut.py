"""A plan applied to latents: the rows of any of its frames, with their class weights."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.studio.arrays import let_go
from engine.studio.journey.pair import Rows
from engine.studio.journey.plan import Plan
from engine.studio.journey.source import Source
from engine.studio.journey.trajectories import normalised
from engine.studio.pace import Array, mixed

_BYTES = 2 << 20  # of latents that are worked on together
_MOST = 4096


class Cut:
    """The rows of a plan without gaps (`held`).

    between : a place between two rows is their mixture; without, it is the earlier one, as an editor shows it
    A frame of one row alone is that row, bit for bit. Several go on the shell for z and along straight lines for w, one
    after another in the order of the layers; class weights along straight lines, 1 in sum.
    """

    def __init__(self, plan: Plan, sources: Mapping[int, Source], between: bool = False) -> None:
        self._plan, self._sources, self._between = plan, sources, between
        one = next(iter(sources.values())).pair
        self.shape = one.rows.shape[1:]
        self.classes = 0 if one.classes is None else one.classes.shape[1]
        self.block = min(max(_BYTES // (4 * math.prod(self.shape)), 1), _MOST)

    def rows(self, frames: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The latents of frames (n, ...), and their class weights (n, classes)."""
        weight = self._plan.weight[:, frames]
        out = np.empty((len(frames), *self.shape), np.float32)
        classes = np.empty((len(frames), self.classes), np.float32) if self.classes else None
        alone, layer = (weight > 0.0).sum(0) == 1, weight.argmax(0)
        for number in range(len(weight)):
            if (own := alone & (layer == number)).any():
                out[own], found = self._layer(number, frames[own])
                if classes is not None:
                    classes[own] = found
        if not alone.all():
            out[~alone], found = self._several(frames[~alone])
            if classes is not None:
                classes[~alone] = found
        return out, classes

    def let_go(self) -> None:
        """Give back the memory of the rows that were read: of rows here and there a system maps much around."""
        for source in self._sources.values():
            let_go(source.pair.rows)

    def _several(self, frames: NDArray[np.intp]) -> tuple[Array, Array | None]:
        weight = self._plan.weight[:, frames].astype(np.float64)
        first, weights = self._layer(0, frames)
        out, total = np.asarray(first, np.float64), weight[0]
        classes = None if weights is None else np.asarray(total[:, None] * weights)
        for number in range(1, len(weight)):
            there = np.flatnonzero(weight[number] > 0.0)
            total[there] += weight[number, there]
            rows, more = self._layer(number, frames[there])
            out[there] = mixed(out[there], rows, weight[number, there] / total[there])
            if classes is not None and more is not None:
                classes[there] += weight[number, there, None] * more
        return out, None if classes is None else normalised(classes)

    def _layer(self, number: int, frames: NDArray[np.intp]) -> tuple[Rows, Rows | None]:
        """What one layer shows by itself."""
        plan, kind = self._plan, np.float64 if self._between else np.float32
        out = np.empty((len(frames), *self.shape), kind)
        classes = np.empty((len(frames), self.classes), kind) if self.classes else None
        media, at, part = (table[number, frames] for table in (plan.media, plan.frame, plan.part))
        for medium in np.unique(media[media >= 0]).tolist():
            pair, own = self._sources[medium].pair, media == medium
            out[own] = pair.rows[at[own]]
            if classes is not None and pair.classes is not None:
                classes[own] = pair.classes[at[own]]
            if self._between and (lies := np.flatnonzero(own & (part > 0.0))).size:
                share = part[lies].astype(np.float64)
                out[lies] = mixed(out[lies], pair.rows[at[lies] + 1], share)
                if classes is not None and pair.classes is not None:
                    more = pair.classes[at[lies] + 1]
                    classes[lies] = normalised(classes[lies] + share[:, None] * (more - classes[lies]))
        return out, classes


def held(plan: Plan) -> Plan:
    """The plan with each gap showing what was seen last; at the beginning, what comes first."""
    there = np.flatnonzero(~plan.gap)
    last = np.searchsorted(there, np.arange(len(plan)), "right") - 1
    of = there[np.maximum(last, 0)]
    return Plan(plan.media[:, of], plan.frame[:, of], plan.part[:, of], plan.weight[:, of])
