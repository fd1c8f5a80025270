"""StyleGAN2 once more, slowly and in double precision, from its formulas: zeros are put in, kernels are walked through.

Numpy alone, one sample at a time, and nothing in common with what it checks.
"""

from collections.abc import Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engine.generator.stylegan2_spec import StyleGAN2Spec

Array = NDArray[np.float64]


def correlate(x: Array, kernel: Array, before: int, after: int) -> Array:
    """x (in, h, w) with zeros around it, kernel (out, in, k, k): what deep learning calls a convolution."""
    padded = np.pad(x, ((0, 0), (before, after), (before, after)))
    k = kernel.shape[-1]
    height, width = padded.shape[1] - k + 1, padded.shape[2] - k + 1
    out = np.zeros((kernel.shape[0], height, width))
    for dy in range(k):
        for dx in range(k):
            out += np.einsum("oi,ihw->ohw", kernel[:, :, dy, dx], padded[:, dy : dy + height, dx : dx + width])
    return out


def convolve(x: Array, kernel: Array, before: int, after: int) -> Array:
    """The convolution of mathematics: its kernel is turned around."""
    return correlate(x, kernel[:, :, ::-1, ::-1], before, after)


def spread(x: Array) -> Array:
    """A zero after each pixel, on both axes."""
    out = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2]))
    out[:, ::2, ::2] = x
    return out


def filtered(x: Array, taps: Array, before: int, after: int) -> Array:
    """Each channel convolved with one filter (k, k)."""
    return np.stack([convolve(channel[None], taps[None, None], before, after)[0] for channel in x])


def doubled(x: Array, taps: Array) -> Array:
    """Twice the size, resampled with a filter that sums to 1."""
    k = len(taps)
    return filtered(spread(x), taps * 4, (k + 1) // 2, (k - 2) // 2)


class Oracle:
    """One model; `image` draws, and leaves what the layers gave in `features`."""

    def __init__(self, spec: StyleGAN2Spec, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        self.spec = spec
        self.tensors = {name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()}
        self.features: dict[str, Array] = {}

    def image(self, w: Array, noise: float = 1.0) -> Array:
        """w (num_ws, w_dim) -> (3, height, width)."""
        x, image = self.tensors["synthesis.b4.const"], None
        number = 0  # of the next layer's w
        for r in self.spec.resolutions:
            block = f"synthesis.b{r}"
            gain, beside = 1.0, None
            if r > 4:
                if self.spec.architecture == "resnet":
                    gain = sqrt(0.5)
                    weight = self.tensors[f"{block}.skip.weight"]
                    beside = convolve(x, weight / sqrt(weight.shape[1]), 0, 0)
                    beside = doubled(beside, self.filter(f"{block}.skip")) * gain
                x = self.layer(f"{block}.conv0", x, w[number], noise, up=True)
                number += 1
            x = self.layer(f"{block}.conv1", x, w[number], noise, gain=gain)
            number += 1
            if beside is not None:
                x = beside + x
            if r in self.spec.rgb_blocks:
                drawn = self.rgb(f"{block}.torgb", x, w[number])
                image = drawn if image is None else doubled(image, self.filter(block)) + drawn
                self.features[f"b{r}_img"] = image
        assert image is not None
        return image

    def filter(self, name: str) -> Array:
        usual = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
        return self.tensors.get(f"{name}.resample_filter", usual)

    def style(self, name: str, w: Array) -> Array:
        weight = self.tensors[f"{name}.affine.weight"]
        return weight @ w / sqrt(len(w)) + self.tensors[f"{name}.affine.bias"]

    def layer(self, name: str, x: Array, w: Array, noise: float, up: bool = False, gain: float = 1.0) -> Array:
        weight = self.tensors[f"{name}.weight"] * self.style(name, w)[None, :, None, None]
        weight = weight / np.sqrt(np.square(weight).sum((1, 2, 3), keepdims=True) + 1e-8)
        if up:
            taps = self.filter(name)
            k = len(taps)
            x = convolve(spread(x), weight, 3 - 1, 2 - 1)  # of the four zeros around, two are left for the filter
            x = filtered(x, taps * 4, (k + 1) // 2 - 1, (k - 2) // 2)
        else:
            x = correlate(x, weight, 1, 1)
        if self.spec.use_noise:
            x = x + noise * self.tensors[f"{name}.noise_strength"] * self.tensors[f"{name}.noise_const"]
        x = x + self.tensors[f"{name}.bias"][:, None, None]
        x = np.where(x > 0, x, 0.2 * x) * sqrt(2) * gain
        clamp = self.spec.clamp
        x = x if clamp is None else x.clip(-clamp * gain, clamp * gain)
        self.features[name.removeprefix("synthesis.")] = x
        return x

    def rgb(self, name: str, x: Array, w: Array) -> Array:
        weight = self.tensors[f"{name}.weight"]
        x = convolve(x, weight * self.style(name, w)[None, :, None, None] / sqrt(weight.shape[1]), 0, 0)
        x = x + self.tensors[f"{name}.bias"][:, None, None]
        clamp = self.spec.clamp
        x = x if clamp is None else x.clip(-clamp, clamp)
        x = np.repeat(x, 3, axis=0) if len(x) == 1 else x[:3]
        self.features[name.removeprefix("synthesis.")] = x
        return x
