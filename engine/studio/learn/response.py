"""How far a model follows an edit before it stops, at places that nothing was learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.latent.directions import Direction
from engine.studio.learn.edits import Edit
from engine.studio.learn.likeness import masked_error
from engine.studio.learn.measures import MEASURES, Measure
from engine.studio.learn.subject import Sample, Subject
from engine.studio.tulip.metrics import spearman

Array = NDArray[np.float64]

WITHIN = 11  # alphas over the edit's range, its ends among them
CANDIDATES = 65  # alphas that a picture is compared with, over all that an edit may be asked
LOOKED_AT = 32  # pixels of the shorter side that pictures are compared at
HALF = 0.5  # of the slope in the middle
GOOD = 0.95  # Spearman's rho of a place that follows


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """What was asked and what was done.

    asked : (alphas,) in the edit's unit, rising, up to `Edit.reach` times its range
    done : (places, alphas) the alpha with which the edit itself comes nearest to what was drawn
    measured : (places, alphas) the edit's measure, as change from the start; None where it has none
    edited : the same of the edited start pictures: what that measure sees of the edit itself
    error : (places, alphas) masked squared difference from what was wanted; nothing : the same of the start picture
    inside : (alphas,) those within the edit's range
    per_sigma : of alpha, how far one sigma of the direction leads
    """

    asked: Array
    done: Array
    measured: Array | None
    edited: Array | None
    error: Array
    nothing: Array
    inside: NDArray[np.bool_]
    per_sigma: float

    @property
    def spearman(self) -> Array:
        """(places,) rho of asked and done within the range; 0 where nothing moves."""
        return spearman(self.asked[self.inside], self.done[:, self.inside])

    @property
    def share(self) -> float:
        """Of the places, those with a rho of at least 0.95."""
        return float((self.spearman >= GOOD).mean())

    @property
    def measured_share(self) -> float:
        """The same of the edit's measure; nan without one."""
        return self._share(self.measured)

    @property
    def edited_share(self) -> float:
        """The same of what the edit's measure sees of the edit itself: how far it is fit to judge."""
        return self._share(self.edited)

    def _share(self, measured: Array | None) -> float:
        if measured is None:
            return float("nan")
        return float((spearman(self.asked[self.inside], measured[:, self.inside]) >= GOOD).mean())

    @property
    def monotone(self) -> float:
        """Of the places, those where more asked is never less done within the range."""
        return float((np.diff(self.done[:, self.inside], axis=1) >= 0.0).all(1).mean())

    @property
    def ratio(self) -> float:
        """The masked error against that of doing nothing, within the range."""
        return float(self.error[:, self.inside].sum() / self.nothing[:, self.inside].sum())

    @property
    def gain(self) -> float:
        """How much is done for each unit asked, in the middle half of the range, at the median place."""
        reach = np.abs(self.asked[self.inside]).max()
        middle = np.abs(self.asked) <= 0.5 * reach + 1e-9
        a = self.asked[middle] - self.asked[middle].mean()
        return float(np.median(self.done[:, middle] @ a / (a @ a)))

    @property
    def limits(self) -> tuple[float, float]:
        """The alphas between which the median place still moves at least half as fast as in the middle."""
        gain = self.gain
        local = np.diff(np.median(self.done, 0)) / np.diff(self.asked)
        good = local >= HALF * gain if gain > 0.0 else np.zeros(len(local), np.bool_)
        low = high = int(np.abs(self.asked).argmin())
        while low > 0 and good[low - 1]:
            low -= 1
        while high < len(good) and good[high]:
            high += 1
        return float(self.asked[low]), float(self.asked[high])

    def measures(self) -> dict[str, float]:
        """What a bank keeps of it."""
        low, high = self.limits
        kept = {
            "alpha_per_sigma": self.per_sigma,
            "spearman": float(np.median(self.spearman)),
            "spearman_share": self.share,
            "measured_share": self.measured_share,
            "monotone_share": self.monotone,
            "held_out_error": self.ratio,
            "gain": self.gain,
            "limit_low": low,
            "limit_high": high,
        }
        return {key: value for key, value in kept.items() if np.isfinite(value)}


def arrays_of(found: Response) -> dict[str, NDArray[np.generic]]:
    """All of it, as arrays; what it lacks is missing."""
    rows = {field.name: getattr(found, field.name) for field in fields(found)}
    return {name: np.asarray(row) for name, row in rows.items() if row is not None}


def response_of(arrays: Mapping[str, NDArray[np.generic]]) -> Response:
    """What `arrays_of` gave, again."""
    rows: dict[str, Any] = {field.name: arrays.get(field.name) for field in fields(Response)}
    return Response(**{**rows, "per_sigma": float(arrays["per_sigma"].item())})


