"""From z to w: what every family's mapping must do. Numpy only: it runs beside any device."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.generator.spec import Spec

Tensors = Mapping[str, NDArray[np.generic]]


class Latent(ABC):
    """The mapping of one model."""

    @abstractmethod
    def __init__(self, spec: Spec, tensors: Tensors) -> None:
        """tensors : by canonical name; only the mapping's own are looked at."""

    @abstractmethod
    def w(
        self,
        z: NDArray[np.float64],
        psi: float = 1.0,
        classes: NDArray[np.float64] | None = None,
        cutoff: int | None = None,
    ) -> NDArray[np.float32]:
        """z (n, z_dim) -> w (n, num_ws, w_dim).

        classes : weights (n, classes) of a conditional model, summing to 1; mixed in the space of its embedding
        cutoff : only the first so many layers are truncated; None truncates all
        """

    def truncated(
        self,
        w: NDArray[np.float32],
        psi: float,
        classes: NDArray[np.float64] | None = None,
        cutoff: int | None = None,
    ) -> NDArray[np.float32]:
        """w (n, num_ws, w_dim) as it is without truncation -> what psi makes of it.

        The same w where a model has no average to draw it towards.
        """
        return w
