"""Two models of one architecture blend layer by layer, and the ends are the models themselves."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.generator.blend import Blended
from engine.generator.network import source_of
from engine.generator.plan import Source
from engine.generator.runtime import open_plan
from engine.generator.spec import Canvas
from tests.engine.generator.pairs import FAMILIES, pair


def drawn(source: Source, blend: float | NDArray[np.float32] | None = None, backend: str = "eager") -> np.ndarray:
    inputs = source.inputs(2)
    if blend is not None:
        inputs["blend"] = np.full_like(inputs["blend"], 0.0) + np.float32(blend)
    plan = open_plan(source, 2, SIZE, "cpu", 1, backend, live=False)
    image = plan.image(inputs)
    plan.close()
    return image


SIZE = Canvas(32, 32)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_ends_are_the_models_and_the_middle_is_neither(family: str, tmp_path: Path) -> None:
    first, second = pair(family, tmp_path)
    both = source_of(str(first), str(second))
    fixed = both.inputs(2)
    ends = []
    for path, blend in ((first, 0.0), (second, 1.0)):
        alone = source_of(str(path))
        plan = open_plan(alone, 2, SIZE, "cpu", 1, "eager", live=False)
        true = plan.image({name: value for name, value in fixed.items() if name != "blend"})
        plan.close()
        got = drawn(both, blend)
        assert np.abs(got - true).max() <= 1e-4 * true.std()
        ends.append(true)
    middle = drawn(both, 0.5)
    assert all(np.abs(middle - end).max() > 0.05 * end.std() for end in ends)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_layer_blends_by_itself(family: str, tmp_path: Path) -> None:
    first, second = pair(family, tmp_path)
    both = source_of(str(first), str(second))
    layers = len(both.inputs(1)["blend"])
    pictures = [drawn(both, 0.0)]
    for layer in range(layers):
        only = np.zeros(layers, np.float32)
        only[layer] = 1.0
        pictures.append(drawn(both, only))
    apart = [np.abs(p - pictures[0]).max() for p in pictures[1:]]
    assert sum(a > 1e-3 for a in apart) >= layers - 1  # the last w of a StyleGAN2 moves the colours of the last block


def test_a_blend_is_drawn_by_every_backend_alike(tmp_path: Path) -> None:
    first, second = pair("stylegan2 skip", tmp_path)
    both = source_of(str(first), str(second))
    true = drawn(both, 0.3)
    assert np.abs(drawn(both, 0.3, "frozen") - true).max() <= 1e-4 * true.std()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_branch_and_no_host_read_hides_in_a_blend(family: str, tmp_path: Path) -> None:
    first, second = pair(family, tmp_path)
    source = source_of(str(first), str(second))
    net = source.build(SIZE)
    assert isinstance(net, Blended)
    inputs = [torch.from_numpy(source.inputs(1)[slot.name]) for slot in net.slots]
    with torch.no_grad():
        whole = torch.compile(net, fullgraph=True, backend="eager")(*inputs)
        assert torch.allclose(whole, net(*inputs))
