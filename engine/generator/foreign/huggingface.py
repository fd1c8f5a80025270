"""The folder of pytorch-pretrained-BigGAN: config.json says the architecture, pytorch_model.bin holds the weights.

Each layer under spectral normalisation (Miyato et al. 2018) is stored as its raw weight and the two vectors that
measure it; what is kept here is the weight that they make. Of the RGB layer's outputs only three are looked at.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.foreign.base import Foreign, Tensors, arrays

RAW, LEFT, RIGHT = ".weight_orig", ".weight_u", ".weight_v"
RGB = "generator.conv_to_rgb"


def is_state(value: Any) -> bool:
    """Whether this is a BigGAN's table of tensors."""
    return isinstance(value, dict) and "embeddings.weight" in value and f"generator.gen_z{RAW}" in value


def generator(value: Any, config: Mapping[str, Any] | None, *, upstream_exact: bool = False) -> Foreign:
    """The generator in a table of tensors. config : what config.json beside it holds; ModelError without it.

    The facts are those of config.json, and `upstream_exact`.
    """
    if config is None:
        raise ModelError("it is a BigGAN, whose sizes are in a config.json: put that beside it, or give the folder")
    found = arrays(value, "its table")
    tensors: Tensors = {}
    for name, array in found.items():
        if name.endswith(RAW):
            layer = name.removesuffix(RAW)
            tensors[f"{layer}.weight"] = _normalised(layer, array, found.get(layer + LEFT), found.get(layer + RIGHT))
        elif not name.endswith((LEFT, RIGHT)):
            tensors[name] = array
    for name in (f"{RGB}.weight", f"{RGB}.bias"):
        if name in tensors:
            tensors[name] = tensors[name][:3]
    about = {"container": "pytorch-pretrained-BigGAN folder", "class": "BigGAN"}
    return Foreign("biggan", tensors, {**config, "upstream_exact": upstream_exact}, "huggingface", about)


def _normalised(
    layer: str, weight: NDArray[Any], left: NDArray[Any] | None, right: NDArray[Any] | None
) -> NDArray[np.float32]:
    """weight / sigma, sigma = u . (W v) with W of shape (out, everything else)."""
    if left is None or right is None or weight.ndim < 2:
        raise ModelError(f"its layer {layer} lacks the vectors of its spectral normalisation")
    flat = weight.reshape(len(weight), -1)
    if left.shape != flat.shape[:1] or right.shape != flat.shape[1:]:
        raise ModelError(f"its layer {layer} has vectors of {left.shape} and {right.shape} for {flat.shape} weights")
    image = flat.astype(np.float32, copy=False) @ right.astype(np.float32, copy=False)
    sigma = np.float64(left.astype(np.float64) @ image.astype(np.float64))
    if not np.isfinite(sigma) or sigma == 0:
        raise ModelError(f"its layer {layer} has a spectral norm of {sigma}")
    return np.asarray(weight, np.float32) / np.float32(sigma)
