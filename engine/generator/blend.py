"""Models of one architecture as one: each layer's weights lie between those of two neighbours in a row of models."""

from collections.abc import Iterable

import torch
from torch import Tensor

from engine.generator.synthesis import Slot, Synthesis


class Blended(Synthesis):
    """The first model with its weights replaced, layer by layer, by those at a place in the row of models.

    Slots: those of the models, then `blend` (num_ws,), shared by all voices: where each layer is, 0 at the first model,
    n - 1 at the last of n; at a whole number it has that model's weights, bit for bit. Weights are blended inside the
    graph, so that the place can be played on any backend without a hitch, at the price of a pass or two over the
    weights of one model, however many there are. Between the models the layers' weights as they are kept here are
    blended: in StyleGAN3 after the normalisation of each filter, which only its scale would notice.
    All models are built with `batched=False`; voices are drawn one after another.
    """

    def __init__(self, first: Synthesis, others: Iterable[Synthesis], count: int, channels_last: bool = True) -> None:
        """others : the models behind the first, taken one at a time; count : models in all, 2 or more

        channels_last : how weights of convolutions lie in memory, where there are more than two models
        """
        super().__init__(first.spec, {}, first.canvas, batched=True, half=first.half_layers)
        self.slots = (*first.slots, Slot("blend", (first.spec.num_ws,), shared=True))
        self.net = first
        rows = _rows(first, others, count)
        self._count = count
        self._layers: list[int] = []
        self._owners: list[tuple[torch.nn.Module, str]] = []
        self._shapes: list[tuple[torch.Size, bool]] = []
        for number, name in enumerate(list(rows)):
            kept = rows.pop(name)  # gigabytes, perhaps: each goes as soon as it is laid out
            last = channels_last and kept.dim() == 5
            self._shapes.append((kept.shape[1:], last))
            if count == 2:
                self.register_buffer(f"from_{number}", kept[0].clone())
                self.register_buffer(f"to_{number}", kept[1].clone())
            else:
                lying = kept.permute(0, 1, 3, 4, 2) if last else kept
                self.register_buffer(f"rows_{number}", lying.reshape(count, -1))
            parent, _, leaf = name.rpartition(".")
            owner = first.get_submodule(parent)
            delattr(owner, leaf)  # set anew in each frame: a plain attribute, which every tracer follows
            self._owners.append((owner, leaf))
            self._layers.append(first.spec.layer_of(name))

    def forward(self, *inputs: Tensor) -> Tensor:
        *rest, blend = inputs
        below = blend.floor().clamp(0, self._count - 2)
        part = blend - below
        pairs = torch.stack([below, below + 1], 1).long()
        for number, ((owner, leaf), layer) in enumerate(zip(self._owners, self._layers, strict=True)):
            begin, end = self._ends(number, pairs[layer])
            setattr(owner, leaf, torch.lerp(begin, end, part[layer].to(end.dtype)))
        shared = [slot.shared for slot in self.slots[:-1]]
        pictures = [
            self.net(*(x if s else x[i : i + 1] for x, s in zip(rest, shared, strict=True)))
            for i in range(rest[0].shape[0])
        ]
        return pictures[0] if len(pictures) == 1 else torch.cat(pictures)

    def _ends(self, number: int, pair: Tensor) -> tuple[Tensor, Tensor]:
        """The two neighbours' weights of one tensor."""
        if self._count == 2:
            return self.get_buffer(f"from_{number}"), self.get_buffer(f"to_{number}")
        shape, last = self._shapes[number]
        taken = self.get_buffer(f"rows_{number}").index_select(0, pair)
        if last:
            taken = taken.view(2, shape[0], shape[2], shape[3], shape[1]).permute(0, 1, 4, 2, 3)
        else:
            taken = taken.view(2, *shape)
        return taken[0], taken[1]


def _rows(first: Synthesis, others: Iterable[Synthesis], count: int) -> dict[str, Tensor]:
    """Of the tensors in which any model differs from the first: those of all models, (count, ...)."""
    mine = dict(first.named_parameters()) | dict(first.named_buffers())
    rows: dict[str, Tensor] = {}
    for number, other in enumerate(others, 1):
        theirs = dict(other.named_parameters()) | dict(other.named_buffers())
        for name, own in mine.items():
            if not own.is_floating_point() or (name not in rows and torch.equal(own, theirs[name])):
                continue
            if name not in rows:
                rows[name] = own.detach().expand(count, *own.shape).clone()
            rows[name][number] = theirs[name].detach()
    return {name: rows[name] for name in mine if name in rows}
