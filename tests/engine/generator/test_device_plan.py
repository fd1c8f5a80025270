"""The plan that GPUs share, drawing on the processor: what it chooses, and what it says."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.errors import DeviceError
from engine.generator.plan import Source
from engine.generator.plans.agreement import rgba_of
from engine.generator.plans.cuda import CudaPlan
from engine.generator.plans.device_plan import DevicePlan
from engine.generator.plans.mps import MpsPlan
from engine.generator.spec import Canvas
from engine.generator.synthesis import Synthesis
from tests.engine.generator.small_models import SPECS, canvas_of, inputs_of, source_of
from tests.engine.generator.small_models import one_thread as one_thread

SPEC = SPECS["stylegan2 skip"]()


def plan_of(change: Callable[[Tensor], Tensor] | None = None, voices: int = 1) -> DevicePlan:
    """A plan of a small model whose fp16 picture is changed."""
    source = source_of(SPEC)

    def build(canvas: Canvas, *, batched: bool = False, half: bool = False) -> Synthesis:
        net = source.build(canvas, batched=batched, half=half)
        if half and change is not None:
            net.register_forward_hook(lambda _net, _inputs, picture: change(picture))
        return net

    return DevicePlan(Source("changed", build, source.inputs, source.gflop), voices, canvas_of(SPEC))


@pytest.mark.parametrize("family", SPECS)
def test_a_frame_is_the_bytes_of_its_picture_for_every_family(family: str) -> None:
    spec = SPECS[family]()
    plan = DevicePlan(source_of(spec), 2, canvas_of(spec))
    out = np.zeros((2, spec.height, spec.width, 4), np.uint8)
    inputs = inputs_of(spec, 2, seed=5)
    plan.draw(inputs, out)
    picture = plan.image(inputs)
    assert picture.shape == (2, 3, spec.height, spec.width) and picture.dtype == np.float32
    assert np.abs(out.astype(int) - rgba_of(picture)).max() <= 1
    plan.draw(inputs_of(spec, 2, seed=6), out)
    assert (out[..., 3] == 255).all() and np.abs(out.astype(int) - rgba_of(picture)).max() > 1


def test_voices_do_not_touch_each_other() -> None:
    plan, alone = plan_of(voices=2), plan_of()
    inputs = inputs_of(SPEC, 2, seed=5)
    both = plan.image(inputs)
    for voice in range(2):
        one = alone.image({**inputs, "w": inputs["w"][voice : voice + 1]})
        assert np.abs(one[0] - both[voice]).max() < 1e-2 * both.std()


def test_a_picture_that_was_given_is_not_overwritten_by_the_next() -> None:
    plan = plan_of()
    first = plan.image(inputs_of(SPEC, 1, seed=1))
    kept = first.copy()
    plan.image(inputs_of(SPEC, 1, seed=2))
    assert np.array_equal(first, kept)


def test_half_precision_that_agrees_is_used() -> None:
    notes = plan_of().notes()
    assert notes["precision"] == "fp16" and "against fp32: rms" in str(notes["fp16"])


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.masked_fill(picture > picture.max() - 1e-6, float("nan")),
        lambda picture: picture / 0.0,
        lambda picture: picture * 1.1,
        lambda picture: picture.roll(1, -1),
    ],
    ids=["one NaN", "overflow", "too bright", "shifted"],
)
def test_half_precision_that_disagrees_is_not_used_and_the_show_goes_on_in_full(
    change: Callable[[Tensor], Tensor],
) -> None:
    plan = plan_of(change)
    notes = plan.notes()
    assert notes["precision"] == "fp32" and str(notes["fp16"]).startswith("not used: ")
    inputs = inputs_of(SPEC, 1, seed=9)
    net = source_of(SPEC).build(canvas_of(SPEC), batched=True)
    with torch.no_grad():
        true = net(*(torch.from_numpy(np.asarray(inputs[slot.name])) for slot in net.slots)).numpy()
    assert np.array_equal(plan.image(inputs), true)


def test_a_device_that_computes_no_picture_at_all_is_refused() -> None:
    source = source_of(SPEC)
    broken = {**source.inputs(1), "w": np.full_like(source.inputs(1)["w"], np.nan)}
    with pytest.raises(DeviceError, match="wrong pictures.*--device cpu"):
        DevicePlan(Source("nan", source.build, lambda voices: broken, source.gflop), 1, canvas_of(SPEC))


def test_too_little_memory_is_said_with_what_to_do() -> None:
    def build(canvas: Canvas, *, batched: bool = False, half: bool = False) -> Synthesis:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    source = source_of(SPEC)
    with pytest.raises(DeviceError, match="too little free memory for 3 voices of 4096x2048: .*size smaller"):
        DevicePlan(Source("large", build, source.inputs, source.gflop), 3, Canvas(4096, 2048))


def test_a_mistake_is_not_taken_for_too_little_memory() -> None:
    def build(canvas: Canvas, *, batched: bool = False, half: bool = False) -> Synthesis:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    source = source_of(SPEC)
    with pytest.raises(RuntimeError, match="mat1"):
        DevicePlan(Source("wrong", build, source.inputs, source.gflop), 1, Canvas(32, 32))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_without_a_cuda_device_the_plan_says_so() -> None:
    with pytest.raises(DeviceError, match="no CUDA device here.*--device cpu"):
        CudaPlan(source_of(SPEC), 1, canvas_of(SPEC))


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="an Apple GPU is here")
def test_without_an_apple_gpu_the_plan_says_so() -> None:
    with pytest.raises(DeviceError, match="no Apple GPU here.*--device cpu"):
        MpsPlan(source_of(SPEC), 1, canvas_of(SPEC))
