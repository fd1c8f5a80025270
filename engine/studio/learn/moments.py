"""The main axes of many numbers that come in batches: exactly from their covariance, or of wide rows incrementally."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.floating]

WIDEST = 512  # numbers in a row whose covariance is still kept whole
SPARE = 32  # axes that the incremental way keeps beyond those that are asked for


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Where rows spread most.

    mean : (dim,); basis : (count, dim) orthonormal, the widest first, each with its largest entry positive
    scale : (count,) standard deviations along them; share : (count,) of the variance of all
    """

    mean: Array
    basis: Array
    scale: Array
    share: Array


class Gathering(Protocol):
    """What batches of rows are added to."""

    def add(self, rows: Rows) -> None: ...

    def axes(self, count: int) -> Axes: ...

    def arrays(self) -> dict[str, NDArray[np.generic]]: ...


def gathering(dim: int, count: int, kept: Mapping[str, NDArray[np.generic]] | None = None) -> Gathering:
    """For rows of so many numbers, of which the first so many axes will be asked for; `kept` is what `arrays` gave."""
    return Moments(dim, kept) if dim <= WIDEST else Incremental(dim, count + SPARE, kept)


class Moments:
    """Count, mean and scatter in float64; batches merge exactly, in any order.

    Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".
    """

    def __init__(self, dim: int, kept: Mapping[str, NDArray[np.generic]] | None = None) -> None:
        self.count = 0 if kept is None else int(kept["count"].item())
        self.mean: Array = np.zeros(dim) if kept is None else np.array(kept["mean"], np.float64)
        self.scatter: Array = np.zeros((dim, dim)) if kept is None else np.array(kept["scatter"], np.float64)

    def add(self, rows: Rows) -> None:
        x = np.asarray(rows, np.float64)
        mean = x.mean(0)
        x = x - mean
        self._merge(len(x), mean, x.T @ x)

    def merge(self, other: "Moments") -> None:
        """Add what others gathered."""
        self._merge(other.count, other.mean, other.scatter)

    def _merge(self, count: int, mean: Array, scatter: Array) -> None:
        total, gap = self.count + count, mean - self.mean
        self.scatter += scatter + np.outer(gap, gap) * (self.count * count / total)
        self.mean = self.mean + gap * (count / total)
        self.count = total

    @property
    def covariance(self) -> Array:
        """(dim, dim), without bias."""
        return self.scatter / max(1, self.count - 1)

    def along(self, directions: Array) -> Array:
        """Standard deviations along directions (n, dim) of any length: (n,)."""
        spread = np.einsum("ij,jk,ik->i", directions, self.covariance, directions).clip(0.0) ** 0.5
        return np.asarray(spread / np.linalg.norm(directions, axis=1))

    def axes(self, count: int) -> Axes:
        values, vectors = np.linalg.eigh(self.covariance)
        values = values.clip(0.0)[::-1]
        basis = fixed_signs(vectors.T[::-1][:count])
        return Axes(self.mean, basis, np.sqrt(values[:count]), values[:count] / max(values.sum(), 1e-300))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"count": np.array(self.count), "mean": self.mean, "scatter": self.scatter}


class Incremental:
    """The first axes of rows too wide for a covariance: after each batch the main part of all so far is kept.

    Ross, Lim, Lin, Yang 2008, "Incremental learning for robust visual tracking", section 3.1. Singular vectors come
    from the small side's Gram matrix.
    """

    def __init__(self, dim: int, rank: int, kept: Mapping[str, NDArray[np.generic]] | None = None) -> None:
        self.rank = rank
        self.count = 0 if kept is None else int(kept["count"].item())
        self.mean: Array = np.zeros(dim) if kept is None else np.array(kept["mean"], np.float64)
        self.main: Array = np.zeros((0, dim)) if kept is None else np.array(kept["main"], np.float64)
        self.total = 0.0 if kept is None else float(kept["total"].item())

    def add(self, rows: Rows) -> None:
        x = np.asarray(rows, np.float64)
        mean = x.mean(0)
        x = x - mean
        total, gap = self.count + len(x), mean - self.mean
        moved = gap * np.sqrt(self.count * len(x) / total)
        self.total += float(np.vdot(x, x) + moved @ moved)
        stacked = np.concatenate([self.main, x, moved[None]])
        values, vectors = np.linalg.eigh(stacked @ stacked.T)
        sizes = np.sqrt(values.clip(0.0))
        held = np.flatnonzero(sizes > 1e-9 * max(sizes[-1], 1e-300))[::-1][: self.rank]
        self.main = vectors.T[held] @ stacked  # each row its singular value long
        self.mean = self.mean + gap * (len(x) / total)
        self.count = total

    def axes(self, count: int) -> Axes:
        lengths = np.linalg.norm(self.main, axis=1)[:count]
        basis = fixed_signs(self.main[:count] / np.maximum(lengths, 1e-300)[:, None])
        free = max(1, self.count - 1)
        return Axes(self.mean, basis, lengths / np.sqrt(free), lengths**2 / max(self.total, 1e-300))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {
            "count": np.array(self.count), "mean": self.mean, "main": self.main, "total": np.array(self.total),
        }  # fmt: skip


def fixed_signs(rows: Array) -> Array:
    """Each row turned so that its entry of largest size is positive."""
    largest = np.abs(rows).argmax(1)
    signs = np.where(rows[np.arange(len(rows)), largest] < 0, -1.0, 1.0)
    return np.ascontiguousarray(rows * signs[:, None])


def centred_by_class(rows: Rows, run: int) -> Array:
    """Rows (n, dim), whose every `run` are of one class, about the mean of their own class, at their true variance."""
    x = np.asarray(rows, np.float64)
    blocks = x.reshape(-1, run, x.shape[1])
    apart = blocks - blocks.mean(1, keepdims=True)
    return np.asarray(apart.reshape(x.shape) * np.sqrt(run / (run - 1)))
