"""The tulip in two passes: a network that draws its maps and palette, and compiled code that makes them a picture."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from engine.generator.spec import Canvas
from engine.generator.synthesis import Slot, Synthesis
from engine.generator.tulip.maps import PALETTE
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.synthesis import trunk_of


class TulipMaps(Synthesis):
    """w (voices, num_ws, w_dim) -> (voices, MAPS + 1, side, side): the maps, and a plane that begins with the palette.

    What `finisher.TulipFinisher` makes the picture of. The palette comes the same way as the maps, so that whatever is
    done to the network (two models blended, a layer bent) is done to it too.
    """

    spec: TulipSpec

    def __init__(
        self,
        spec: TulipSpec,
        tensors: Mapping[str, Tensor],
        canvas: Canvas,
        *,
        batched: bool = False,
        half: bool = False,
    ) -> None:
        super().__init__(spec, tensors, canvas, batched=batched, half=half)
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)),)
        self.trunk = trunk_of(spec, tensors)

    def forward(self, *inputs: Tensor) -> Tensor:
        (w,) = inputs
        side = self.spec.maps_side
        palette = self.trunk.palette(w[:, -1])
        plane = functional.pad(palette, (0, side * side - len(PALETTE))).view(-1, 1, side, side)
        return torch.cat([self.trunk(w), plane], 1)
