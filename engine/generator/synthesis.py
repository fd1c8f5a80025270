"""What every family's synthesis must be: a plain torch module with static shapes, that every backend can take."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.generator.spec import Canvas, Spec


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of a synthesis: its name and its shape without the voices in front.

    shared : one value for all voices, with no voices in front
    """

    name: str
    shape: tuple[int, ...]
    shared: bool = False


class Synthesis(nn.Module):
    """w (voices, num_ws, w_dim) and the other slots -> picture (voices, 3, height, width) float32, about -1..1.

    Sub-modules are named as the reference's are, so that features can be asked for by their usual names. `forward`
    takes the slots in their order; it allocates no random numbers, reads nothing back to the host, has no branch on a
    value, and every constant is a buffer.
    """

    slots: tuple[Slot, ...]  # the first is w

    def __init__(
        self, spec: Spec, tensors: Mapping[str, Tensor], canvas: Canvas, *, batched: bool = False, half: bool = False
    ) -> None:
        """Build from canonical tensors.

        batched : modulate activations, for any number of voices; else weights, for one voice at a time (faster there)
        half : the layers that the checkpoint itself keeps in fp16 run in fp16 and channels_last, the rest in fp32
        """
        super().__init__()
        self.spec, self.canvas, self.batched, self.half_layers = spec, canvas, batched, half

    def forward(self, *inputs: Tensor) -> Tensor:
        raise NotImplementedError

    @torch.no_grad()
    def set_noise(self, seed: int | None) -> None:
        """Another draw of the noise that is fixed per pixel; None gives the model's own back. Nothing without noise."""

    def suit_openvino(self) -> None:
        """Compute the same in the way that OpenVINO compiles best, from now on. Nothing where there is one way."""
