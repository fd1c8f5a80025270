"""Learn what more of a score looks like: a direction for any assessor (GANalyze, Goetschalckx et al. 2019)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import InputError
from engine.latent.directions import Direction
from engine.studio.learn.assessors import Wish
from engine.studio.learn.descent import Descent, cosine
from engine.studio.learn.gradient_free import Cotangent, Differences, Gradients, active_space
from engine.studio.learn.places import Move, Places, meeting, span
from engine.studio.learn.scores import Scale, scores, shares
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Work

Array = NDArray[np.float64]
Slopes = Gradients | Differences

FIRST = 128  # places of the slopes that learning starts from
CHUNK = 16
FARTHEST = 3.0  # of the points' own spread: no deviation of a score may take more to begin with
TRIED = 512  # places of each class that the length is set with
NODE = math.sqrt(3 / 5)  # of the reach: the slope between its two sides is that of the least line (Gauss and Legendre)
LEAST_LEFT = 1e-3  # of the slopes, without what they have along directions to leave alone
NOT_FINITE = "a gradient is not finite"
SHORT = 0.125  # what the square of theta's length weighs, in sigma, beside the square of what is missed
LEAST_SLOPE = 0.5  # below this a direction is not made longer: the model does not follow


@dataclass(frozen=True, slots=True)
class Asked:
    """How to learn.

    reach : alpha is drawn from -reach to reach, in deviations of the score among the model's own pictures
    places : so many are learned from, and give the score its mean and deviation
    steps, batch : of the descent; rate : its first step, as a share of the direction's length
    each_class : a direction for each class instead of one for all
    gradient_free : by differences, even where assessors have gradients
    chances : directions of chance that it is compared with
    """

    move: Move = field(default_factory=Move)
    reach: float = 1.0
    places: int = 1024
    steps: int = 200
    batch: int = 16
    rate: float = 0.04
    seed: int = 0
    each_class: bool = False
    gradient_free: bool = False
    chances: int = 24


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was found.

    theta : (classes or 1, dim), each row as long as one deviation takes on average
    classes : whose rows they are; none for one row for all
    method : how, in words; scale : what a deviation is
    """

    theta: Array
    classes: tuple[int, ...]
    method: str
    scale: Scale


def assess(
    subject: Subject, wishes: Sequence[Wish], asked: Asked, leave: Sequence[Direction] = (), work: Work | None = None
) -> Learned:
    """theta = argmin E (A(G(T(z, alpha))) - A(G(z)) - w alpha)^2 + |alpha theta|^2 / 8, T = z + alpha theta.

    Over all assessors A. The second term is ours, in sigma: without it theta grows long where places differ in how they
    follow, for a little more evenness, and leaves what the model was taught.

    Scores are in deviations. An assessor of weight w is to change by w alpha: several change at once, one of weight 0
    holds still. Places move as a show moves them; where they keep their lengths, each keeps its own. `leave`: theta
    stays orthogonal to those. InputError for assessors that give no numbers, or the same for all.
    """
    if not any(w.weight for w in wishes):
        raise InputError("--assessor: at least one has to be asked for; --hold alone changes nothing")
    places = Places(subject, subject.sample(asked.places, asked.seed), asked.move)
    learning = _Learning(places, wishes, asked, meeting(asked.move, leave), work)
    theta = learning.run()
    out = theta.cpu().double().numpy()
    return Learned(out, learning.classes, learning.method, learning.scale)


