"""A small model of each family that nobody trained: for laws that hold for every weight."""

from collections.abc import Callable, Iterator, Mapping
from math import prod, sqrt
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generator.biggan_spec import BigGANSpec
from engine.generator.plan import Source
from engine.generator.progan_spec import ProGANSpec
from engine.generator.spec import Canvas, Spec, family, load
from engine.generator.stylegan2_spec import StyleGAN2Spec
from engine.generator.stylegan3_design import Design
from engine.generator.stylegan3_spec import StyleGAN3Spec
from engine.generator.synthesis import Synthesis

STYLE: dict[str, Any] = {"z_dim": 8, "w_dim": 8, "mapping": (8, 8)}
BIGGAN = {
    "output_dim": 32,
    "z_dim": 4,
    "class_embed_dim": 4,
    "channel_width": 4,
    "num_classes": 3,
    "layers": [[False, 16, 8], [True, 8, 4], [True, 4, 2], [True, 2, 1]],
    "attention_layer_position": 2,
    "eps": 1e-4,
    "n_stats": 11,
}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Whoever imports this draws on one thread: in models this small the threads wait for each other."""
    former = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(former)


def stylegan2(architecture: str) -> Spec:
    """32 x 32, with fp16 from 8 x 8 on and a clamp."""
    return StyleGAN2Spec(
        channels=(16, 16, 8, 8),
        architecture=architecture,
        clamp=256.0,
        num_fp16_res=3,
        **STYLE,  # type: ignore[arg-type]
    )


def stylegan3(radial: bool) -> Spec:
    """32 x 32 with six layers; radial filters and 1 x 1 kernels are configuration R."""
    design = Design(32, num_layers=6, margin_size=4, conv_kernel=1 if radial else 3, use_radial_filters=radial)
    layers = design.layers(8, design.channels(256, 8))
    return StyleGAN3Spec(fourier=design.fourier(8), layers=layers, **STYLE)


SPECS: dict[str, Callable[[], Spec]] = {
    "stylegan2 skip": lambda: stylegan2("skip"),
    "stylegan2 resnet": lambda: stylegan2("resnet"),
    "stylegan2 orig": lambda: stylegan2("orig"),
    "stylegan3-t": lambda: stylegan3(radial=False),
    "stylegan3-r": lambda: stylegan3(radial=True),
    "biggan": lambda: BigGANSpec.of_json(BIGGAN),
    "progan": lambda: ProGANSpec(8, (16, 16, 8, 8)),
}


def tensors_of(spec: Spec, seed: int = 0) -> dict[str, Tensor]:
    """Every tensor of a file of this architecture: random, but filters that are filters and variances above zero."""
    random = torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    for name, shape in spec.shapes().items():
        tensor = torch.randn(shape, generator=random)
        if name.endswith("_filter"):
            tensor = torch.full(shape, 1.0 / prod(shape))
        elif name.endswith("running_vars"):
            tensor = tensor.abs() + 0.5
        elif name.endswith(("magnitude_ema", "affine.bias")):
            tensor = torch.ones(shape)
        elif name.endswith("input.transform"):
            tensor = torch.eye(3)
        elif name.endswith("weight") and len(shape) > 1 and spec.family == "biggan":
            tensor = tensor / sqrt(max(1, prod(shape[1:])))
        found[name] = tensor
    return found


def source_of(
    spec: Spec, tensors: Mapping[str, Tensor] | None = None, inputs: Callable[[int], Any] | None = None
) -> Source:
    """What a plan of this model is made from; w is drawn at random."""
    known = tensors_of(spec) if tensors is None else tensors

    def build(canvas: Canvas, *, batched: bool = False, half: bool = False) -> Synthesis:
        net: Synthesis = load(family(spec.family).synthesis)(spec, known, canvas, batched=batched, half=half)
        return net.eval().requires_grad_(False)

    return Source("small", build, inputs or (lambda voices: inputs_of(spec, voices)), spec.gflop)


def inputs_of(spec: Spec, voices: int, seed: int = 1) -> dict[str, NDArray[np.float32]]:
    """Inputs of a synthesis by slot."""
    w = np.random.RandomState(seed).randn(voices, spec.num_ws, spec.w_dim).astype(np.float32)
    return {"w": w, **spec.inputs({})}


def canvas_of(spec: Spec) -> Canvas:
    """Its own size."""
    return Canvas(spec.width, spec.height)
