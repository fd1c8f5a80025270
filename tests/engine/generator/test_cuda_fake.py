"""A whole frame of every family as the CUDA path draws it, on a GPU that computes no numbers."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from engine.generator.blend import Blended
from engine.generator.plans.device_frame import Feed, Frame
from engine.generator.synthesis import Slot, Synthesis
from tests.engine.generator.small_models import SPECS, canvas_of, inputs_of, source_of, tensors_of
from tests.engine.generator.small_models import one_thread as one_thread
from tests.fake_cuda import OffDeviceError, fake_cuda, moved, on_device, run_strictly


def draw_on_fake(frame: Frame, shapes: Sequence[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
    """What `DevicePlan` does for each frame: static inputs, the frame, its bytes into a slot."""
    with fake_cuda(), torch.no_grad():
        moved(frame)
        inputs = [torch.empty(shape, device="cuda") for shape in shapes]
        picture, rgba = run_strictly(frame, *inputs)
        slot = torch.empty(rgba.shape, dtype=torch.uint8, device="cuda")
        run_strictly(slot.copy_, rgba)
        return picture, rgba


def shapes_of(slots: Sequence[Slot], voices: int) -> list[tuple[int, ...]]:
    return [slot.shape if slot.shared else (voices, *slot.shape) for slot in slots]


@pytest.mark.parametrize("voices", [1, 3])
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
@pytest.mark.parametrize("family", SPECS)
def test_a_frame_stays_on_the_device(family: str, half: bool, voices: int) -> None:
    spec = SPECS[family]()
    frame = Frame(source_of(spec).build(canvas_of(spec), batched=True, half=half))
    assert frame.halves == half
    picture, rgba = draw_on_fake(frame, shapes_of(frame.slots, voices))
    assert picture.shape == (voices, 3, spec.height, spec.width) and picture.dtype == torch.float32
    assert rgba.shape == (voices, spec.height, spec.width, 4) and rgba.dtype == torch.uint8
    assert picture.device.type == rgba.device.type == "cuda"


@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
@pytest.mark.parametrize("family", SPECS)
def test_a_frame_of_one_voice_by_its_weights_stays_on_the_device(family: str, half: bool) -> None:
    spec = SPECS[family]()
    frame = Frame(source_of(spec).build(canvas_of(spec), batched=False, half=half))
    assert draw_on_fake(frame, shapes_of(frame.slots, 1))[1].device.type == "cuda"


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "fp16"])
@pytest.mark.parametrize("family", ["stylegan2 skip", "stylegan3-t", "biggan", "progan"])
def test_a_blend_of_models_stays_on_the_device(family: str, half: bool, count: int) -> None:
    spec = SPECS[family]()
    first, *others = (
        source_of(spec, tensors_of(spec, seed)).build(canvas_of(spec), batched=False, half=half)
        for seed in range(count)
    )
    frame = Frame(Blended(first, others, count, channels_last=False))
    picture, _ = draw_on_fake(frame, shapes_of(frame.slots, 2))
    assert picture.shape == (2, 3, spec.height, spec.width) and picture.device.type == "cuda"


@pytest.mark.parametrize("family", SPECS)
def test_a_frame_is_repeated_with_the_same_shapes_and_strides(family: str) -> None:
    spec = SPECS[family]()
    frame = Frame(source_of(spec).build(canvas_of(spec), batched=True, half=True))
    with fake_cuda(), torch.no_grad():
        moved(frame)
        inputs = [torch.empty(shape, device="cuda") for shape in shapes_of(frame.slots, 2)]
        one, two = (run_strictly(frame, *inputs) for _ in range(2))
    assert [t.stride() for t in one] == [t.stride() for t in two]


def test_the_harness_keeps_strides() -> None:
    tensor = torch.empty(2, 8, 4, 4, dtype=torch.float16).contiguous(memory_format=torch.channels_last)
    with FakeTensorMode():
        fake = on_device(tensor)
    assert fake.stride() == tensor.stride() and fake.dtype == torch.float16 and fake.device.type == "cuda"


# What would fail


class Toy(Synthesis):
    """A frame in half precision, with one thing wrong where `spoil` says so."""

    def __init__(self, spoil: str = "") -> None:
        nn.Module.__init__(self)
        self.slots = (Slot("w", (1, 8)),)
        self.spoil = spoil
        self.register_buffer("weight", torch.randn(3, 8, 3, 3).half())
        self.register_buffer("const", torch.randn(1, 8, 16, 16))
        self.plain = torch.randn(1, 3, 1, 1)  # not a buffer: `.to(device)` leaves it behind

    def forward(self, w: Tensor) -> Tensor:
        x = self.const * w[:, 0, :, None, None]
        x = x if self.spoil == "fp32 into fp16" else x.half()
        y = nn.functional.conv2d(x, self.weight, padding=1).float()
        match self.spoil:
            case "constant that is no buffer":
                y = y + self.plain
            case "constant made on the host":
                y = y * torch.linspace(0.0, 1.0, 16)
            case "constant copied from the host":
                y = y * torch.tensor([0.5], device=y.device)
            case "scalar tensor of the host":
                y = y * torch.tensor(0.5)
            case "number read back":
                y = y / y.abs().max().item()
            case "branch on a value":
                y = y if y.sum() > 0 else -y
            case "picture on the host":
                y = y.cpu()
            case "random numbers":
                y = y + torch.randn_like(y)
            case "noise drawn in place":
                y = y + torch.empty_like(y).normal_()
            case "product of two types":
                y = torch.matmul(y, torch.ones(16, 16, device=y.device).half())
        return y


def test_the_toy_itself_passes() -> None:
    assert draw_on_fake(Frame(Toy()), [(2, 1, 8)])[1].shape == (2, 16, 16, 4)


@pytest.mark.parametrize(
    "spoil",
    [
        "constant that is no buffer", "constant made on the host", "constant copied from the host",
        "scalar tensor of the host", "number read back", "branch on a value", "picture on the host", "random numbers",
        "noise drawn in place", "product of two types", "fp32 into fp16",
    ],
)  # fmt: skip
def test_a_broken_frame_is_found(spoil: str) -> None:
    with pytest.raises((OffDeviceError, DataDependentOutputException, RuntimeError)) as caught:
        draw_on_fake(Frame(Toy(spoil)), [(2, 1, 8)])
    assert "not linked" not in str(caught.value), "the harness refused, not the law"


@pytest.mark.parametrize("family", SPECS)
def test_a_frame_with_one_tensor_left_on_the_host_is_found(family: str) -> None:
    spec = SPECS[family]()
    names = [name for name, _ in source_of(spec).build(canvas_of(spec), batched=True).named_buffers()]
    for name in (names[0], [name for name in names if name.endswith("weight")][-1]):
        frame = Frame(source_of(spec).build(canvas_of(spec), batched=True))
        with pytest.raises((OffDeviceError, RuntimeError)), fake_cuda(), torch.no_grad():
            moved(frame)
            place, _, leaf = name.rpartition(".")
            buffers = frame.net.get_submodule(place)._buffers
            left = buffers[leaf]
            assert left is not None
            buffers[leaf] = torch.empty(left.shape, dtype=left.dtype)
            run_strictly(frame, *(torch.empty(s, device="cuda") for s in shapes_of(frame.slots, 2)))


def test_numbers_come_in_at_the_feed_and_nowhere_else() -> None:
    def copies(function: Callable[[], object]) -> bool:
        try:
            run_strictly(function)
        except OffDeviceError:
            return True
        return False

    with fake_cuda():
        tensor = torch.empty(3, device="cuda")
        assert copies(lambda: tensor.copy_(torch.zeros(3)))
        assert not copies(lambda: tensor.copy_(torch.empty(3, device="cuda")))


def test_the_feed_copies_the_newest_numbers_into_the_same_tensors() -> None:
    spec = SPECS["stylegan3-t"]()
    slots = source_of(spec).build(canvas_of(spec), batched=True).slots
    feed = Feed(slots, 2, torch.device("cpu"))
    before = [tensor.data_ptr() for tensor in feed.tensors]
    for seed in (1, 2):
        inputs = inputs_of(spec, 2, seed)
        feed(inputs)
        for slot, tensor in zip(slots, feed.tensors, strict=True):
            assert np.array_equal(tensor.numpy(), inputs[slot.name])
    assert [tensor.data_ptr() for tensor in feed.tensors] == before
    with pytest.raises(ValueError, match="broadcast"):
        feed({**inputs_of(spec, 2), "w": np.zeros((3, spec.num_ws, spec.w_dim), np.float32)})
