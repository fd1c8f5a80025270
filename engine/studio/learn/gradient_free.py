"""How scores change where an assessor gives no gradient: by differences, along the ways in which pictures change."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from engine.studio.learn.places import Places

PROBES = 96  # random questions to the model, what it changes in its pictures
MOST = 48  # ways that are kept
ENERGY = 0.998  # of all change lies along them
STEP = 0.25  # of the points' own spread: how far apart two pictures of a difference are, either way
CHUNK = 16

Score = Callable[[Tensor], Tensor]  # pictures (n, 3, h, w) -> (n, assessors)
Cotangent = Callable[[Tensor], Tensor]  # scores (n, assessors) -> how much each counts, (n, assessors)


def active_space(places: Places, seed: int) -> Tensor:
    """The ways in which the pictures change at all: (ways, dim), orthonormal, the most changing first.

    The active subspace (Constantine 2015) of the generator: principal directions of J' v over many places, J the
    generator's own Jacobian and v random pictures, half of them coarse and half fine. The assessor has no part in it.
    """
    generator = torch.Generator().manual_seed(seed)
    asked = []
    for first in range(0, PROBES, CHUNK):
        rows = torch.randint(len(places), (CHUNK,), generator=generator)
        shift = torch.zeros(CHUNK, places.dim, device=places.subject.device, requires_grad=True)
        pictures = places.subject.draw(places.w(rows, shift))
        cells = (4, 4) if (first // CHUNK) % 2 == 0 else (16, 16)
        noise = torch.randn((CHUNK, 3, *cells), generator=generator).to(pictures)
        question = functional.interpolate(noise, pictures.shape[-2:], mode="bilinear", align_corners=False)
        (answer,) = torch.autograd.grad(pictures, shift, question)
        asked.append(answer / answer.norm(dim=1, keepdim=True).clamp_min(1e-20))
    _, sizes, ways = torch.linalg.svd(torch.cat(asked), full_matrices=False)
    share = sizes.square().cumsum(0) / sizes.square().sum().clamp_min(1e-20)
    kept: Tensor = ways[: min(MOST, int((share < ENERGY).sum()) + 1)]
    return kept


class Differences:
    """Slopes from pairs of pictures: antithetic differences along random directions in the active space.

    For each row one random direction e: (S(x + h e) - S(x - h e)) / 2h e, whose mean is the slope (Nesterov and
    Spokoiny 2017), without what lies outside that space. Repeatable: a step's directions come from its own seed.
    """

    def __init__(self, places: Places, score: Score, ways: Tensor, seed: int) -> None:
        self._places, self._score, self.ways, self._seed = places, score, ways, seed
        self._far = STEP * float((places.points() @ ways.T).std(0).mean()) or STEP

    def __call__(self, rows: Tensor, shift: Tensor, wanted: Cotangent, step: int) -> tuple[Tensor, Tensor]:
        """Scores (n, assessors) of the moved rows, and the slope of their weighted sum, (n, dim)."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        way = torch.randn((len(rows), len(self.ways)), generator=generator).to(shift) @ self.ways
        pictures = self._drawn([(rows, shift), (rows, shift + self._far * way), (rows, shift - self._far * way)])
        scores, ahead, behind = pictures.chunk(3)
        change = (wanted(scores) * (ahead - behind)).sum(1) / (2 * self._far)
        return scores, change[:, None] * way

    def start(self, change: Tensor) -> Tensor:
        """(assessors, dim): the slopes of a plane through the scores of all places, in the active space.

        change : (n, assessors) from their means. For Gaussian places this is the mean slope (Stein 1981).
        """
        along = self._places.points() @ self.ways.T
        along = along - along.mean(0)
        square = along.T @ along
        ridge = 1e-3 * square.diagonal().mean() * torch.eye(len(self.ways)).to(square)
        plane: Tensor = torch.linalg.solve(square + ridge, along.T @ change)
        return plane.T @ self.ways

    def _drawn(self, parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        with torch.no_grad():
            return torch.cat([self._score(self._places.subject.draw(self._places.w(*part))) for part in parts])


class Gradients:
    """Slopes from the assessors' own gradients."""

    def __init__(self, places: Places, score: Score) -> None:
        self._places, self._score = places, score

    def __call__(self, rows: Tensor, shift: Tensor, wanted: Cotangent, step: int) -> tuple[Tensor, Tensor]:
        """As `Differences`, exactly."""
        shift = shift.detach().requires_grad_()
        scores = self._score(self._places.subject.draw(self._places.w(rows, shift)))
        held = scores.detach()
        (slope,) = torch.autograd.grad(scores, shift, wanted(held))
        return held, slope
