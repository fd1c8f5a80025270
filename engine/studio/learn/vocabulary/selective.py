"""Layer-selective directions: each changes the picture, and as little as can be of what one layer computes.

Schwettmann et al. 2021, from the paper: for a layer, the unit d that minimises the mean squared change of its features
from z to z + step d, orthogonal to all that were found for layers nearer the output. Here the change counts in shares
of what a random direction does at this layer, so that one rate of learning fits all; d lies in the space that the
picture depends on and has to change it, since a direction that does nothing would be the best of all; and the descent
starts from what is best to first order, as from random starts it ends in poor local minima.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from engine.latent.directions import Direction
from engine.studio.learn.layers import activations, check_layer, layer_names
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.vocabulary.active import active_space, shifted, spreads
from engine.studio.learn.vocabulary.linear import FirstOrder, first_order
from engine.studio.learn.work import Work

METHOD = "layer-selective"
RANDOM = 6  # directions that are the measure
LINEAR = 64  # dimensions of the active space: with more, to measure them all costs more than the descent
STARTS = 4  # random ones, where it has more
SHARES = (0.2, 0.3, 0.45, 0.7, 1.0)  # that the picture is to change to first order: the whole step does otherwise
VISIBLE, PUSH = 0.5, 10.0  # least change of the picture, in shares of a random direction's; how hard it is asked for
HELD_OUT = 12  # places that judge


@dataclass(frozen=True, slots=True)
class Asked:
    """How directions are looked for.

    layers : by name, none for all; per_layer : directions for each; rounds : times that all this is done, each from
    places of its own; step : how far they go, in sigma; places : looked at, of which `batch` in a step
    """

    layers: tuple[str, ...] = ()
    per_layer: int = 3
    rounds: int = 1
    space: str = "z"
    step: float = 2.0
    steps: int = 60
    places: int = 16
    batch: int = 4
    rate: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Which direction is being looked for: seed is its own."""

    round: int
    layer: str
    number: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.layer}_{self.number}" if self.round == 1 else f"{self.layer}_{self.number}_{self.round}"


def selective(subject: Subject, asked: Asked, work: Work) -> list[Direction]:
    """The directions, layers nearest the output first; fewer where no dimension is left. Goes on with work.

    Their measures: layer_change and picture_change, held out, both in shares of a random direction's; round.
    """
    order = _order(subject, asked)
    basis = active_space(subject, asked.space, asked.seed)
    plan = _plan(order, asked, len(basis))
    kept = work.found()
    rows = [] if kept is None else [np.asarray(row, np.float64) for row in kept["rows"]]
    told = [] if kept is None else [np.asarray(row, np.float64) for row in kept["told"]]
    search: _Search | None = None
    for i, place in enumerate(plan):
        work.tell(f"layer {place.layer}", i, len(plan))
        if i < len(rows):
            continue
        if search is None or (search.layer, search.round) != (place.layer, place.round):
            search = _Search(subject, asked, basis, place.layer, place.round, lambda: _keep(work, rows, told))
        former = [row for row, other in zip(rows, plan, strict=False) if other.round == place.round]
        row = search.best(former, place.seed, lambda: _keep(work, rows, told))
        rows.append(row)
        told.append(np.array(search.judged(row)))
        _keep(work, rows, told)
    sigmas = spreads(subject, np.array(rows), asked.space, asked.seed)
    return [
        Direction(
            place.name, row, "z" if asked.space == "z" else "w", float(sigma), method=f"{METHOD} {place.layer}",
            measures={"layer_change": one[0], "picture_change": one[1], "round": place.round},
        )
        for place, row, sigma, one in zip(plan, rows, sigmas, told, strict=True)
    ]  # fmt: skip


def at_random(subject: Subject, space: str, count: int, seed: int) -> list[Direction]:
    """Directions at random where the picture depends on them, for a sheet with many more to describe."""
    basis = active_space(subject, space, seed)
    rows = np.random.default_rng(seed).standard_normal((count, len(basis))) @ basis
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    sigmas = spreads(subject, rows, space, seed)
    where: Literal["z", "w"] = "z" if space == "z" else "w"
    return [
        Direction(f"random_{i}", row, where, float(s), method="random")
        for i, (row, s) in enumerate(zip(rows, sigmas, strict=True), 1)
    ]


def _keep(work: Work, rows: Sequence[NDArray[np.float64]], told: Sequence[NDArray[np.float64]]) -> None:
    work.keep(lambda: {"rows": np.array(rows), "told": np.array(told)})


def _order(subject: Subject, asked: Asked) -> list[str]:
    """The layers, nearest the output first."""
    names = layer_names(subject)
    chosen = {check_layer(subject, name) for name in asked.layers} or set(names)
    return sorted(chosen, key=names.index, reverse=True)


def _plan(order: Sequence[str], asked: Asked, dims: int) -> list[_Place]:
    pairs = [(layer, number) for layer in order for number in range(1, asked.per_layer + 1)][:dims]
    return [
        _Place(turn, layer, number, (asked.seed + 104_729 * turn + 31 * i) % 2**32)
        for turn in range(1, asked.rounds + 1)
        for i, (layer, number) in enumerate(pairs)
    ]


