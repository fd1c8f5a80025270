"""How much the eye sees of a change between pictures: the definition of `engine.latent.perceived`, for tensors."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.latent.perceived import SCALES, grid_of


def seen(pictures: Tensor) -> Tensor:
    """Pictures (n, 3, h, w) of sRGB in 0..1 as they are compared: the mean of each cell, (n, 3, rows, columns)."""
    step, cell, *_ = grid_of(*pictures.shape[-2:])
    thinned = pictures[..., ::step, ::step]
    return thinned if cell == 1 else functional.avg_pool2d(thinned, cell)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """How far pictures `seen` are from each other, (n,), of 0..1; its gradient is none where they are the same."""
    difference = a - b
    squares = [difference.square().mean((-3, -2, -1))]
    for _ in range(1, SCALES):
        if min(difference.shape[-2:]) < 2:
            break
        difference = functional.avg_pool2d(difference, 2)
        squares.append(difference.square().mean((-3, -2, -1)))
    return torch.stack(squares).mean(0).sqrt()


def changes(pictures: Tensor) -> Tensor:
    """From each picture (n, 3, h, w) to the next: (n - 1,)."""
    looked = seen(pictures)
    return distance(looked[:-1], looked[1:])
