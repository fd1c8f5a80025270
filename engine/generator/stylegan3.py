"""StyleGAN3, both configurations, at any size: a picture as signal on a grid that can be moved under it."""

from collections.abc import Mapping
from typing import cast

from torch import Tensor

from engine.generator.spec import Canvas, Spec
from engine.generator.stylegan3_layers import Filtered, Waves
from engine.generator.stylegan3_spec import StyleGAN3Spec
from engine.generator.synthesis import Slot, Synthesis


class StyleGAN3(Synthesis):
    """w (voices, num_ws, w_dim) and transform (3, 3), one for all voices -> picture (voices, 3, height, width).

    A larger canvas shows more of the plane: the native picture is in its middle and the waves go on around it. A
    smaller one is cropped. The canvas's `fit` means nothing here: there is no constant to resize or to tile.
    Karras et al. 2021, "Alias-free generative adversarial networks".
    """

    def __init__(
        self, spec: Spec, tensors: Mapping[str, Tensor], canvas: Canvas, *, batched: bool = False, half: bool = False
    ) -> None:
        super().__init__(spec, tensors, canvas, batched=batched, half=half)
        drawn = cast(StyleGAN3Spec, spec).at(canvas.width, canvas.height)
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)), Slot("transform", (3, 3), shared=True))
        self.input = Waves(drawn.fourier, tensors)
        self._layers = tuple(Filtered(layer, tensors, batched=batched, half=half) for layer in drawn.layers)
        for layer, module in zip(drawn.layers, self._layers, strict=True):
            self.add_module(layer.name, module)
        self._scale, self._channels = drawn.output_scale, drawn.layers[-1].out_channels
        self._left, self._top = (drawn.width - canvas.width) // 2, (drawn.height - canvas.height) // 2

    def forward(self, *inputs: Tensor) -> Tensor:
        w, transform = inputs
        each = w.unbind(1)
        x: Tensor = self.input(each[0], transform)
        for layer, own in zip(self._layers, each[1:], strict=True):
            x = layer(x, own)
        x = x.narrow(2, self._top, self.canvas.height).narrow(3, self._left, self.canvas.width)
        x = (x * self._scale).float()
        if self._channels == 1:
            return x.expand(-1, 3, -1, -1)
        return x if self._channels == 3 else x.narrow(1, 0, 3)
