"""A genome: what a still is drawn from, and what its children inherit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.studio.journey.drawing import Drawing
from engine.studio.latents import MOST
from engine.studio.pace import Array


@dataclass(frozen=True, slots=True, eq=False)
class Genome:
    """A place of a model, in the precision that it is kept in.

    latent : float32, z (z_dim,), or (bands, z_dim) where bands differ, or w (num_ws, w_dim) at psi 1
    classes : (classes,) weights of a conditional model
    """

    space: Literal["z", "w"]
    latent: NDArray[np.float32]
    classes: Array | None = None

    @property
    def key(self) -> tuple[str, tuple[int, ...], bytes, bytes]:
        """Equal for genomes that are the same, bit for bit."""
        classes = b"" if self.classes is None else self.classes.tobytes()
        return self.space, self.latent.shape, self.latent.tobytes(), classes

    def check(self, info: ModelInfo, where: str) -> "Genome":
        """Itself. ModelError unless the model can draw it."""
        z = (info.z_dim,), (len(info.bands), info.z_dim)
        allowed = z if self.space == "z" else ((info.num_ws, info.w_dim),)
        if self.latent.shape not in allowed:
            taken = " or ".join(map(str, allowed))
            raise ModelError(f"{where}: shape {self.latent.shape} in {self.space}; {info.name} draws {taken}")
        if not (np.abs(self.latent) <= MOST).all():
            raise ModelError(f"{where}: a latent with numbers beyond {MOST:g}; no model draws that")
        count = int(info.extra.get("classes", 0))
        if (0 if self.classes is None else len(self.classes)) != count:
            have = f"weights of {count} classes" if count else "no classes"
            raise ModelError(f"{where}: {info.name} takes {have}, this place has others")
        return self

    def banded(self, bands: int) -> Array:
        """z, a row for each band: (bands, z_dim)."""
        return np.array(np.broadcast_to(self.latent, (bands, self.latent.shape[-1])), np.float64)

    def w(self, drawing: Drawing, psi: float | None = None) -> NDArray[np.float32]:
        """w (num_ws, w_dim) that is drawn.

        psi : another than the drawing's; at 1 the place in w as the model learned it
        """
        classes = None if self.classes is None else self.classes[None]
        if self.space == "w" or self.latent.ndim == 1:
            return np.array(drawing.w(self.latent[None], classes, psi)[0])
        parts = [drawing.w(row[None], classes, psi)[0] for row in self.latent]
        return np.concatenate([w[b.first : b.last] for w, b in zip(parts, drawing.info.bands, strict=True)])


def of_z(rows: Array, classes: Array | None) -> Genome:
    """The genome of z (bands, z_dim); one row where all are the same."""
    kept = np.asarray(rows, np.float32)
    return Genome("z", kept[0] if (kept == kept[:1]).all() else kept, classes)


def of_w(w: NDArray[np.floating], classes: Array | None) -> Genome:
    """The genome of w (num_ws, w_dim) at psi 1."""
    return Genome("w", np.asarray(w, np.float32), classes)
