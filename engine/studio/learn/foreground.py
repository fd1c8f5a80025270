"""What stands in front in a picture: a soft mask from how far each colour is from those along the border."""

import torch
from torch import Tensor

FRAME = 1 / 12  # of the shorter side: how wide the border is that counts as background
SPREAD = 0.03  # Oklab: how much the background may always vary
FAR, SOFT = 3.5, 0.5  # spreads away where a pixel is half object, and how soft that is
DARK = 1e-4  # keeps the slope of the cube root finite at black

TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def oklab(pictures: Tensor) -> Tensor:
    """sRGB (n, 3, h, w) in 0..1 -> L, a, b (n, 3, h, w) (Ottosson 2020); black has an L of 0.05."""
    linear = torch.where(
        pictures <= 0.04045, pictures / 12.92, ((pictures.clamp_min(0.0) + 0.055) / 1.055) ** 2.4
    )  # fmt: skip
    lms = torch.einsum("ij,njhw->nihw", pictures.new_tensor(TO_LMS), linear)
    return torch.einsum("ij,njhw->nihw", pictures.new_tensor(TO_LAB), (lms + DARK) ** (1 / 3))


def foreground(pictures: Tensor) -> Tensor:
    """sRGB (n, 3, h, w) in 0..1 -> how much each pixel belongs to what stands in front (n, h, w), 0..1; differentiable.

    The distance in Oklab from the colours of each of the four edges, whitened by how those vary, without the edge that
    is farthest: the boundary contrast of Zhang et al. 2015 (Minimum Barrier Salient Object Detection at 80 FPS, 3.4),
    with a soft step instead of their normalisation over the picture.
    It takes for background what has the colours of the border: it misses an object of that colour, holds a frame or a
    vignette for nothing special, and an object that covers two edges for background.
    """
    lab = oklab(pictures)
    near = torch.stack([_distance(lab, edge) for edge in _edges(lab)])
    far = (near.sum(0) - near.amax(0)) / 3
    return torch.sigmoid((far - FAR) / SOFT)


def _edges(lab: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The colours along the top, bottom, left and right, (n, 3, pixels) each."""
    width = max(1, round(min(lab.shape[-2:]) * FRAME))
    sides = lab[:, :, :width], lab[:, :, -width:], lab[..., :width], lab[..., -width:]
    top, bottom, left, right = (side.flatten(2) for side in sides)
    return top, bottom, left, right


def _distance(lab: Tensor, edge: Tensor) -> Tensor:
    """How many spreads of the edge's colours each pixel is away from their mean (Mahalanobis)."""
    mean = edge.mean(2, keepdim=True)
    apart = edge - mean
    spread = apart @ apart.mT / apart.shape[2] + SPREAD**2 * torch.eye(3, dtype=lab.dtype, device=lab.device)
    away = lab.flatten(2) - mean
    square = (away * torch.linalg.solve(spread, away)).sum(1)
    far: Tensor = (square + 1e-6).sqrt()
    return far.view(len(lab), *lab.shape[-2:])
