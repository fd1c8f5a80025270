"""What can be measured of any picture: each a plain formula, differentiable, of pictures of any size."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.studio.learn.foreground import foreground, oklab

LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
TINY = 1e-8  # keeps roots and quotients finite where a picture is of one colour
EDGE = 0.1  # of black to white, over two pixels: a step this high counts as half an edge
BINS = 32  # of the histogram of luma


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a picture.

    of : (n, 3, h, w) sRGB in 0..1, clamped where it is not -> (n,), with gradients, finite for any finite picture
    turn : the period of a measure that comes round, an angle; 0 for one that does not
    """

    name: str
    about: str
    unit: str
    of: Callable[[Tensor], Tensor]
    turn: float = 0.0


def luma(pictures: Tensor) -> Tensor:
    """How bright each pixel is, (n, h, w): Y' of ITU-R BT.709, weighted gamma-coded R, G and B."""
    return torch.einsum("c,nchw->nhw", pictures.new_tensor(LUMA), _seen(pictures))


def brightness(pictures: Tensor) -> Tensor:
    """The mean luma: black 0, white 1."""
    return luma(pictures).mean((1, 2))


def contrast(pictures: Tensor) -> Tensor:
    """The root-mean-square contrast (Peli 1990): the standard deviation of luma, 0 to 0.5."""
    return _root(luma(pictures).var((1, 2), correction=0))


def colourfulness(pictures: Tensor) -> Tensor:
    """M3 of Hasler and Suesstrunk 2003: sigma + 0.3 mu of R - G and (R + G) / 2 - B, of 0 to 255 as in the paper.

    They name 15 slightly, 33 moderately, 59 quite and 109 extremely colourful.
    """
    red, green, blue = _seen(pictures).unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], 1).flatten(2)
    spread = _root(opponents.var(2, correction=0).sum(1))
    mean = _root(opponents.mean(2).square().sum(1))
    return 255 * (spread + 0.3 * mean)


def redness(pictures: Tensor) -> Tensor:
    """The mean of R - (G + B) / 2: all red 1, grey 0, all cyan -1."""
    red, green, blue = _seen(pictures).mean((2, 3)).unbind(1)
    return red - (green + blue) / 2


def saturation(pictures: Tensor) -> Tensor:
    """The saturation of HSV (Smith 1978) weighted by value: sum of max - min over sum of max, 0 to 1.

    Weighted, since the saturation of a pixel that is nearly black is noise. A dimmer light does not change it.
    """
    seen = _seen(pictures)
    high, low = seen.amax(1).sum((1, 2)), seen.amin(1).sum((1, 2))
    return (high - low) / (high + TINY)


def hue(pictures: Tensor) -> Tensor:
    """The circular mean of the hue in Oklab, each pixel weighted by its chroma: atan2 of the mean b and a, in degrees.

    -180 to 180: red is about 29, yellow 110, green 142, cyan -165, blue -96, magenta -32. 0 where all is grey.
    """
    _, a, b = oklab(_seen(pictures)).mean((2, 3)).unbind(1)
    grey = a.square() + b.square() < 1e-10
    return torch.rad2deg(torch.atan2(torch.where(grey, 0.0 * b, b), torch.where(grey, 1.0 + 0.0 * a, a)))


def edge_density(pictures: Tensor) -> Tensor:
    """The share of pixels on an edge: the mean of g^2 / (g^2 + 0.1^2), g the size of Sobel's gradient of luma.

    Scaled so that a step from black to white is a g of 1. Counted in pixels: compare pictures of one size.
    """
    y = functional.pad(luma(pictures)[:, None], (1, 1, 1, 1), mode="replicate")
    across = y.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
    square = functional.conv2d(y, torch.stack([across, across.mT])[:, None]).square().sum(1)
    return (square / (square + EDGE**2)).mean((1, 2))


