"""BigGAN's mapping: z beside the class, for every layer."""

import numpy as np
import pytest

from engine.errors import ModelError
from engine.generator.biggan_latent import BigGANLatent
from engine.generator.biggan_spec import BigGANSpec
from tests.engine.generator.biggan_configs import SMALL

SPEC = BigGANSpec.of_json(SMALL)
EMBEDDINGS = np.random.RandomState(5).randn(4, 3).astype(np.float32)
LATENT = BigGANLatent(SPEC, {"embeddings.weight": EMBEDDINGS})


def test_psi_shortens_z_and_leaves_the_class() -> None:
    z, classes = np.random.RandomState(0).randn(2, 4), np.array([[0.2, 0.3, 0.5], [0, 1, 0]])
    w = LATENT.w(z, 0.5, classes, cutoff=2)
    assert w.shape == (2, SPEC.num_ws, 8) and w.dtype == np.float32
    assert w[:, :2, :4] == pytest.approx(np.repeat(z[:, None] / 2, 2, axis=1), abs=1e-6)
    assert w[:, 2:, :4] == pytest.approx(np.repeat(z[:, None], SPEC.num_ws - 2, axis=1), abs=1e-6)
    embedding = classes @ EMBEDDINGS.T
    assert w[:, :, 4:] == pytest.approx(np.repeat(embedding[:, None], SPEC.num_ws, axis=1), abs=1e-6)


def test_without_a_class_it_is_the_first() -> None:
    z = np.random.RandomState(0).randn(2, 4)
    assert np.array_equal(LATENT.w(z), LATENT.w(z, 1.0, np.array([[1.0, 0, 0]] * 2)))


def test_latents_of_wrong_sizes_are_refused() -> None:
    with pytest.raises(ModelError, match=r"z has shape \(1, 5\); allowed is \(n, 4\)"):
        LATENT.w(np.zeros((1, 5)))
    with pytest.raises(ModelError, match=r"class weights have shape \(1, 2\); allowed is \(1, 3\)"):
        LATENT.w(np.zeros((1, 4)), 1.0, np.zeros((1, 2)))
