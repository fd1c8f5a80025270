"""From z to w in StyleGAN2 and StyleGAN3: a few fully connected layers, in numpy beside any device."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.latent import Latent, Tensors
from engine.generator.spec import Spec

F32 = NDArray[np.float32]


class StyleLatent(Latent):
    """The mapping network. z counts by its direction alone: it is normalised first.

    The gains of the layers (He's, the learning rate's, and sqrt 2 of the leaky ReLU, which is positively homogeneous)
    are multiplied into the weights once.
    """

    def __init__(self, spec: Spec, tensors: Tensors) -> None:
        """spec : a StyleGAN2Spec or StyleGAN3Spec; its `lr_multiplier` is the mapping's own."""
        self._z_dim, self._num_ws, self._classes = spec.z_dim, spec.num_ws, spec.classes
        lr: float = getattr(spec, "lr_multiplier", 0.01)
        self._layers: list[tuple[F32, F32]] = []
        while f"mapping.fc{len(self._layers)}.weight" in tensors:
            self._layers.append(connected(tensors, f"mapping.fc{len(self._layers)}", lr, sqrt(2)))
        self._embed = connected(tensors, "mapping.embed", 1.0, 1.0) if spec.classes else None
        self._average = np.asarray(tensors["mapping.w_avg"], np.float32)

    def w(
        self,
        z: NDArray[np.float64],
        psi: float = 1.0,
        classes: NDArray[np.float64] | None = None,
        cutoff: int | None = None,
    ) -> F32:
        """z (n, z_dim) -> w (n, num_ws, w_dim); the first class is drawn where a conditional model gets none."""
        if z.ndim != 2 or z.shape[1] != self._z_dim:
            raise ModelError(f"z has the shape {z.shape}; this model takes (n, {self._z_dim})")
        shares = self._shares(len(z), classes)
        x = normalised(np.asarray(z, np.float32))
        if self._embed is not None:
            weight, bias = self._embed
            x = np.concatenate([x, normalised(shares @ weight + bias)], axis=1)
        for weight, bias in self._layers:
            x = x @ weight
            x += bias
            np.maximum(x, np.float32(0.2) * x, out=x)
        w = np.repeat(x[:, None], self._num_ws, axis=1)
        return w if psi == 1 else self._drawn_in(w, psi, shares, cutoff)

    def truncated(
        self, w: F32, psi: float, classes: NDArray[np.float64] | None = None, cutoff: int | None = None
    ) -> F32:
        """w (n, num_ws, w_dim) drawn towards the average by psi, in a new array; layers may differ."""
        return w if psi == 1 else self._drawn_in(w.copy(), psi, self._shares(len(w), classes), cutoff)

    def _drawn_in(self, w: F32, psi: float, shares: F32, cutoff: int | None) -> F32:
        """Overwrites w."""
        average = shares @ self._average if self._average.ndim == 2 else self._average[None]
        w[:, :cutoff] = average[:, None] + np.float32(psi) * (w[:, :cutoff] - average[:, None])
        return w

    def _shares(self, n: int, classes: NDArray[np.float64] | None) -> F32:
        """Weights of the classes (n, classes)."""
        if classes is None:
            first = np.zeros((n, self._classes), np.float32)
            first[:, :1] = 1
            return first
        if classes.shape != (n, self._classes):
            raise ModelError(f"the class weights have the shape {classes.shape}; expected ({n}, {self._classes})")
        return np.asarray(classes, np.float32)


def connected(tensors: Tensors, name: str, lr: float, gain: float) -> tuple[F32, F32]:
    """Weight (in, out) and bias (out,) of a layer with its gains in them."""
    weight = np.asarray(tensors[f"{name}.weight"], np.float64)
    bias = np.asarray(tensors[f"{name}.bias"], np.float64)
    scaled = weight.T * (gain * lr / sqrt(weight.shape[1]))
    return np.ascontiguousarray(scaled, np.float32), (bias * (gain * lr)).astype(np.float32)


def normalised(x: F32) -> F32:
    """Each row scaled to a mean square of 1."""
    size: F32 = np.sqrt(np.mean(np.square(x), axis=1, keepdims=True) + np.float32(1e-8))
    return x / size
