"""Two models of one architecture as one: each layer's weights lie between theirs."""

import torch
from torch import Tensor
from torch.func import functional_call

from engine.generator.synthesis import Slot, Synthesis


class Blended(Synthesis):
    """The first model with its weights drawn towards the second's, layer by layer.

    Slots: those of the models, then `blend` (num_ws,), shared by all voices: 0 is the first model, 1 the second, in
    every layer by itself. Weights are blended inside the graph, so that the amount can be played on any backend at the
    price of one pass over the weights. Between the ends the layers' weights as they are kept here are blended: in
    StyleGAN3 after the normalisation of each filter, which only its scale would notice.
    Both models are built with `batched=False`; voices are drawn one after another.
    """

    def __init__(self, first: Synthesis, second: Synthesis) -> None:
        super(Synthesis, self).__init__()
        self.spec, self.canvas, self.batched, self.half_layers = first.spec, first.canvas, True, first.half_layers
        self.slots = (*first.slots, Slot("blend", (first.spec.num_ws,), shared=True))
        self._net = first
        self._names: list[tuple[str, str, int]] = []
        others = dict(second.named_parameters()) | dict(second.named_buffers())
        mine = dict(first.named_parameters()) | dict(first.named_buffers())
        for name, tensor in mine.items():
            if not tensor.is_floating_point() or torch.equal(tensor, others[name]):
                continue
            place = f"way_{len(self._names)}"
            self.register_buffer(place, (others[name].float() - tensor.float()).to(tensor.dtype))
            self._names.append((name, place, first.spec.layer_of(name)))

    def forward(self, *inputs: Tensor) -> Tensor:
        *rest, blend = inputs
        own = dict(self._net.named_parameters()) | dict(self._net.named_buffers())
        between = {
            name: torch.addcmul(own[name], self.get_buffer(place), blend[layer].to(own[name].dtype))
            for name, place, layer in self._names
        }
        shared = [slot.shared for slot in self._net.slots]
        pictures = [
            functional_call(
                self._net, between, tuple(x if s else x[i : i + 1] for x, s in zip(rest, shared, strict=True))
            )
            for i in range(rest[0].shape[0])
        ]
        return pictures[0] if len(pictures) == 1 else torch.cat(pictures)
