"""Progressive GAN's mapping: there is none, w is z."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.latent import Latent, Tensors
from engine.generator.spec import Spec


class ProGANLatent(Latent):
    """w = z. The synthesis divides z by its length first, so only its direction is seen.

    psi and cutoff do nothing here: there is no average to draw w towards, and a shorter z is the same picture.
    """

    def __init__(self, spec: Spec, tensors: Tensors) -> None:
        self._z_dim = spec.z_dim

    def w(
        self,
        z: NDArray[np.float64],
        psi: float = 1.0,
        classes: NDArray[np.float64] | None = None,
        cutoff: int | None = None,
    ) -> NDArray[np.float32]:
        """z (n, z_dim) -> w (n, 1, z_dim). ModelError for classes: the model has none."""
        if z.ndim != 2 or z.shape[1] != self._z_dim:
            raise ModelError(f"z has shape {z.shape}; allowed is (n, {self._z_dim})")
        if classes is not None:
            raise ModelError("class weights are given, but this model has no classes; leave them out")
        return z.astype(np.float32)[:, None]