def sharpness(pictures: Tensor) -> Tensor:
    """The root mean square of the Laplacian of luma (as Pech-Pacheco et al. 2000, there its variance).

    Counted in pixels: compare pictures of one size.
    """
    y = functional.pad(luma(pictures)[:, None], (1, 1, 1, 1), mode="replicate")
    kernel = y.new_tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    return _root(functional.conv2d(y, kernel[None, None]).square().mean((1, 2, 3)))


def entropy(pictures: Tensor) -> Tensor:
    """Shannon's entropy of the histogram of luma, in bits: of one tone at most 1, of all 32 alike 5.

    A pixel is shared between the two nearest of the 32 bins, so that it has a slope.
    """
    place = luma(pictures).flatten(1) * (BINS - 1)
    share = torch.stack([(1 - (place - k).abs()).clamp_min(0.0).mean(1) for k in range(BINS)], 1)
    return -(share * (share + TINY).log2()).sum(1).clamp_max(0.0)


def symmetry(pictures: Tensor) -> Tensor:
    """How a picture is like its mirror image, left for right: their correlation over all channels, -1 to 1."""
    seen = _seen(pictures)
    apart = (seen - seen.flip(3)).square().mean((1, 2, 3))
    spread = seen.var((2, 3), correction=0).mean(1)
    return 1 - apart / (2 * spread + TINY)


def object_size(pictures: Tensor) -> Tensor:
    """The share of the picture that stands in front (`foreground.foreground`, which says what that misses)."""
    return foreground(_seen(pictures)).mean((1, 2))


def shift_x(pictures: Tensor) -> Tensor:
    """Where the middle of what stands in front is, across: -1 at the left edge, 1 at the right; 0 for nothing."""
    return _middle(pictures)[0]


def shift_y(pictures: Tensor) -> Tensor:
    """Where the middle of what stands in front is, upright: -1 at the top edge, 1 at the bottom; 0 for nothing."""
    return _middle(pictures)[1]


def centredness(pictures: Tensor) -> Tensor:
    """How near to the middle of the picture the middle of what stands in front is: 1 there, 0 in a corner."""
    x, y = _middle(pictures)
    return 1 - _root((x.square() + y.square()) / 2)


def _middle(pictures: Tensor) -> tuple[Tensor, Tensor]:
    mask = foreground(_seen(pictures))
    high, wide = mask.shape[1:]
    whole = mask.sum((1, 2)) + TINY
    x = (mask.sum(1) * _places(wide, mask)).sum(1) / whole
    y = (mask.sum(2) * _places(high, mask)).sum(1) / whole
    return x, y


def _places(count: int, like: Tensor) -> Tensor:
    """The middles of so many pixels from -1 to 1."""
    return (torch.arange(count, dtype=like.dtype, device=like.device) + 0.5) / (count / 2) - 1


def _seen(pictures: Tensor) -> Tensor:
    """What a screen shows of them."""
    return pictures.clamp(0.0, 1.0)


def _root(x: Tensor) -> Tensor:
    """The square root, with a finite slope at 0."""
    return (x + TINY).sqrt() - math.sqrt(TINY)


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("brightness", "how bright it is on average", "of white", brightness),
        Measure("contrast", "how much bright and dark differ", "of white", contrast),
        Measure("colourfulness", "how colourful people would call it", "of 255", colourfulness),
        Measure("redness", "how red it is, rather than cyan", "of red", redness),
        Measure("saturation", "how far its colours are from grey", "of pure", saturation),
        Measure("hue", "which colour it has on average", "degrees", hue, turn=360.0),
        Measure("edge_density", "how much of it is edges", "of all pixels", edge_density),
        Measure("sharpness", "how sharp its finest detail is", "of white", sharpness),
        Measure("entropy", "how many tones it has, and how evenly", "bits", entropy),
        Measure("symmetry", "how alike its left and right halves are", "correlation", symmetry),
        Measure("object_size", "how much of it stands in front", "of all pixels", object_size),
        Measure("centredness", "how near the middle what stands in front is", "of the way", centredness),
        Measure("shift_x", "how far right what stands in front is", "of half the width", shift_x),
        Measure("shift_y", "how far down what stands in front is", "of half the height", shift_y),
    )
}
