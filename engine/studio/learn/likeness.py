"""How alike two pictures look: their numbers, and features that need no network: colours and edges at many sizes.

The features are what steerable pyramids (Simoncelli and Freeman 1995) and histograms of oriented gradients (Dalal and
Triggs 2005) have in common: the strength of edges by their orientation, pooled a little, from fine to coarse.
"""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import InputError
from engine.studio.learn.edits import luma
from engine.studio.learn.networks import loaded_script

ORIENTATIONS = 8
COARSEST = 8  # pixels of the shorter side of the last level
EDGES = 4.0  # what an edge weighs beside a colour

Features = Callable[[Tensor], list[Tensor]]  # pictures (n, 3, h, w) in 0..1 -> some (n, c, h', w')


def pyramid(pictures: Tensor) -> list[Tensor]:
    """Of each level 3 colours and 8 orientations of edges: (n, 11, h / 2^i, w / 2^i), from half the size down."""
    angles = torch.arange(ORIENTATIONS, dtype=pictures.dtype, device=pictures.device) * (2 * math.pi / ORIENTATIONS)
    way = torch.stack([angles.cos(), angles.sin()], 1)[:, :, None, None]  # (orientations, 2, 1, 1)
    found = []
    while min(pictures.shape[2:]) >= 2 * COARSEST:
        grey = luma(pictures)
        across = functional.pad(grey, (0, 1, 0, 0), mode="replicate").diff(dim=3)
        down = functional.pad(grey, (0, 0, 0, 1), mode="replicate").diff(dim=2)
        edges = functional.conv2d(torch.cat([across, down], 1), way).relu()
        pictures = functional.avg_pool2d(pictures, 2)
        found.append(torch.cat([pictures, EDGES * functional.avg_pool2d(edges, 2)], 1))
    return found


def network(path: Path, device: torch.device) -> Features:
    """A TorchScript network's features: what it gives, a tensor (n, c, h, w) or (n, c), or several of them.

    InputError for a file that is none, and for a network that gives something else.
    """
    loaded = loaded_script(path, device)

    def features(pictures: Tensor) -> list[Tensor]:
        found = loaded(pictures)
        stages = list(found) if isinstance(found, tuple | list) else [found]
        good = (isinstance(a, Tensor) and a.ndim in (2, 4) and len(a) == len(pictures) for a in stages)
        if not stages or not all(good):
            raise InputError(f"{path}: it gives no features; a network gives N x C x H x W or N x C, one or several")
        return [a if a.ndim == 4 else a[:, :, None, None] for a in stages]

    return features


def masked_error(pictures: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """(n,) the mean squared difference of each pair where the mask is 1."""
    weight = mask.expand_as(pictures)
    return ((pictures - wanted).square() * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1.0)


def feature_error(pictures: Tensor, wanted: Tensor, mask: Tensor, features: Features = pyramid) -> Tensor:
    """(n,) the mean squared difference of features, of those places alone that see nothing of what is masked.

    Features of the picture as a whole see all of it, whatever is masked.
    """
    found = torch.zeros(len(pictures), dtype=pictures.dtype, device=pictures.device)
    stages = list(zip(features(pictures), features(wanted), strict=True))
    for a, b in stages:
        seen = _wholly_seen(mask, a)
        found = found + masked_error(a, b, seen)
    return found / len(stages)


def _wholly_seen(mask: Tensor, stage: Tensor) -> Tensor:
    """(n, 1, h', w') 1 where all that is averaged into a place of this stage is within the mask."""
    if stage.shape[2:] == (1, 1):
        return torch.ones_like(mask[:, :, :1, :1])
    share = functional.adaptive_avg_pool2d(mask, (stage.shape[2], stage.shape[3]))
    return (share > 1.0 - 1e-3).to(mask)
