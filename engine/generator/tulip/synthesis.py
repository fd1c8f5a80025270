"""The tulip's synthesis in torch: the trunk draws maps, the head makes them a picture of any size."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.generator.spec import Canvas
from engine.generator.synthesis import Slot, Synthesis
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import GROUND
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.trunk import Trunk, resized
from engine.generator.tulip.window import Window


class TulipSynthesis(Synthesis):
    """w (voices, num_ws, w_dim), sharp () -> picture (voices, 3, height, width), -1..1.

    batched : makes no difference here; weights are the same for all voices
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
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)), Slot("sharp", (), shared=True))
        self.trunk = trunk_of(spec, tensors)
        self.placed = Placed(canvas, spec.maps_side)
        self.head = Head(canvas.height, canvas.width)

    def forward(self, *inputs: Tensor) -> Tensor:
        w, sharp = inputs
        maps = self.placed(self.trunk(w))
        palette: Tensor = self.trunk.palette(w[:, -1])
        picture: Tensor = self.head(maps, palette, sharp)
        return picture * 2.0 - 1.0


class Placed(nn.Module):
    """Maps (n, MAPS, points, points) -> as the canvas shows them (n, MAPS, height, width): see `window`."""

    def __init__(self, canvas: Canvas, points: int) -> None:
        super().__init__()
        self.canvas, window = canvas, Window.of(canvas)
        rows, columns = window.rows(canvas.height, points), window.columns(canvas.width, points)
        self.square = canvas.width == canvas.height
        self.register_buffer("fade", torch.from_numpy(rows.fade[:, None] + columns.fade))
        for name, axis in (("rows", rows), ("columns", columns)):
            below, share = axis.taps()
            parts = {"held": axis.held, "folded": axis.folded, "below": below, "next": below + 1, "share": share}
            for part, array in parts.items():
                self.register_buffer(f"{name}_{part}", torch.from_numpy(array))

    def forward(self, maps: Tensor) -> Tensor:
        if self.square:
            return resized(maps, self.canvas.height, self.canvas.width)
        ground = self.rows_folded.T @ maps[:, GROUND:] @ self.columns_folded
        maps = maps[:, :GROUND].index_select(2, self.rows_held).index_select(3, self.columns_held)
        maps = torch.cat([maps[:, :1] + self.fade, maps[:, 1:], ground], 1)
        lower, upper = maps.index_select(2, self.rows_below), maps.index_select(2, self.rows_next)
        maps = torch.lerp(lower, upper, self.rows_share[:, None])
        left, right = maps.index_select(3, self.columns_below), maps.index_select(3, self.columns_next)
        return torch.lerp(left, right, self.columns_share)


def trunk_of(spec: TulipSpec, tensors: Mapping[str, Tensor]) -> Trunk:
    """The trunk with the weights of canonical tensors."""
    with torch.device("meta"):  # random numbers that nothing would use are not drawn
        net = Trunk(spec.channels, spec.w_dim, spec.layout, spec.palette_hidden)
    own = {name.removeprefix("synthesis."): t for name, t in tensors.items() if name.startswith("synthesis.")}
    net.load_state_dict(own, assign=True)
    return net
