"""The tulip on a GPU that computes no numbers, as one graph, and in half precision."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.generator.blend import Blended
from engine.generator.network import source_of
from engine.generator.plan import Source
from engine.generator.plans.agreement import HALF_SIGMA, compare
from engine.generator.plans.device_frame import Frame
from engine.generator.plans.device_plan import DevicePlan
from engine.generator.spec import Canvas
from tests.engine.generator.small_models import one_thread as one_thread
from tests.engine.generator.test_cuda_fake import draw_on_fake, shapes_of
from tests.engine.generator.tulip_models import small_tulip

__all__ = ["small_tulip"]
CANVASES = [Canvas(32, 32), Canvas(64, 36), Canvas(36, 64, "crop")]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    torch.compiler.reset()


@pytest.fixture(scope="module")
def tulip(small_tulip: Path) -> Source:
    return source_of(str(small_tulip))


def tensors(source: Source, frame: Frame, voices: int, scale: float = 1.0) -> list[torch.Tensor]:
    inputs = source.inputs(voices)
    inputs["w"] = inputs["w"] * np.float32(scale)
    return [torch.from_numpy(np.asarray(inputs[slot.name])) for slot in frame.slots]


@pytest.mark.parametrize("canvas", CANVASES, ids=lambda c: f"{c.width}x{c.height}")
@pytest.mark.parametrize("voices", [1, 3])
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
def test_a_frame_stays_on_the_device(tulip: Source, half: bool, voices: int, canvas: Canvas) -> None:
    frame = Frame(tulip.build(canvas, batched=True, half=half))
    assert frame.halves == half
    picture, rgba = draw_on_fake(frame, shapes_of(frame.slots, voices))
    assert picture.shape == (voices, 3, canvas.height, canvas.width) and picture.dtype == torch.float32
    assert rgba.shape == (voices, canvas.height, canvas.width, 4) and rgba.dtype == torch.uint8
    assert picture.device.type == rgba.device.type == "cuda"


@pytest.mark.parametrize("count", [2, 3])
def test_a_blend_stays_on_the_device(small_tulip: Path, count: int) -> None:
    first, *others = (source_of(str(small_tulip)).build(CANVASES[0]) for _ in range(count))
    with torch.no_grad():
        for other in others:
            for parameter in other.parameters():
                parameter.mul_(1.1)
    frame = Frame(Blended(first, others, count))
    assert draw_on_fake(frame, shapes_of(frame.slots, 2))[0].shape == (2, 3, 32, 32)


@pytest.mark.parametrize("canvas", CANVASES[:2], ids=lambda c: f"{c.width}x{c.height}")
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
def test_a_frame_is_one_graph_that_draws_the_same(tulip: Source, half: bool, canvas: Canvas) -> None:
    frame = Frame(tulip.build(canvas, batched=True, half=half))
    inputs = tensors(tulip, frame, 2)
    compiled = torch.compile(frame, fullgraph=True, dynamic=False, backend="eager")
    with torch.inference_mode():
        picture, rgba = frame(*inputs)
        again, bytes_ = compiled(*inputs)
    assert torch.equal(picture, again) and torch.equal(rgba, bytes_)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:DeprecationWarning")
def test_only_the_convolutions_are_half_and_the_full_frame_has_no_cast(tulip: Source) -> None:
    half = tulip.build(CANVASES[0], batched=True, half=True)
    names = [name for name, tensor in half.state_dict().items() if tensor.dtype == torch.float16]
    kinds = ("const", "positions", "conv0.weight", "conv0.bias", "conv1.weight", "conv1.bias")
    assert names and all(name.startswith("trunk.") and name.endswith(kinds) for name in names)
    full = Frame(tulip.build(CANVASES[0], batched=True))
    with torch.inference_mode():
        graph = torch.jit.trace(full.net, tensors(tulip, full, 1), check_trace=False).inlined_graph
    assert not any(node.kind() == "aten::to" for node in graph.nodes())


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_half_precision_stays_near(tulip: Source, scale: float) -> None:
    pictures = []
    for half in (False, True):
        frame = Frame(tulip.build(CANVASES[0], batched=True, half=half))
        with torch.inference_mode():
            pictures.append(frame(*tensors(tulip, frame, 3, scale))[0].numpy().copy())
    agreement = compare(pictures[1], pictures[0])
    assert agreement.finite and (scale > 1 or agreement.close(HALF_SIGMA["tulip"])), str(agreement)


def test_a_device_that_checks_itself_draws_it(tulip: Source) -> None:
    plan, inputs = DevicePlan(tulip, 2, CANVASES[1]), tulip.inputs(2)
    out = np.zeros((2, 36, 64, 4), np.uint8)
    plan.draw(inputs, out)
    assert plan.notes()["precision"] in ("fp16", "fp32") and out[..., :3].std() > 1
    assert np.isfinite(plan.image(inputs)).all()
