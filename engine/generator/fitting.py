"""Constants laid out for another size than the one they were learned at."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.generator.spec import Fit


def fitted(constant: Tensor, height: int, width: int, fit: Fit) -> Tensor:
    """A constant (1, channels, h, w) at height x width; itself where it has that size.

    resize : stretched, bilinear
    tile : repeated around its middle
    crop : enlarged or reduced alike on both axes until it covers, then its middle
    """
    own_height, own_width = constant.shape[-2:]
    if (own_height, own_width) == (height, width):
        return constant
    if fit == "tile":
        return tiled(constant, height, width)
    if fit == "crop":
        scale = max(height / own_height, width / own_width)
        covering = max(height, round(own_height * scale)), max(width, round(own_width * scale))
        constant = functional.interpolate(constant, covering, mode="bilinear")
        top, left = (covering[0] - height) // 2, (covering[1] - width) // 2
        return constant[..., top : top + height, left : left + width]
    return functional.interpolate(constant, (height, width), mode="bilinear")


def tiled(constant: Tensor, height: int, width: int) -> Tensor:
    """A constant (..., h, w) repeated, or its middle, at height x width; its middle stays in the middle."""
    for axis, size in ((-2, height), (-1, width)):
        own = constant.shape[axis]
        constant = constant.index_select(axis, (torch.arange(size) - (size - own) // 2) % own)
    return constant
