"""The mapping of style generators: the w that the reference finds, truncated and mixed as the reference does it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.generator.mapping import StyleLatent
from engine.generator.stylegan2_spec import StyleGAN2Spec
from tests.engine.generator.golden import assert_near
from tests.engine.generator.style_golden import case

TOLERANCE = 1e-5  # of the standard deviation: the golden set's own
CASES = ["sg2_64_uncond", "sg2_64_cond3_clamp", "sg2_32_sg3repo_modern", "sg3t_64_uncond", "sg3r_64_xform"]
CONDITIONAL = ["sg2_64_cond3_clamp", "sg2_32_sg3repo_modern"]
SPEC = StyleGAN2Spec(
    z_dim=6, w_dim=5, channels=(4, 4, 4), mapping=(7, 5), classes=3, embed_features=4, class_average=True
)


def small(spec: StyleGAN2Spec = SPEC) -> StyleLatent:
    random = np.random.RandomState(3)
    names = {name: shape for name, shape in spec.shapes().items() if name.startswith("mapping.")}
    return StyleLatent(spec, {name: 30 * random.randn(*shape).astype(np.float32) for name, shape in names.items()})


@pytest.mark.parametrize("name", CASES)
def test_w_is_the_references_at_every_truncation(name: str) -> None:
    model = case(name)
    latent = StyleLatent(model.spec, model.tensors)
    z = model.arrays["z"].astype(np.float64)
    seen = 0
    for key, reference in model.arrays.items():
        found = re.fullmatch(r"w_psi([-.\d]+)(?:_cut(\d+))?", key)
        if found is None:
            continue
        cutoff = None if found[2] is None else int(found[2])
        w = latent.w(z, float(found[1]), model.classes(slice(len(z))), cutoff)
        assert w.dtype == np.float32
        assert_near(w, reference, TOLERANCE, key)
        seen += 1
    assert seen >= 3


@pytest.mark.parametrize("name", CONDITIONAL)
def test_soft_class_weights_mix_as_in_the_reference(name: str) -> None:
    model = case(name)
    soft = model.arrays["c_soft"].astype(np.float64)
    w = StyleLatent(model.spec, model.tensors).w(model.arrays["z"][: len(soft)].astype(np.float64), 1.0, soft)
    assert_near(w, model.arrays["w_csoft_psi1"], TOLERANCE)


@given(st.integers(0, 2**31), st.floats(0.01, 100))
def test_only_the_direction_of_z_counts(seed: int, size: float) -> None:
    z = np.random.RandomState(seed).randn(2, SPEC.z_dim)
    np.testing.assert_allclose(small().w(z * size), small().w(z), rtol=1e-3, atol=1e-5)


def test_psi_0_is_the_average_of_the_mixed_classes() -> None:
    random = np.random.RandomState(3)
    tensors = {n: random.randn(*s).astype(np.float32) for n, s in SPEC.shapes().items() if n.startswith("mapping.")}
    shares = np.array([[0.25, 0.0, 0.75]])
    w = StyleLatent(SPEC, tensors).w(np.ones((1, 6)), 0.0, shares)
    np.testing.assert_allclose(w[0], np.tile(shares @ tensors["mapping.w_avg"], (SPEC.num_ws, 1)), atol=1e-6)


def test_without_classes_the_first_is_drawn() -> None:
    z = np.random.RandomState(0).randn(2, 6)
    first = np.tile([1.0, 0.0, 0.0], (2, 1))
    np.testing.assert_array_equal(small().w(z, 0.5), small().w(z, 0.5, first))


def test_layers_from_the_cutoff_on_are_not_truncated() -> None:
    z = np.random.RandomState(0).randn(2, 6)
    whole, cut = small().w(z, 0.5), small().w(z, 0.5, cutoff=2)
    np.testing.assert_array_equal(cut[:, :2], whole[:, :2])
    np.testing.assert_array_equal(cut[:, 2:], small().w(z)[:, 2:])


def test_rows_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ModelError, match=r"z has the shape \(2, 5\); this model takes \(n, 6\)"):
        small().w(np.zeros((2, 5)))
    with pytest.raises(ModelError, match=r"class weights have the shape \(1, 2\); expected \(2, 3\)"):
        small().w(np.ones((2, 6)), 1.0, np.ones((1, 2)))
