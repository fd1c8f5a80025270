"""Two models of one architecture as one: each layer's weights lie between theirs."""

import torch
from torch import Tensor

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
        super().__init__(first.spec, {}, first.canvas, batched=True, half=first.half_layers)
        self.slots = (*first.slots, Slot("blend", (first.spec.num_ws,), shared=True))
        self.net = first
        self._layers: list[int] = []
        self._owners: list[tuple[torch.nn.Module, str]] = []
        others = dict(second.named_parameters()) | dict(second.named_buffers())
        for name, mine in (dict(first.named_parameters()) | dict(first.named_buffers())).items():
            theirs = others[name]
            if not mine.is_floating_point() or torch.equal(mine, theirs):
                continue
            number = len(self._layers)
            self.register_buffer(f"from_{number}", mine.detach())
            self.register_buffer(f"way_{number}", (theirs.detach().float() - mine.detach().float()).to(mine.dtype))
            parent, _, leaf = name.rpartition(".")
            owner = first.get_submodule(parent)
            delattr(owner, leaf)  # set anew in each frame: a plain attribute, which every tracer follows
            self._owners.append((owner, leaf))
            self._layers.append(first.spec.layer_of(name))

    def forward(self, *inputs: Tensor) -> Tensor:
        *rest, blend = inputs
        for number, ((owner, leaf), layer) in enumerate(zip(self._owners, self._layers, strict=True)):
            begin, way = self.get_buffer(f"from_{number}"), self.get_buffer(f"way_{number}")
            setattr(owner, leaf, begin + way * blend[layer].to(way.dtype))
        shared = [slot.shared for slot in self.slots[:-1]]
        pictures = [
            self.net(*(x if s else x[i : i + 1] for x, s in zip(rest, shared, strict=True)))
            for i in range(rest[0].shape[0])
        ]
        return pictures[0] if len(pictures) == 1 else torch.cat(pictures)