class _Learning:
    """One run, from the places' own scores to theta."""

    def __init__(
        self, places: Places, wishes: Sequence[Wish], asked: Asked, leave: Sequence[Direction], work: Work | None
    ) -> None:
        self.places, self.wishes, self.asked, self.work = places, wishes, asked, work
        kept = (work and work.found()) or {}
        device = places.subject.device
        self.weights = torch.tensor([w.weight for w in wishes], device=device)
        base = self._base([torch.from_numpy(kept["base"]).to(device)] if kept else [])
        self.scale = Scale.of(base, wishes)
        self.classes, self.row = self._rows()
        self._leave = span([d.vector for d in leave], places.dim, device)
        self._names = [d.name for d in leave]
        self.method = self._named()
        self.slopes: Slopes = Gradients(places, self._score)
        why = NOT_FINITE if "free" in kept and kept["free"][0] else self._lacks()
        if why is not None:
            self._by_differences(why)
        self._begun = kept if "theta" in kept else None

    def run(self) -> Tensor:
        """All steps that are left."""
        asked, begun = self.asked, self._begun
        theta = torch.from_numpy(begun["theta"]).to(self.row.device) if begun else self._start()
        length = float(begun["length"][0]) if begun else float(theta.norm(dim=1).mean())
        parameter = nn.Parameter(theta, requires_grad=False)  # of the same numbers
        descent = Descent({"theta": parameter}, {"theta": 1})
        if begun:
            descent.restore(begun)

        def kept() -> dict[str, NDArray[np.generic]]:
            free = self.method.endswith(f"({NOT_FINITE})")
            found = {"base": self.scale.base.cpu().numpy(), "length": np.array([length]), "free": np.array([free])}
            return {**descent.state(), **found}

        while descent.steps < asked.steps:
            parameter.grad = self._gradient(theta, descent.steps)
            descent.step(cosine(asked.rate * length, descent.steps, asked.steps))
            theta.copy_(self._free(theta))
            self._tell("learning", descent.steps, asked.steps)
            if self.work:
                self.work.keep(kept)
        return self._lengthened(theta)

    def _gradient(self, theta: Tensor, step: int) -> Tensor:
        """Of what a batch of places misses."""
        asked, device = self.asked, self.places.subject.device
        numbers = np.random.default_rng((asked.seed, step))
        rows = torch.from_numpy(numbers.choice(len(self.places), min(asked.batch, len(self.places)), replace=False))
        alpha = torch.from_numpy(numbers.uniform(-asked.reach, asked.reach, len(rows)).astype(np.float32))
        rows, alpha = rows.to(device), alpha.to(device)
        own = self.row[rows]

        def missed(found: Tensor) -> Tensor:
            change = self.scale.change(found, self.scale.base[rows])
            return (change - alpha[:, None] * self.weights) / self.scale.deviation

        slope = self._slope(rows, alpha[:, None] * theta[own], missed, step)
        gradient = torch.zeros_like(theta).index_add_(0, own, alpha[:, None] * slope) / len(rows)
        gradient += SHORT * alpha.square().mean() / len(theta) * theta / self._spread(theta).square()
        return self._free(gradient)

    def _start(self) -> Tensor:
        """The shortest theta that brings what is asked for where all is straight: from mean slopes (Gauss-Newton)."""
        slopes = self._mean_slopes()
        left = self._free(slopes)
        if not float(left.norm()) > LEAST_LEFT * float(slopes.norm()):
            raise InputError(
                f"nothing that is left to move in {self.places.subject.info.name} changes the score; "
                "leave fewer directions out, or move other layers"
            )
        slopes = left
        square = slopes @ slopes.mT
        ridge = 1e-3 * square.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(len(self.wishes)).to(square)
        theta = (torch.linalg.pinv(square + ridge) @ self.weights[:, None] * slopes).sum(1)
        length = theta.norm(dim=1, keepdim=True).clamp_min(1e-12)
        start: Tensor = theta * (FARTHEST * self._spread(theta) / length).clamp_max(1.0)
        return start

    def _spread(self, theta: Tensor) -> Tensor:
        """(classes or 1, 1) one sigma along each theta: how far the places lie from each other."""
        way = theta / theta.norm(dim=1, keepdim=True).clamp_min(1e-12)
        spread: Tensor = (self.places.points() @ way.T).std(0)[:, None]
        return spread.clamp_min(1e-12)

    def _lengthened(self, theta: Tensor) -> Tensor:
        """Each theta as long as one deviation takes on average, at places that were learned from.

        The least square itself falls short of it: where places differ in how they follow, by as much as they differ.
        """
        count = max(1, len(self.classes))
        rows = torch.cat([torch.nonzero(self.row == i)[:TRIED, 0] for i in range(count)])
        part = torch.from_numpy(shares(self.wishes)).to(theta)
        for _ in range(2):
            slope = torch.zeros(count, device=theta.device)
            for alpha in (-NODE * self.asked.reach, NODE * self.asked.reach):
                change = [self._changed(r, alpha * theta[self.row[r]]) for r in torch.split(rows, CHUNK)]
                slope.index_add_(0, self.row[rows], torch.cat(change) @ part / (2 * alpha))
            slope /= torch.bincount(self.row[rows], minlength=count)
            theta = theta / torch.where(slope > LEAST_SLOPE, slope, 1.0)[:, None]
        return theta

    def _changed(self, rows: Tensor, shift: Tensor) -> Tensor:
        """(n, assessors) what a shift does to the scores, in deviations."""
        with torch.no_grad():
            found = self._score(self.places.subject.draw(self.places.w(rows, shift)))
        return self.scale.change(found, self.scale.base[rows])

    def _mean_slopes(self) -> Tensor:
        """(classes or 1, assessors, dim): of each score in deviations, over places that are not moved."""
        count = max(1, len(self.classes))
        if isinstance(self.slopes, Differences):
            slopes = self.slopes.start(self.scale.change(self.scale.base, self.scale.mean))
            return slopes.expand(count, -1, -1)
        total = torch.zeros(count, len(self.wishes), self.places.dim, device=self.row.device)
        seen = torch.zeros(count, device=self.row.device)
        chosen = torch.cat([torch.nonzero(self.row == i)[: max(4, FIRST // count), 0] for i in range(count)])
        for i in range(0, len(chosen), CHUNK):
            rows = chosen[i : i + CHUNK]
            own = self.row[rows]
            seen.index_add_(0, own, torch.ones(len(rows), device=own.device))
            for k in range(len(self.wishes)):
                only = torch.eye(len(self.wishes), device=own.device)[k] / self.scale.deviation
                shift = torch.zeros(len(rows), self.places.dim, device=own.device)
                slope = self._slope(rows, shift, lambda s, only=only: only.expand_as(s), 0)  # type: ignore[misc]
                total[:, k].index_add_(0, own, slope)
            self._tell("slopes", min(i + CHUNK, len(chosen)), len(chosen))
        if isinstance(self.slopes, Differences):  # a gradient was not finite
            return self._mean_slopes()
        return total / seen[:, None, None].clamp_min(1.0)

    def _named(self) -> str:
        names = ", ".join(f"{w.assessor.name}{'' if w.weight == 1 else f'={w.weight:g}'}" for w in self.wishes)
        return f"assess: {names}" + (f" without {', '.join(self._names)}" if self._names else "")

    def _slope(self, rows: Tensor, shift: Tensor, wanted: Cotangent, step: int) -> Tensor:
        """(n, dim); where a gradient is not finite, by differences from then on."""
        _, slope = self.slopes(rows, shift, wanted, step)
        if not bool(slope.isfinite().all()):
            self._by_differences(NOT_FINITE)
            _, slope = self.slopes(rows, shift, wanted, step)
        return slope

    def _by_differences(self, why: str) -> None:
        self._tell(f"{why}: by differences", 0, 1)
        ways = active_space(self.places, self.asked.seed)
        self.slopes = Differences(self.places, self._score, ways, self.asked.seed)
        self.method = f"{self._named()}, gradient-free ({why})"

    def _lacks(self) -> str | None:
        """Why learning has to go without gradients; None where it has not."""
        if self.asked.gradient_free:
            return "as asked"
        rows = torch.arange(min(8, len(self.places)), device=self.places.subject.device)
        for wish in self.wishes:
            name = wish.assessor.name
            if not wish.assessor.gradient:
                return f"{name} has no gradient"
            shift = torch.zeros(len(rows), self.places.dim, device=rows.device, requires_grad=True)
            score = wish.assessor.score(self.places.subject.draw(self.places.w(rows, shift)))
            if not score.requires_grad:
                return f"{name} has no gradient"
            (slope,) = torch.autograd.grad(score.sum(), shift, allow_unused=True)
            if slope is None or not bool(slope.any()):
                return f"{name} has no gradient"
            if not bool(slope.isfinite().all()):
                return NOT_FINITE
        return None

    def _score(self, pictures: Tensor) -> Tensor:
        return scores(self.wishes, pictures)

    def _base(self, parts: list[Tensor]) -> Tensor:
        """The places' own scores, after those that are there."""
        for i in range(sum(map(len, parts)), len(self.places), CHUNK):
            rows = torch.arange(i, min(i + CHUNK, len(self.places)), device=self.places.subject.device)
            with torch.no_grad():
                parts.append(self._score(self.places.subject.draw(self.places.w(rows))))
            self._tell("scores", i + len(rows), len(self.places))
            if self.work:
                self.work.keep(lambda: {"base": torch.cat(parts).cpu().numpy()})
        return torch.cat(parts)

    def _rows(self) -> tuple[tuple[int, ...], Tensor]:
        """The classes that get a theta of their own, and whose each place is."""
        device, own = self.places.subject.device, self.places.classes()
        if not self.asked.each_class:
            return (), torch.zeros(len(self.places), dtype=torch.long, device=device)
        if not own:
            raise InputError(f"--each-class: {self.places.subject.info.name} has no classes; leave that out")
        classes = sorted(set(own))
        if len(self.places) < 8 * len(classes):
            raise InputError(
                f"--each-class: {len(self.places)} places of {len(classes)} classes are too few; "
                f"name up to {len(self.places) // 8} by --class, or ask for more --places"
            )
        return tuple(classes), torch.tensor([classes.index(c) for c in own], device=device)

    def _free(self, x: Tensor) -> Tensor:
        """Without what lies along the directions to leave alone."""
        return x - (x @ self._leave.T) @ self._leave

    def _tell(self, what: str, done: int, of: int) -> None:
        if self.work:
            self.work.tell(what, done, of)
