"""Places that are moved while learning, in z or w, with gradients back to how far each was moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from engine.latent.directions import Direction
from engine.studio.learn.subject import Sample, Subject

Space = Literal["z", "w"]


@dataclass(frozen=True, slots=True)
class Move:
    """What of a place is moved.

    layers : of w; None is all. In z the bands that hold one of them follow
    shell : each place keeps its own distance from the middle, in z; never that of a whole batch
    """

    space: Space = "z"
    layers: tuple[int, ...] | None = None
    shell: bool = False


class Places:
    """Places of a model that can be moved together; each row is on its own, whatever lies beside it."""

    def __init__(self, subject: Subject, sample: Sample, move: Move) -> None:
        if move.shell and move.space != "z":
            raise InputError("--shell keeps the length of z; w has none to keep: leave it out, or learn in z")
        self.subject, self.sample, self.move = subject, sample, move
        self.dim = subject.info.z_dim if move.space == "z" else subject.info.w_dim
        self.follows = subject.follows(move.space, move.layers)
        with torch.inference_mode():
            self._w = torch.cat([subject.w(sample[i : i + 256]) for i in range(0, len(sample), 256)])

    def __len__(self) -> int:
        return len(self.sample)

    def w(self, rows: Tensor, shift: Tensor | None = None) -> Tensor:
        """w (n, num_ws, w_dim) of these rows, each moved by its row of shift (n, dim); differentiable in that."""
        w = self._w[rows].clone()  # what was made in inference mode has no part in gradients
        if shift is None:
            return w
        if self.move.space == "w":
            return w + self.follows[:, None] * shift[:, None]
        z = self.sample.z[rows]
        moved = z + shift
        if self.move.shell:
            moved = moved * (z.norm(dim=1, keepdim=True) / moved.norm(dim=1, keepdim=True))
        far = self.subject.w(Sample(moved, None if self.sample.classes is None else self.sample.classes[rows]))
        return torch.where(self.follows[:, None], far, w)

    def points(self) -> Tensor:
        """Where they are, (n, dim): z, or the mean of the layers of w that follow."""
        if self.move.space == "z":
            return self.sample.z
        return self._w[:, self.follows].mean(1).clone()

    def classes(self) -> list[int]:
        """The class of each, where the model has any."""
        return [] if self.sample.classes is None else self.sample.classes.argmax(1).tolist()


def meeting(move: Move, others: Sequence[Direction]) -> list[Direction]:
    """Those of them that live in the same space and move a layer that it moves."""
    return [
        d
        for d in others
        if d.space == move.space and (d.layers is None or move.layers is None or set(d.layers) & set(move.layers))
    ]


def span(vectors: Sequence[NDArray[np.float64]], dim: int, device: torch.device) -> Tensor:
    """Orthonormal rows of what they span; none for none."""
    if not vectors:
        return torch.zeros(0, dim, device=device)
    _, sizes, rows = np.linalg.svd(np.array(vectors), full_matrices=False)
    return torch.from_numpy(rows[sizes > 1e-6 * sizes[0]].astype(np.float32)).to(device)
