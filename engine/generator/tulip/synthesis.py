"""The tulip's synthesis in torch: the trunk draws maps, the head makes them a picture of any size."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from engine.generator.spec import Canvas
from engine.generator.synthesis import Slot, Synthesis
from engine.generator.tulip.head import Head
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.trunk import Trunk, resized
from engine.generator.tulip.window import Window


class TulipSynthesis(Synthesis):
    """w (voices, num_ws, w_dim), sharp () -> picture (voices, 3, height, width), -1..1.

    batched : makes no difference here; weights are the same for all voices
    """

    spec: TulipSpec
    fade: Tensor

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
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)), Slot("sharp", (), shared=True))
        self.trunk = trunk(spec, tensors)
        self.head = Head(canvas.height, canvas.width)
        self.window = Window.of(canvas)
        self.register_buffer("fade", torch.from_numpy(self.window.fade(canvas.width, canvas.height)))

    def forward(self, *inputs: Tensor) -> Tensor:
        w, sharp = inputs
        maps = self.placed(self.trunk(w))
        palette: Tensor = self.trunk.palette(w[:, -1])
        picture: Tensor = self.head(maps, palette, sharp)
        return picture * 2.0 - 1.0

    def placed(self, maps: Tensor) -> Tensor:
        """Maps (voices, MAPS, side, side) as the canvas shows them: the ground goes on around the flower."""
        window, canvas = self.window, self.canvas
        maps = resized(maps, window.side, window.side)
        right, below = canvas.width - window.left - window.side, canvas.height - window.top - window.side
        maps = functional.pad(maps, (window.left, right, window.top, below), mode="replicate")
        return torch.cat([maps[:, :1] + self.fade, maps[:, 1:]], 1)


def trunk(spec: TulipSpec, tensors: Mapping[str, Tensor]) -> Trunk:
    """The trunk with the weights of canonical tensors."""
    with torch.device("meta"):  # random numbers that nothing would use are not drawn
        net = Trunk(spec.channels, spec.w_dim, spec.layout, spec.palette_hidden)
    own = {name.removeprefix("synthesis."): t for name, t in tensors.items() if name.startswith("synthesis.")}
    net.load_state_dict(own, assign=True)
    return net
