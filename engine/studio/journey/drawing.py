"""Rows of a sequence become pictures, block by block: what every step of a journey draws with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.generator.catalog import How, find_model, model_info, open_model

Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Look:
    """How a sequence is drawn.

    size : (width, height); None is the model's own. A model that draws no other is scaled to it
    classes : of a conditional model, for rows that carry no weights of their own: one class
    backend : "auto" is the fastest that always draws the same: frozen on a processor, eager elsewhere
    """

    model: str
    size: tuple[int, int] | None = None
    psi: float = 1.0
    class_: int | None = None
    backend: str = "auto"
    device: str = "cpu"
    threads: int = 1


class Drawing:
    """A generator that draws rows of z or w one after another: the same row always gives the same picture."""

    def __init__(self, look: Look) -> None:
        how = How(backend=_backend(look), live=False)
        self.look, self.info = look, model_info(look.model, how=how)
        self.classes = int(self.info.extra.get("classes", 0))
        check_class(look.class_, self.info)
        own = self.info.width, self.info.height
        self.size = look.size or own
        self._drawn = own if _fixed(self.info) else self.size
        self._generator = open_model(look.model, look.device, look.threads, how)
        try:
            self._generator.prepare(1, *self._drawn)
        except BaseException:
            self._generator.close()
            raise

    def w(self, rows: Rows, classes: Rows | None = None, psi: float | None = None) -> NDArray[np.float32]:
        """Rows (n, z_dim), or (n, num_ws, w_dim) of psi 1, as w (n, num_ws, w_dim) that is drawn.

        psi : another than the look's: at 1 z becomes rows of w, at 0 the average
        """
        wanted = self.look.psi if psi is None else psi
        weights = self._weights(len(rows), classes)
        if rows.ndim == 3:
            return self._generator.truncated(np.asarray(rows, np.float32), wanted, weights)
        z = np.asarray(rows, np.float64)
        # BigGAN's sampling makes z shorter by psi; rows are as long as they should be.
        own = 1.0 if getattr(self._generator, "scales_z", False) else wanted
        if (of_classes := getattr(self._generator, "map_classes", None)) is not None:
            return np.asarray(of_classes(z, own, weights))
        return self._generator.map(np.repeat(z[:, None], len(self.info.bands), 1), own)

    def pictures(self, rows: Rows, classes: Rows | None = None) -> NDArray[np.uint8]:
        """(n, height, width, 3) sRGB of rows, as `each` draws them."""
        out = np.empty((len(rows), self.size[1], self.size[0], 3), np.uint8)
        for i, picture in enumerate(self.each(rows, classes)):
            out[i] = picture
        return out

    def each(self, rows: Rows, classes: Rows | None = None) -> Iterator[NDArray[np.uint8]]:
        """The picture (height, width, 3) of each row; equal rows behind one another are one array, drawn once.

        Each row is mapped by itself: matrix products of other shapes, shared out among threads, round otherwise.
        """
        former: tuple[bytes, bytes] | None = None
        for i in range(len(rows)):
            row = np.array(rows[i : i + 1])
            weights = None if classes is None else np.array(classes[i : i + 1])
            key = row.tobytes(), b"" if weights is None else weights.tobytes()
            if key != former:
                picture, former = self.draw(self.w(row, weights))[0], key
            yield picture

    def draw(self, w: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(n, height, width, 3) sRGB of w that is drawn as it is."""
        controls = {"psi": self.look.psi}
        out = np.empty((len(w), self.size[1], self.size[0], 3), np.uint8)
        for i, row in enumerate(w):
            picture = self._generator.draw(row[None], controls)[0, :, :, :3]
            if self._drawn != self.size:
                picture = np.asarray(Image.fromarray(picture.copy()).resize(self.size))
            out[i] = picture
        return out

    def _weights(self, count: int, classes: Rows | None) -> NDArray[np.float64] | None:
        if not self.classes:
            return None
        if classes is not None:
            return np.asarray(classes, np.float64)
        weights = np.zeros((count, self.classes))
        weights[:, self.look.class_ or 0] = 1.0
        return weights

    @property
    def backend(self) -> str:
        """What draws."""
        return self._generator.backend

    def close(self) -> None:
        """Give back what is held."""
        self._generator.close()


def check_class(class_: int | None, info: ModelInfo) -> None:
    """InputError for a class that a model does not have."""
    count = int(info.extra.get("classes", 0))
    if class_ is not None and not 0 <= class_ < count:
        have = f"classes 0 to {count - 1}" if count else "no classes"
        raise InputError(f"--class {class_}: {info.name} has {have}")


def _fixed(info: ModelInfo) -> bool:
    """Whether the model draws at the size it learned and at no other."""
    return "family" in info.extra and info.native


def _backend(look: Look) -> str:
    if look.backend != "auto":
        return look.backend
    from engine.generator.runtime import find_device

    return "frozen" if find_device(look.device) == "cpu" else "eager"


def whole_name(model: str) -> str:
    """A built-in name as it is, a file's whole path: good in every folder. ModelError for what is no model."""
    path = find_model(model)
    return model if path is None else str(path)


def info_of(model: str) -> ModelInfo:
    """What a model is, as a Drawing would open it."""
    return model_info(model, how=How(live=False))
