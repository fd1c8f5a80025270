"""From z to w in the tulip: the factors that it was taught are looked for in z, and three layers mix them."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.latent import Latent, Tensors
from engine.generator.spec import Spec
from engine.generator.tulip.factors import erf

F32 = NDArray[np.float32]


class TulipLatent(Latent):
    """x = basis z is Gaussian in each factor; what of z is across the basis does nothing."""

    def __init__(self, spec: Spec, tensors: Tensors) -> None:
        self._z_dim, self._num_ws = spec.z_dim, spec.num_ws
        self._basis = np.ascontiguousarray(np.asarray(tensors["mapping.basis"], np.float64).T)
        self._layers: list[tuple[F32, F32]] = []
        while (name := f"mapping.fc{len(self._layers)}") + ".weight" in tensors:
            weight = np.ascontiguousarray(np.asarray(tensors[f"{name}.weight"], np.float32).T)
            self._layers.append((weight, np.asarray(tensors[f"{name}.bias"], np.float32)))
        self._average = np.asarray(tensors["mapping.w_avg"], np.float32)

    def w(
        self,
        z: NDArray[np.float64],
        psi: float = 1.0,
        classes: NDArray[np.float64] | None = None,
        cutoff: int | None = None,
    ) -> F32:
        """z (n, z_dim) -> w (n, num_ws, w_dim), the same in every layer but where the cutoff spares some."""
        if z.ndim != 2 or z.shape[1] != self._z_dim:
            raise ModelError(f"z has the shape {z.shape}; this model takes (n, {self._z_dim})")
        y = features(z @ self._basis)
        for i, (weight, bias) in enumerate(self._layers):
            y = y @ weight
            y += bias
            if i + 1 < len(self._layers):
                np.maximum(y, np.float32(0.2) * y, out=y)
        w = np.repeat(y[:, None], self._num_ws, axis=1)
        return w if psi == 1 else self._drawn_in(w, psi, cutoff)

    def truncated(
        self, w: F32, psi: float, classes: NDArray[np.float64] | None = None, cutoff: int | None = None
    ) -> F32:
        """w (n, num_ws, w_dim) drawn towards the average by psi, in a new array; layers may differ."""
        return w if psi == 1 else self._drawn_in(w.copy(), psi, cutoff)

    def _drawn_in(self, w: F32, psi: float, cutoff: int | None) -> F32:
        """Overwrites w."""
        w[:, :cutoff] = self._average + np.float32(psi) * (w[:, :cutoff] - self._average)
        return w


def features(x: NDArray[np.float64]) -> F32:
    """Gaussian x (n, factors) -> what the mapping sees of it (n, 5 factors).

    p = erf(x / sqrt 2), which is even within -1..1, then sin and cos of pi p / 2, and of pi p.
    """
    p = erf(x / np.sqrt(2))
    waves = [wave(p * (np.pi * k)) for k in (0.5, 1.0) for wave in (np.sin, np.cos)]
    return np.concatenate([p, *waves], axis=1).astype(np.float32)
