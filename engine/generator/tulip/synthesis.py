"""The tulip's synthesis in torch: the trunk draws maps, the head makes them a picture of any size."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.generator.spec import Canvas
from engine.generator.synthesis import Slot, Synthesis
from engine.generator.tulip.dress import DRESSES
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import GROUND
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.trunk import Trunk, resized
from engine.generator.tulip.window import Axis, Window


class TulipSynthesis(Synthesis):
    """w (voices, num_ws, w_dim), sharp () -> picture (voices, 3, height, width), -1..1.

    batched : makes no difference here; weights are the same for all voices
    half : the trunk's convolutions in fp16; maps, palette and head in fp32
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
        if half:
            self.trunk.halve()
        self.placed = Placed(canvas, spec.maps_side)
        self.head = Head(canvas.height, canvas.width, DRESSES[spec.dress])

    def forward(self, *inputs: Tensor) -> Tensor:
        w, sharp = inputs
        maps = self.placed(self.trunk(w))
        palette: Tensor = self.trunk.palette(w[:, -1])
        picture: Tensor = self.head(maps, palette, sharp)
        return picture * 2.0 - 1.0


class Placed(nn.Module):
    """Maps (n, MAPS, points, points) -> as the canvas shows them (n, MAPS, height, width): see `window`."""

    fade: Tensor

    def __init__(self, canvas: Canvas, points: int) -> None:
        super().__init__()
        self.canvas, window = canvas, Window.of(canvas)
        rows, columns = window.rows(canvas.height, points), window.columns(canvas.width, points)
        self.rows, self.columns = Along(rows), Along(columns)
        self.register_buffer("fade", torch.from_numpy(rows.fade[:, None] + columns.fade))

    def forward(self, maps: Tensor) -> Tensor:
        if self.canvas.width == self.canvas.height:
            return resized(maps, self.canvas.height, self.canvas.width)
        ground = self.rows.folded.T @ maps[:, GROUND:] @ self.columns.folded
        maps = maps[:, :GROUND].index_select(2, self.rows.held).index_select(3, self.columns.held)
        maps = torch.cat([maps[:, :1] + self.fade, maps[:, 1:], ground], 1)
        above, below = maps.index_select(2, self.rows.first), maps.index_select(2, self.rows.second)
        maps = torch.lerp(above, below, self.rows.share[:, None])
        left, right = maps.index_select(3, self.columns.first), maps.index_select(3, self.columns.second)
        return torch.lerp(left, right, self.columns.share)


class Along(nn.Module):
    """An `Axis` on a device. Each pixel lies `share` of the way from the first to the second point beside it."""

    held: Tensor
    folded: Tensor
    first: Tensor
    second: Tensor
    share: Tensor

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        first, share = axis.taps()
        parts = {"held": axis.held, "folded": axis.folded, "first": first, "second": first + 1, "share": share}
        for name, array in parts.items():
            self.register_buffer(name, torch.from_numpy(array))


def trunk_of(spec: TulipSpec, tensors: Mapping[str, Tensor]) -> Trunk:
    """The trunk with the weights of canonical tensors."""
    with torch.device("meta"):  # random numbers that nothing would use are not drawn
        net = Trunk(spec.channels, spec.w_dim, spec.layout, spec.palette_hidden)
    own = {name.removeprefix("synthesis."): t for name, t in tensors.items() if name.startswith("synthesis.")}
    net.load_state_dict(own, assign=True)
    return net
