"""Layers are found by name and tell what they compute, with gradients and without, and are left as they were."""

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.studio.learn.layers import activations, check_layer, early_layer, layer_names
from engine.studio.learn.subject import Subject
from tests.engine.generator.golden import golden

NAMES = {
    "sg2_64_cond3_clamp.pkl": ("b4", "b8", "b16", "b32", "b64"),
    "sg3t_64_uncond.pkl": tuple(f"L{i}" for i in range(15)),
    "biggan_deep_32": ("gen_z", *(f"layers.{i}" for i in range(9))),
    "pggan_32.pth": tuple(f"layer{i}" for i in range(1, 9)),
}


@pytest.fixture(scope="module")
def tulip() -> Subject:
    return Subject("tulip", side=16, threads=1)


@pytest.mark.parametrize("file", NAMES)
def test_layers_of_every_family_have_their_usual_names(file: str) -> None:
    subject = Subject(str(golden(file)), threads=1)
    names = layer_names(subject)
    assert names == NAMES[file] and early_layer(subject) == names[0]
    w = subject.w(subject.sample(2, 0))
    together = activations(subject, w, names)
    for name in (names[0], names[len(names) // 2], names[-1]):  # what runs after a layer does not change it
        alone = activations(subject, w, [name])[name]
        assert torch.equal(alone, together[name]) and len(alone) == 2


def test_the_palette_is_a_layer_of_the_tulip(tulip: Subject) -> None:
    assert layer_names(tulip) == ("b4", "b8", "b16", "b32", "b64", "palette")
    w = tulip.w(tulip.sample(3, 0))
    found = activations(tulip, w, ["palette", "b8"])
    assert list(found) == ["palette", "b8"]
    assert found["palette"].shape[0] == 3 and found["palette"].ndim == 2 and found["b8"].shape[2:] == (8, 8)
    colour = w.clone()
    colour[:, :-1] += 1.0  # the palette comes from the last layer of w alone
    assert torch.equal(activations(tulip, colour, ["palette"])["palette"], found["palette"])


def test_gradients_flow_only_where_they_are_asked_for(tulip: Subject) -> None:
    w = tulip.w(tulip.sample(2, 0)).detach().clone().requires_grad_(True)
    assert not activations(tulip, w, ["b8"])["b8"].requires_grad
    found = activations(tulip, w, ["b8"], gradients=True)["b8"]
    (slope,) = torch.autograd.grad(found.square().sum(), w)
    assert [bool(row.any()) for row in slope.unbind(1)] == [True] * 3 + [False] * 7


def test_chunks_give_what_one_call_gives(tulip: Subject) -> None:
    w = tulip.w(tulip.sample(5, 0))
    tulip.side = 256  # two pictures at a time
    try:
        parts = activations(tulip, w, ["b16"])["b16"]
    finally:
        tulip.side = 16
    assert torch.allclose(parts, activations(tulip, w, ["b16"], gradients=True)["b16"], atol=1e-5)


def test_no_hook_is_left_behind_even_after_an_error(tulip: Subject) -> None:
    w = tulip.w(tulip.sample(1, 0))
    activations(tulip, w, ["b64"])
    with pytest.raises(RuntimeError):
        activations(tulip, w[:, :, :7], ["b64"])
    assert not any(module._forward_hooks for module in tulip.net().modules())
    assert np.isfinite(tulip.pictures(w).numpy()).all()


def test_an_unknown_layer_is_refused_with_the_nearest_name(tulip: Subject) -> None:
    with pytest.raises(InputError, match="no layer 'palete'; did you mean palette"):
        check_layer(tulip, "palete")


def test_a_long_name_of_a_stylegan3_layer_is_its_short_one() -> None:
    subject = Subject(str(golden("sg3t_64_uncond.pkl")), threads=1)
    assert check_layer(subject, "L3_36_32") == "L3"
    with pytest.raises(InputError, match="no layer"):
        check_layer(subject, "L99_36_32")
