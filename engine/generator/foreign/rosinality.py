"""The StyleGAN2 of stylegan2-pytorch `.pt` files: the same network under other names.

Its kernels lie as NVIDIA's do; it divides them by the root of their inputs where NVIDIA does not. Demodulation takes
that away again but for its epsilon, so the factor goes into the weights.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.foreign.base import Foreign, Tensors, arrays

TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64
OWN = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}


def is_state(value: Any) -> bool:
    """Whether this is a generator's table of tensors."""
    return isinstance(value, dict) and any(
        name in value or f"module.{name}" in value for name in ("input.input", "style.1.weight", "conv1.conv.weight")
    )


def generator(value: Any, average: Any = None) -> Foreign:
    """The generator in a table of tensors. average : `latent_avg` where the file holds one."""
    found = {name.removeprefix("module."): array for name, array in arrays(value, "its g_ema").items()}
    tensors: Tensors = {}
    for name, array in found.items():
        path = _renamed(name)
        if path is not None:
            tensors[path] = _shaped(path, array)
    _add_filters(tensors, found)
    averaged = isinstance(average, np.ndarray) and average.dtype.kind == "f"
    if averaged:
        tensors["mapping.w_avg"] = average.reshape(-1)
    facts = {"conv_clamp": None, "num_fp16_res": 0, "lr_multiplier": 0.01, "activation": "lrelu"}
    about = {"container": "stylegan2-pytorch .pt", "class": "Generator"}
    return Foreign("stylegan2", tensors, facts, "rosinality", about, averaged)


def _renamed(name: str) -> str | None:
    """The canonical name of a tensor; None for a buffer that is told otherwise. ModelError for a stranger's."""
    if dense := re.fullmatch(r"style\.(\d{1,3})\.(weight|bias)", name):
        return f"mapping.fc{int(dense[1]) - 1}.{dense[2]}"
    if name == "input.input":
        return "synthesis.b4.const"
    if noise := re.fullmatch(r"noises\.noise_(\d{1,2})", name):
        return f"synthesis.{_conv(int(noise[1]))}.noise_const"
    if conv := re.fullmatch(r"(?:conv1|convs\.(\d{1,2}))\.(.+)", name):
        number = 0 if conv[1] is None else int(conv[1]) + 1
        if conv[2] in OWN:
            return f"synthesis.{_conv(number)}.{OWN[conv[2]]}"
    if rgb := re.fullmatch(r"(?:to_rgb1|to_rgbs\.(\d{1,2}))\.(.+)", name):
        block = 4 if rgb[1] is None else 8 << int(rgb[1])
        if rgb[2] in OWN:
            return f"synthesis.b{block}.torgb.{OWN[rgb[2]]}"
    if name.endswith((".kernel", ".blur.kernel")):
        return None
    raise ModelError(f"its tensor {ascii(name)[:80]} is of no stylegan2-pytorch generator that latenz knows")


def _conv(number: int) -> str:
    """`b8.conv0` of the second styled convolution, and so on: one at 4x4, then two at each size."""
    return f"b{4 << (number + 1) // 2}.conv{(number + 1) % 2}"


def _shaped(path: str, array: NDArray[Any]) -> NDArray[Any]:
    """A tensor as NVIDIA shapes it: without the axes of one sample that are kept here, and with the factor in it."""
    own = path.rpartition(".")[2]
    if own in ("bias", "noise_strength"):
        if array.ndim and array.size not in array.shape or own == "noise_strength" and array.size != 1:
            raise ModelError(f"its tensor for {path} is {list(array.shape)}; one row of numbers is needed")
        return array.reshape(-1 if own == "bias" else ())
    axes = {"const": 3, "noise_const": 2}.get(own, 2 if "fc" in path or "affine" in path else 4)
    more = array.ndim - axes
    if more < 0 or array.shape[:more] != (1,) * more:
        raise ModelError(f"its tensor for {path} is {list(array.shape)}; {axes} axes are needed")
    array = array.reshape(array.shape[more:])
    if own == "weight" and axes == 4 and ".conv" in path:
        return array * np.float32(1 / math.sqrt(math.prod(array.shape[1:])))
    return array


def _add_filters(tensors: Tensors, found: Mapping[str, NDArray[Any]]) -> None:
    """The resampling filters: kept four times as strong here, for the doubling of the size; older files have none."""
    for name in [name for name in tensors if name.endswith(".conv0.weight")]:
        block = name.removesuffix(".conv0.weight")
        number = (int(block.rpartition("b")[2]) // 8).bit_length() - 1
        blur, up = f"convs.{2 * number}.conv.blur.kernel", f"to_rgbs.{number}.upsample.kernel"
        tensors[f"{block}.conv0.resample_filter"] = found[blur] / 4 if blur in found else TAPS
        tensors[f"{block}.resample_filter"] = found[up] / 4 if up in found else TAPS
