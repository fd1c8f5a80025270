"""BigGAN's mapping: z beside the embedding of its class is the condition of every layer."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.latent import Latent, Tensors
from engine.generator.spec import Spec


class BigGANLatent(Latent):
    """w = [psi * z, embedding of the class], the same for the first layer and every block.

    The model samples z from a normal distribution cut off at 2 and multiplies it by the truncation, so psi shortens z
    as truncation does; psi = 1 takes z as it is. The statistics that belong to psi are an input of the synthesis:
    `BigGANSpec.inputs`. To draw a z that has been shortened already, map it with psi 1 and draw it with its own psi.
    """

    def __init__(self, spec: Spec, tensors: Tensors) -> None:
        self._spec = spec
        self._embeddings = np.array(tensors["embeddings.weight"], np.float64)  # (z_dim, classes)

    def w(
        self,
        z: NDArray[np.float64],
        psi: float = 1.0,
        classes: NDArray[np.float64] | None = None,
        cutoff: int | None = None,
    ) -> NDArray[np.float32]:
        """z (n, z_dim) -> w (n, num_ws, 2 z_dim).

        classes : weights (n, classes), mixed in the space of the embedding as they are; None is class 0
        cutoff : only the first so many layers take the shortened z
        """
        spec = self._spec
        if z.ndim != 2 or z.shape[1] != spec.z_dim:
            raise ModelError(f"z has shape {z.shape}; allowed is (n, {spec.z_dim})")
        if classes is not None and classes.shape != (len(z), spec.classes):
            raise ModelError(f"the class weights have shape {classes.shape}; allowed is ({len(z)}, {spec.classes})")
        shortened = spec.num_ws if cutoff is None else cutoff
        w = np.empty((len(z), spec.num_ws, spec.w_dim), np.float32)
        w[:, :shortened, : spec.z_dim] = (psi * z)[:, None]
        w[:, shortened:, : spec.z_dim] = z[:, None]
        embedding = self._embeddings[:, 0] if classes is None else (classes @ self._embeddings.T)[:, None]
        w[:, :, spec.z_dim :] = embedding
        return w
