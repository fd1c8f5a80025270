"""What is measured of pictures, in pure functions: (n, 3, h, w) in 0..1, with layers (n, h, w) of `maps.LAYERS`."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.generator.tulip.maps import LAYERS, PETALS

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
REACH = 2 / 128  # of a petal's edge, in sides of the picture
FINE_PX, BROAD_PX = 0.8, 5.0  # sigmas between which stripes lie, in pixels of 128 a side
INSIDE_PX = 5  # a petal's pixel is inside it when the square of this side around it is all the same petal
EPSILON = 1e-12


def petals(layers: Tensor) -> Tensor:
    """Where a petal is seen: (n, 1, h, w) float of 0 and 1."""
    return ((layers >= 1) & (layers <= PETALS))[:, None].float()


def psnr_db(drawn: Tensor, wanted: Tensor, mask: Tensor | None = None) -> Tensor:
    """Peak signal to noise of each picture in dB (n,), inside a mask (n, 1, h, w) if there is one.

    inf where both are the same; nan for a picture whose mask is empty
    """
    error = (drawn - wanted).square().mean(1, keepdim=True)
    if mask is None:
        mask = torch.ones_like(error)
    return -10 * torch.log10((error * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)))


def edge_ratio(drawn: Tensor, wanted: Tensor, layers: Tensor) -> Tensor:
    """How much edge there is in and around the petals: sum |gradient of luma|, drawn / wanted, of each picture (n,).

    The petals' mask is widened by two pixels in 128. Blur takes it below 1, noise and false lines above.
    """
    reach = max(1, round(REACH * layers.shape[-1]))
    mask = functional.max_pool2d(petals(layers), 2 * reach + 1, 1, reach)[..., :-1, :-1]
    return _edges(drawn, mask) / _edges(wanted, mask)


def _edges(pictures: Tensor, mask: Tensor) -> Tensor:
    y = luma(pictures)
    here = y[..., :-1, :-1]
    steps = (y[..., 1:, :-1] - here).abs() + (y[..., :-1, 1:] - here).abs()
    return (steps * mask).sum((1, 2, 3))


def luma(pictures: Tensor) -> Tensor:
    """(n, 3, h, w) -> (n, 1, h, w)."""
    return torch.einsum("nchw,c->nhw", pictures, pictures.new_tensor(LUMA))[:, None]


def stripe_band(pictures: Tensor) -> Tensor:
    """The luma that stripes are made of, (n, 1, h, w): what lies between two Gaussians of 0.8 and 5 pixels (of 128)."""
    y, unit = luma(pictures), pictures.shape[-1] / 128
    return blurred(y, FINE_PX * unit) - blurred(y, BROAD_PX * unit)


def blurred(pictures: Tensor, sigma_px: float) -> Tensor:
    """A Gaussian blur of each channel; edges repeat."""
    reach = int(3 * sigma_px)
    at = torch.arange(-reach, reach + 1, dtype=pictures.dtype)
    kernel = torch.exp(-0.5 * (at / sigma_px) ** 2)
    kernel = kernel / kernel.sum()
    n, channels, height, width = pictures.shape
    flat = pictures.reshape(n * channels, 1, height, width)
    flat = functional.conv2d(functional.pad(flat, (reach, reach, 0, 0), mode="replicate"), kernel[None, None, None])
    flat = functional.conv2d(functional.pad(flat, (0, 0, reach, reach), mode="replicate"), kernel[None, None, :, None])
    return flat.reshape(n, channels, height, width)


def inside(layers: Tensor) -> Tensor:
    """Where 5 x 5 pixels around are all of one petal (n, 1, h, w), so that no seam or outline counts as a stripe."""
    ids = layers[:, None].float()
    most = functional.max_pool2d(ids, INSIDE_PX, 1, INSIDE_PX // 2)
    least = -functional.max_pool2d(-ids, INSIDE_PX, 1, INSIDE_PX // 2)
    return (most == least).float() * petals(layers)


def contrast(band: Tensor, mask: Tensor) -> Tensor:
    """Root mean square of a band inside a mask, of each picture (n,); 0 for an empty mask."""
    return ((band.square() * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp(min=1)).sqrt()


def correlation(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Of two bands inside a mask, of each picture (n,); 0 where one of them is flat."""
    energy = (a.square() * mask).sum((1, 2, 3)) * (b.square() * mask).sum((1, 2, 3))
    return (a * b * mask).sum((1, 2, 3)) / energy.sqrt().clamp(min=EPSILON)


def iou(found: Tensor, layers: Tensor) -> dict[str, float]:
    """Intersection over union of each layer, over all pictures; nan for a layer that neither has."""
    result = {}
    for number, name in enumerate(LAYERS):
        mine, theirs = found == number, layers == number
        union = (mine | theirs).sum().item()
        result[name] = (mine & theirs).sum().item() / union if union else float("nan")
    return result


def nearest(frames: Tensor, wanted: Tensor) -> Tensor:
    """Of each frame (n, ...) the wanted frame (m, ...) with the least mean squared difference: indices (n,)."""
    return torch.cdist(frames.flatten(1).double(), wanted.flatten(1).double()).argmin(1)


def along(frames: Tensor, wanted: Tensor) -> Tensor:
    """Where each frame (n, ...) is along a line of wanted frames (m, ...), from 0 to m - 1: the nearest place on it.

    Between two wanted frames the line is straight. Both are taken less their mean frame: what is wrong with all frames
    in the same way does not move them along.
    """
    a, b = (f.flatten(1).double() - f.flatten(1).double().mean(0) for f in (frames, wanted))
    way = b[1:] - b[:-1]
    part = (a @ way.T - (b[:-1] * way).sum(1)) / way.square().sum(1).clamp(min=EPSILON)
    part = part.clamp(0, 1)
    near = b[None, :-1] + part[..., None] * way[None]
    best = (a[:, None] - near).square().sum(2).argmin(1)
    return best + part.gather(1, best[:, None])[:, 0]


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rank correlation along the last axis (Spearman 1904); ties share their mean rank; 0 where one does not vary."""
    x, y = _ranks(np.asarray(a, np.float64)), _ranks(np.asarray(b, np.float64))
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    size = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    return np.asarray((x * y).sum(-1) / np.where(size > 0, size, 1))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    below = (values[..., None, :] < values[..., :, None]).sum(-1)
    same = (values[..., None, :] == values[..., :, None]).sum(-1)
    return np.asarray(below + (same - 1) / 2, np.float64)


def r2(read: NDArray[np.floating], true: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of the variance of each column that is read back: 1 for all, 0 for no better than the mean."""
    missed = np.square(read - true).sum(0)
    return np.asarray(1 - missed / np.square(true - true.mean(0)).sum(0), np.float64)


def unrest(changes: NDArray[np.floating], quantile: float = 0.99) -> float:
    """A high quantile over the median of the changes from frame to frame: large where pictures pop or flicker."""
    return float(np.quantile(changes, quantile) / max(float(np.median(changes)), EPSILON))
