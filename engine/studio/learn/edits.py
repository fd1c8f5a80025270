"""Edits of pictures that a direction can be taught to make: a zoom, a shift, a colour (Jahanian, Chai, Isola 2020)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import InputError
from engine.studio.learn.measures import LUMA

AWAY = 3.0  # half sides that a turning picture is looked at from
INSIDE = 1e-4  # of half a side: what rounding may put outside the frame

Apply = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit.

    apply : pictures (n, 3, h, w) in 0..1, alpha (n,) -> edited alike, and mask (n, 1, h, w): 0 where the edit knows
    nothing, because what belongs there was outside the frame. An alpha of 0 changes nothing; differentiable
    range : of alpha, that a model is asked to follow; holds 0
    unit : of alpha
    measure : the name of a measure of pictures that rises with it, "" for none
    reach : how far beyond the range, in multiples of it, alpha may be asked for
    source : the program of an edit of one's own; another program is another edit
    """

    name: str
    range: tuple[float, float]
    unit: str
    apply: Apply
    about: str
    measure: str = ""
    reach: float = 2.0
    source: str = ""


def zoom(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Nearer by alpha octaves, about the middle."""
    return _placed(pictures, lambda x, y: (x * _wide(2.0**-alpha), y * _wide(2.0**-alpha)))


def shift_x(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """To the right by alpha of the width."""
    return _placed(pictures, lambda x, y: (x - 2.0 * _wide(alpha), y))


def shift_y(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Down by alpha of the height."""
    return _placed(pictures, lambda x, y: (x, y - 2.0 * _wide(alpha)))


def rotate(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Turned clockwise in its plane by alpha degrees, about the middle."""
    tall = pictures.shape[2] / pictures.shape[3]
    cos, sin = _wide(torch.cos(_radians(alpha))), _wide(torch.sin(_radians(alpha)))
    return _placed(pictures, lambda x, y: (cos * x + sin * y * tall, -sin * x / tall + cos * y))


def shear(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """The picture plane turned by alpha degrees about its upright middle line and looked at in perspective."""
    cos, sin = _wide(torch.cos(_radians(alpha))), _wide(torch.sin(_radians(alpha)))

    def from_where(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        u = x * AWAY / (AWAY * cos - x * sin)
        return u, y * (AWAY + u * sin) / AWAY

    return _placed(pictures, from_where)


def brightness(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Every number times 2 to the alpha."""
    return _coloured(pictures * _tall(2.0**alpha))


def contrast(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """The distance of every number from the picture's mean luma times 2 to the alpha."""
    middle = luma(pictures).mean((2, 3), keepdim=True)
    return _coloured(middle + (pictures - middle) * _tall(2.0**alpha))


def saturation(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """The distance of every colour from the grey of its luma times 2 to the alpha."""
    grey = luma(pictures)
    return _coloured(grey + (pictures - grey) * _tall(2.0**alpha))


def hue(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Every colour turned by alpha degrees about the axis of greys, its luma kept: red towards yellow, then green."""
    turn = _radians(alpha)
    cos, sin = _tall(torch.cos(turn))[..., None], _tall(torch.sin(turn))[..., None]
    grey, flat, across = (matrix.to(pictures) for matrix in _hue_matrices())
    matrix = (grey + cos * flat + sin * across).reshape(-1, 3, 3)
    return _coloured(torch.einsum("nij,njhw->nihw", matrix, pictures))


def blur(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """A Gaussian blur of alpha per cent of the shorter side, both ways the same; the edge is mirrored."""
    sigma = alpha.abs() / 100.0 * min(pictures.shape[2:])
    for axis in (2, 3):
        pictures = _blurred(pictures, sigma, axis)
    return _whole(pictures)


def _channel(index: int) -> Apply:
    def apply(pictures: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        gain = torch.ones(len(pictures), 3, 1, 1, dtype=pictures.dtype, device=pictures.device)
        gain[:, index, 0, 0] = 2.0 ** alpha.to(gain)
        return _coloured(pictures * gain)

    return apply


EDITS: Mapping[str, Edit] = {
    edit.name: edit
    for edit in (
        Edit("zoom", (-0.2, 0.2), "octaves", zoom, "nearer", "object_size"),
        Edit("shift_x", (-0.03, 0.03), "of the width", shift_x, "to the right", "shift_x"),
        Edit("shift_y", (-0.04, 0.04), "of the height", shift_y, "down", "shift_y"),
        Edit("rotate", (-12.0, 12.0), "degrees", rotate, "clockwise"),
        Edit("shear", (-15.0, 15.0), "degrees", shear, "turned about its upright middle line, in perspective"),
        Edit("brightness", (-0.4, 0.4), "stops", brightness, "brighter", "brightness"),
        Edit("contrast", (-0.5, 0.5), "stops", contrast, "more contrast", "contrast"),
        Edit("red", (-0.5, 0.5), "stops", _channel(0), "more red", "redness"),
        Edit("green", (-0.5, 0.5), "stops", _channel(1), "more green"),
        Edit("blue", (-0.5, 0.5), "stops", _channel(2), "more blue"),
        Edit("saturation", (-0.7, 0.7), "stops", saturation, "deeper colours", "saturation"),
        Edit("hue", (-25.0, 25.0), "degrees", hue, "from red towards yellow", "hue"),
        Edit("blur", (0.0, 3.0), "% of the side", blur, "softer"),
    )
}


def edit_of(name: str) -> Edit:
    """The built-in edit of this name. InputError names the nearest."""
    if name in EDITS:
        return EDITS[name]
    close = get_close_matches(name, EDITS, 1)
    hint = f'did you mean "{close[0]}"?' if close else "there are: " + ", ".join(EDITS)
    raise InputError(f"--edit {name}: no such edit; {hint} Or give FILE.py:FUNCTION")


def luma(pictures: Tensor) -> Tensor:
    """(n, 3, h, w) -> (n, 1, h, w)."""
    weights = torch.tensor(LUMA, dtype=pictures.dtype, device=pictures.device)
    return (pictures * weights[:, None, None]).sum(1, keepdim=True)


def _placed(pictures: Tensor, from_where: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Each pixel (x, y), -1..1 from edge to edge, y down, as it is at from_where(x, y); masked if that is outside."""
    n, _, h, w = pictures.shape
    y, x = ((torch.arange(size, dtype=pictures.dtype, device=pictures.device) + 0.5) * (2.0 / size) - 1.0
            for size in (h, w))  # fmt: skip
    at = from_where(x.expand(n, h, w), y[:, None].expand(n, h, w))
    mask = (at[0].abs() <= 1.0 - 1.0 / w + INSIDE) & (at[1].abs() <= 1.0 - 1.0 / h + INSIDE)
    edited = functional.grid_sample(pictures, torch.stack(at, -1), "bicubic", "border", align_corners=False)
    return edited.clamp(0.0, 1.0), mask[:, None].to(pictures.dtype)


def _coloured(pictures: Tensor) -> tuple[Tensor, Tensor]:
    return _whole(pictures.clamp(0.0, 1.0))


def _whole(pictures: Tensor) -> tuple[Tensor, Tensor]:
    return pictures, torch.ones_like(pictures[:, :1])


def _wide(alpha: Tensor) -> Tensor:
    return alpha[:, None, None]


def _tall(alpha: Tensor) -> Tensor:
    return alpha[:, None, None, None]


def _radians(alpha: Tensor) -> Tensor:
    return alpha * (math.pi / 180.0)


def _hue_matrices() -> tuple[Tensor, Tensor, Tensor]:
    """(3, 3) each: what a turn keeps (the luma), what goes with its cosine, and what with its sine."""
    grey = torch.tensor(LUMA).expand(3, 3)
    flat = torch.eye(3) - grey  # takes the luma away; its plane is turned by
    third = 1.0 / math.sqrt(3.0)
    quarter = torch.tensor([[0.0, -third, third], [third, 0.0, -third], [-third, third, 0.0]])  # (1, 1, 1) x
    return grey, flat, flat @ quarter


def _blurred(pictures: Tensor, sigma: Tensor, axis: int) -> Tensor:
    reach = min(math.ceil(3.0 * float(sigma.max())), pictures.shape[axis] - 1)
    if reach < 1:
        return pictures
    at = torch.arange(-reach, reach + 1, dtype=pictures.dtype, device=pictures.device)
    kernel = torch.exp(-0.5 * (at / sigma.to(pictures)[:, None].clamp(min=1e-3)).square())
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)
    n, c, h, w = pictures.shape
    upright = axis == 2
    padded = functional.pad(pictures, (0, 0, reach, reach) if upright else (reach, reach, 0, 0), "reflect")
    each = kernel.reshape((n * c, 1, -1, 1) if upright else (n * c, 1, 1, -1))
    return functional.conv2d(padded.reshape(1, n * c, *padded.shape[2:]), each, groups=n * c).reshape(n, c, h, w)