class _Search:
    """Directions for one layer, in one round."""

    def __init__(
        self, subject: Subject, asked: Asked, basis: NDArray[np.float64], layer: str, turn: int,
        pause: Callable[[], None],
    ) -> None:  # fmt: skip
        self.layer, self.round = layer, turn
        self._subject, self._asked, self._basis = subject, asked, basis
        self._step = asked.step * float(spreads(subject, basis, asked.space, asked.seed).mean())
        self._seen = _Seen(subject, layer, subject.sample(asked.places, (asked.seed + turn) % 2**32))
        self._held_out = _Seen(subject, layer, subject.sample(HELD_OUT, (asked.seed + turn + 50_000) % 2**32))
        others = np.random.default_rng(asked.seed + turn).standard_normal((RANDOM, len(basis))) @ basis
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        self._usual = self._mean(others, self._seen)
        self._usual_held_out = self._mean(others, self._held_out)
        if min(self._usual) <= 0.0:
            raise InputError(f"layer {layer} computes the same whatever is drawn; leave it out of --layers")
        self._linear: FirstOrder | None = None
        if len(basis) <= LINEAR:
            self._linear = first_order(
                subject, layer, self._seen.sample, self._step * basis, asked.space, asked.seed + turn, pause
            )

    def best(
        self, former: Sequence[NDArray[np.float64]], seed: int, pause: Callable[[], None]
    ) -> NDArray[np.float64]:  # fmt: skip
        """The unit vector of least objective, orthogonal to former ones; pause is called after each step."""
        asked, device = self._asked, self._subject.device
        rows = _left(self._basis, former)
        free = torch.from_numpy(rows.astype(np.float32)).to(device)
        numbers = np.random.default_rng(seed)
        start = min(self._starts(rows, numbers), key=lambda x: self._whole(x @ free))
        x = start.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([x], asked.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, asked.steps, asked.rate / 20)
        for _ in range(asked.steps):
            some = numbers.choice(asked.places, min(asked.batch, asked.places), replace=False)
            optimiser.zero_grad()
            loss = self.objective(_unit(x) @ free, some)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            pause()
        x = min(start, _unit(x.detach()), key=lambda x: self._whole(x @ free))  # a few places may mislead
        found = (x @ free).cpu().numpy().astype(np.float64)
        for row in former:  # float32 above leaves 1e-7 of them
            found -= (found @ row) * row
        return np.asarray(found / np.linalg.norm(found))

    def _starts(self, free: NDArray[np.float64], numbers: np.random.Generator) -> Tensor:
        """Unit rows in coordinates of free: the best to first order; of a wide active space, random ones."""
        if self._linear is None:
            starts = numbers.standard_normal((STARTS, len(free)))
        else:
            inside = free @ self._basis.T
            starts = np.array([self._linear.least(inside, share * self._usual[1]) for share in SHARES])
            starts = np.concatenate([starts, -starts])  # to first order the same
        starts /= np.linalg.norm(starts, axis=1, keepdims=True)
        return torch.from_numpy(starts.astype(np.float32)).to(self._subject.device)

    @torch.no_grad()
    def _whole(self, way: Tensor) -> float:
        """The objective at all places."""
        return float(self.objective(way, np.arange(self._asked.places)))

    def objective(self, way: Tensor, some: NDArray[np.intp]) -> Tensor:
        """Change of the layer in shares of a random direction's, and what the picture lacks of its least change.

        some : places that are looked at, by number
        """
        layer, picture = self._changes(way, self._seen, some)
        lacking = torch.relu(1.0 - picture / (VISIBLE * self._usual[1]))
        return layer / self._usual[0] + PUSH * lacking.square()

    def judged(self, row: NDArray[np.float64]) -> tuple[float, float]:
        """Change of layer and picture at places that were not looked at, in shares of a random direction's."""
        layer, picture = self._mean(row[None], self._held_out)
        return layer / self._usual_held_out[0], picture / self._usual_held_out[1]

    def _changes(self, way: Tensor, seen: "_Seen", some: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """Mean squared change of the layer's features, and of the picture."""
        there = shifted(self._subject, seen.sample[some], self._step * way, self._asked.space)
        moved = activations(self._subject, there, [self.layer], gradients=True)[self.layer]
        rows = torch.from_numpy(some).to(moved.device)
        picture = self._subject.draw(there)
        return (moved - seen.features[rows]).square().mean(), (picture - seen.pictures[rows]).square().mean()

    @torch.no_grad()
    def _mean(self, rows: NDArray[np.float64], seen: "_Seen") -> tuple[float, float]:
        every = np.arange(len(seen.sample))
        ways = torch.from_numpy(rows.astype(np.float32)).to(self._subject.device)
        pairs = np.array([[float(change) for change in self._changes(way, seen, every)] for way in ways])
        return float(pairs[:, 0].mean()), float(pairs[:, 1].mean())


class _Seen:
    """Places, and what the layer and the picture are there."""

    def __init__(self, subject: Subject, layer: str, sample: Sample) -> None:
        self.sample = sample
        with torch.no_grad():
            w = subject.w(sample)
            self.features = activations(subject, w, [layer], gradients=True)[layer]
            self.pictures = subject.draw(w)


def _left(basis: NDArray[np.float64], former: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Orthonormal rows of what is left of a basis beside former directions, by QR."""
    if not former:
        return basis
    inside = np.array(former) @ basis.T
    whole, _ = np.linalg.qr(inside.T, mode="complete")
    return np.asarray(whole[:, len(former) :].T @ basis)


def _unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=0)