def response(subject: Subject, edit: Edit, direction: Direction, per_sigma: float, sample: Sample) -> Response:
    """Ask for alphas over `Edit.reach` times the range, at every place of the sample, and measure what was done."""
    asked, inside = alphas(edit)
    measure = MEASURES[edit.measure] if edit.measure else None
    with torch.inference_mode():
        start = subject.pictures(subject.w(sample))
        drawn, edits, error, nothing = [], [], [], []
        for alpha in asked:
            amounts = torch.full((len(sample),), float(alpha) / per_sigma)
            pictures = subject.pictures(subject.moved(sample, direction, amounts))
            wanted, mask = edit.apply(start, torch.full((len(sample),), float(alpha), device=start.device))
            drawn.append(pictures)
            edits.append(wanted)
            error.append(_array(masked_error(pictures, wanted, mask)))
            nothing.append(_array(masked_error(start, wanted, mask)))
        done = _array(registered(edit, start, torch.stack(drawn, 1)))
        rest = int(np.abs(asked).argmin())
        measured, edited = (None if measure is None else _changes(measure, seen, rest) for seen in (drawn, edits))
    return Response(asked, done, measured, edited, np.stack(error, 1), np.stack(nothing, 1), inside, per_sigma)


def _changes(measure: Measure, pictures: Sequence[Tensor], rest: int) -> Array:
    """(places, alphas) how a measure of the pictures of each alpha differs from that of the alpha at `rest`."""
    values = np.stack([_array(measure.of(drawn)) for drawn in pictures], 1)
    if measure.turn:
        values = np.unwrap(values, period=measure.turn, axis=1)
    return np.asarray(values - values[:, [rest]])


def alphas(edit: Edit) -> tuple[Array, NDArray[np.bool_]]:
    """The alphas that are asked, 0 among them, and which of them lie within the edit's range."""
    low, high = edit.range
    inner = np.linspace(low, high, WITHIN)
    inner[np.abs(inner).argmin()] = 0.0
    step = (high - low) / (WITHIN - 1)
    beyond = round((edit.reach - 1.0) * (WITHIN - 1) / 2)
    before = low - step * np.arange(beyond if low < 0 else 0, 0, -1)
    after = high + step * np.arange(1, 1 + (beyond if high > 0 else 0))
    asked = np.concatenate([before, inner, after])
    return asked, (asked >= low - 1e-9) & (asked <= high + 1e-9)


@torch.inference_mode()
def registered(edit: Edit, start: Tensor, drawn: Tensor) -> Tensor:
    """The alpha of the edit that brings each start (n, 3, h, w) nearest to those drawn (n, k, 3, h, w): (n, k).

    The masked squared difference is compared at 65 alphas, of pictures averaged to about 32 pixels so that no fine
    pattern is taken for its neighbour, and the least is found between them by a parabola.
    """
    cell = max(1, min(start.shape[2:]) // LOOKED_AT)
    low, high = (edit.reach * end for end in edit.range)
    candidates = torch.linspace(low, high, CANDIDATES, dtype=start.dtype, device=start.device)
    found = []
    for picture, seen in zip(start, drawn, strict=True):
        edited, mask = edit.apply(picture.expand(CANDIDATES, -1, -1, -1).contiguous(), candidates)
        known = functional.avg_pool2d(mask, cell) > 1.0 - 1e-3
        edited, seen = functional.avg_pool2d(edited, cell), functional.avg_pool2d(seen, cell)
        weight = known.to(edited).expand_as(edited).flatten(1)  # (candidates, pixels)
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1.0)
        a, b = seen.flatten(1), edited.flatten(1)
        away = a.square() @ weight.T - 2.0 * a @ (weight * b).T + (weight * b.square()).sum(1)
        found.append(_least(away, candidates))
    return torch.stack(found)


def _least(away: Tensor, candidates: Tensor) -> Tensor:
    """Where each row of away (k, candidates) is least, between candidates too."""
    at = away.argmin(1).clamp(1, len(candidates) - 2)
    left, middle, right = (away.gather(1, (at + i)[:, None])[:, 0] for i in (-1, 0, 1))
    bow = left - 2.0 * middle + right
    part = torch.where(bow > 0.0, 0.5 * (left - right) / bow.clamp(min=1e-20), torch.zeros_like(bow)).clamp(-1.0, 1.0)
    return candidates[at] + part * (candidates[1] - candidates[0])


def _array(tensor: Tensor) -> Array:
    return tensor.cpu().double().numpy()
