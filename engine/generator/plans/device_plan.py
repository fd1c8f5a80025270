"""Eager drawing on one device that checks itself: fp16 where the checkpoint has it and the device computes it right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import DeviceError
from engine.generator.plan import Inputs, Plan, Source
from engine.generator.plans.agreement import HALF_SIGMA, LEVELS, compare, levels_apart
from engine.generator.plans.device_frame import Feed, Frame, to_numpy
from engine.generator.spec import Canvas

Draw = Callable[..., tuple[Tensor, Tensor]]  # a frame, or a compiled one

SLOTS = 2  # a frame may leave one while the next is drawn into the other


class DevicePlan(Plan):
    """All voices as one batch. At the start the fixed inputs of the source are drawn in fp32 and in fp16.

    Where they disagree (`agreement.HALF_SIGMA`), or fp16 overflows, the fp32 layers draw the show; `notes` says which
    and by how much. DeviceError where the device has too little memory.
    """

    backend = "eager"
    half_families: tuple[str, ...] = tuple(HALF_SIGMA)

    def __init__(self, source: Source, voices: int, canvas: Canvas, device: str = "cpu") -> None:
        self.device = device
        self._on = torch.device(device)
        self._notes: dict[str, object] = {}
        self._voices, self._canvas = voices, canvas
        self._turn = 0
        with remedied(device, voices, canvas), torch.inference_mode():
            self._set_up(source)

    def _set_up(self, source: Source) -> None:
        """Everything that a frame needs; leaves the fixed inputs in the feed."""
        full = self._build(source, half=False)
        self._feed = Feed(full.slots, self._voices, self._on)
        self._fixed = source.inputs(self._voices)
        self._feed(self._fixed)
        shape = (self._voices, self._canvas.height, self._canvas.width, 4)
        self._slots = [torch.empty(shape, dtype=torch.uint8, device=self._on) for _ in range(SLOTS)]
        self._frame = self._choose_precision(source, full)
        self._check_bytes()

    def _build(self, source: Source, half: bool) -> Frame:
        # Activations are modulated, for any number of voices: weights stay constant and a graph holds fewer kernels.
        net = source.build(self._canvas, batched=True, half=half)
        return Frame(net.eval().requires_grad_(False).to(self._on))

    def _choose_precision(self, source: Source, full: Frame) -> Frame:
        """The fp16 frame where it agrees with the fp32 one."""
        self._notes["precision"] = "fp32"
        family = full.net.spec.family
        half = self._build(source, half=True) if family in self.half_families else full
        if not half.halves:
            self._notes["fp16"] = "the checkpoint has no fp16 layers"
            return full
        true = to_numpy(full(*self._feed.tensors)[0])
        agreement = compare(to_numpy(half(*self._feed.tensors)[0]), true)
        limit_sigma = HALF_SIGMA[family]
        if agreement.close(limit_sigma):
            self._notes |= {"precision": "fp16", "fp16": f"against fp32: {agreement}"}
            return half
        self._notes["fp16"] = f"not used: {agreement}; allowed are {limit_sigma:g}"
        return full

    def _check_bytes(self) -> None:
        """DeviceError unless the device draws a picture, and turns it into the bytes that the processor makes of it."""
        picture = to_numpy(self._run(0))
        remedy = "update its driver and torch, or choose --device cpu"
        if not np.isfinite(picture).all():
            raise DeviceError(f"{self.device} computes wrong pictures, with numbers that are not finite: {remedy}")
        apart = levels_apart(self._slots[0].cpu().numpy(), picture)
        if apart > LEVELS:
            raise DeviceError(f"{self.device} makes wrong bytes, {apart} of 255 levels off: {remedy}")
        self._notes["bytes"] = f"at most {apart} of 255 levels from the processor's"

    def _run(self, slot: int) -> Tensor:
        """Draw what the feed holds into a slot; the picture of floats, valid until the next call."""
        return self._draw_with(self._frame, slot)

    def _draw_with(self, frame: Draw, slot: int) -> Tensor:
        picture, rgba = frame(*self._feed.tensors)
        self._emit(rgba, slot)
        return picture

    def _emit(self, rgba: Tensor, slot: int) -> None:
        """Leave the bytes where they outlive the frame."""
        self._slots[slot].copy_(rgba)

    def _next(self) -> int:
        self._turn = (self._turn + 1) % len(self._slots)
        return self._turn

    @torch.inference_mode()
    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        self._feed(inputs)
        slot = self._next()
        self._run(slot)
        torch.from_numpy(out).copy_(self._slots[slot])

    @torch.inference_mode()
    def image(self, inputs: Inputs) -> NDArray[np.float32]:
        self._feed(inputs)
        return to_numpy(self._run(self._next()))

    def notes(self) -> dict[str, object]:
        return dict(self._notes)


@contextmanager
def remedied(device: str, voices: int, canvas: Canvas) -> Iterator[None]:
    """Say what to do where a device has too little memory."""
    try:
        yield
    except RuntimeError as error:  # CUDA's out-of-memory error is one; Apple's has no class of its own
        if "out of memory" not in str(error).lower():
            raise
        many = f"{voices} voices" if voices > 1 else "one picture"
        raise DeviceError(
            f"{device} has too little free memory for {many} of {canvas.width}x{canvas.height}: close other programs "
            "that use it, set [generator] size smaller, play fewer voices, or choose --device cpu"
        ) from error
