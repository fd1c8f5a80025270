"""How a model's w is spread: what amounts in sigma are measured by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.latent import Latent, Tensors
from engine.generator.spec import Spec, family, load

SAMPLES = 10_000
BATCH = 500
WEIGHTS = 1 << 22  # class weights in a batch
WIDEST = 2048  # of w; the published have 512
LARGEST = 1 << 24  # weights of a mapping; the published have 2 million
SPECTRUM = 64


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and covariance of w over random z; classes drawn evenly where there are any."""

    mean: NDArray[np.float32]  # (w_dim,)
    covariance: NDArray[np.float32]  # (w_dim, w_dim)
    samples: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """For a header: the largest variances along principal axes, and the root of their sum over all."""
        variances = np.linalg.eigvalsh(self.covariance.astype(np.float64))[::-1].clip(0.0)
        return {
            "samples": self.samples,
            "seed": self.seed,
            "sigma": float(np.sqrt(variances.sum())),
            "spectrum": [float(f"{value:.6g}") for value in variances[:SPECTRUM]],
        }


def measure(spec: Spec, tensors: Tensors, samples: int = SAMPLES, seed: int = 0) -> Statistics | None:
    """The statistics of w without truncation; None where z goes into the synthesis as it is and so is known.

    ModelError for a mapping so large that it would take minutes.
    """
    mapping = [array for name, array in tensors.items() if name.startswith("mapping.") and name.endswith(".weight")]
    if not mapping:
        return None
    size = sum(array.size for array in mapping)
    if spec.w_dim > WIDEST or size > LARGEST:
        raise ModelError(f"its mapping has {size} weights and a w of {spec.w_dim}; read are up to {LARGEST}, {WIDEST}")
    latent: Latent = load(family(spec.family).latent)(spec, tensors)
    random = np.random.RandomState(seed)
    total = np.zeros(spec.w_dim)
    squares = np.zeros((spec.w_dim, spec.w_dim))
    batch = max(1, min(BATCH, WEIGHTS // max(1, spec.classes)))
    for first in range(0, samples, batch):
        count = min(batch, samples - first)
        z = random.randn(count, spec.z_dim)
        classes = _one_hot(random.randint(spec.classes, size=count), spec.classes) if spec.classes else None
        w = latent.w(z, 1.0, classes)[:, 0].astype(np.float64)
        total += w.sum(axis=0)
        squares += w.T @ w
    mean = total / samples
    covariance = squares / samples - np.outer(mean, mean)
    return Statistics(mean.astype(np.float32), covariance.astype(np.float32), samples, seed)


def _one_hot(numbers: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    weights = np.zeros((len(numbers), classes))
    weights[np.arange(len(numbers)), numbers] = 1.0
    return weights
