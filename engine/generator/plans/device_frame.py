"""One frame as a pure function of tensors on one device: static inputs -> picture -> RGBA8."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.generator.plan import Inputs
from engine.generator.synthesis import Slot, Synthesis


def to_rgba(picture: Tensor) -> Tensor:
    """(voices, 3, height, width) float32 -> (voices, height, width, 4) uint8, alpha 255.

    trunc(clamp(127.5 x + 128, 0, 255)), the convention of the StyleGAN sources. The cast to bytes truncates.
    """
    levels = (picture * 127.5 + 128.0).clamp(0.0, 255.0).permute(0, 2, 3, 1)
    return nn.functional.pad(levels, (0, 1), value=255.0).to(torch.uint8)


class Frame(nn.Module):
    """A synthesis with the conversion behind it: all of a frame that a graph can hold."""

    def __init__(self, net: Synthesis) -> None:
        super().__init__()
        self.net = net

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What goes in, in order."""
        return self.net.slots

    @property
    def halves(self) -> bool:
        """Whether any layer computes in fp16."""
        tensors = (*self.net.parameters(), *self.net.buffers())
        return any(tensor.dtype == torch.float16 for tensor in tensors)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The picture (voices, 3, height, width) float32, and its bytes (voices, height, width, 4)."""
        picture = self.net(*inputs)
        return picture, to_rgba(picture)


class Feed:
    """The static inputs of a frame on its device, and the host memory they are copied from."""

    def __init__(self, slots: Sequence[Slot], voices: int, device: torch.device) -> None:
        shapes = [slot.shape if slot.shared else (voices, *slot.shape) for slot in slots]
        pinned = device.type == "cuda"  # only then does a copy not wait
        host = [torch.zeros(shape, pin_memory=pinned) for shape in shapes]
        self.tensors = tuple(torch.zeros(shape, device=device) for shape in shapes)
        self._pairs = tuple(zip(self.tensors, host, strict=True))
        self._rows = tuple((slot.name, tensor.numpy()) for slot, tensor in zip(slots, host, strict=True))

    def __call__(self, inputs: Inputs) -> None:
        """Copy the newest numbers in, in the order of the stream; wait for it before the next call."""
        for name, row in self._rows:
            np.copyto(row, inputs[name])
        for tensor, host in self._pairs:
            tensor.copy_(host, non_blocking=True)


def to_numpy(picture: Tensor) -> NDArray[np.float32]:
    """A copy on the host; waits for the device."""
    return picture.float().cpu().numpy().copy()
