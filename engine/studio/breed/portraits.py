"""Portraits: the stills of a family, each with its genome, so that any of them is a place and a parent again."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.latent.places import Place, Places
from engine.paths import part_beside
from engine.stage.outputs.picture import latent_text, read_text, save_png
from engine.studio.breed.family import Node
from engine.studio.breed.genome import Genome, of_w
from engine.studio.breed.parents import GENOME
from engine.studio.breed.weights import weights_by_number
from engine.studio.journey.drawing import Drawing

MOST_PLACES = 2000  # in a file of places: the newest

Picture = NDArray[np.uint8]


class Portraits:
    """Draws members of a family and keeps their pictures in the folder. Closes the drawing with itself."""

    def __init__(self, drawing: Drawing, folder: Path) -> None:
        self.drawing, self._folder = drawing, folder
        self._new: dict[str, Image.Image] = {}

    def keep(self, node: Node) -> None:
        """Draw one and write its still: FOLDER/g1-05.png."""
        picture = self._draw(node)
        genome, text = node.genome, {}
        if genome.space == "z" and genome.latent.ndim == 2:
            text[GENOME] = latent_text(genome.latent)
        place = self._place(genome)
        text |= {
            "latenz.model": self.drawing.info.name, "latenz.model_hash": self.drawing.info.hash,
            "latenz.latent": latent_text(place.latent), "latenz.space": place.space,
            "latenz.psi": f"{self.drawing.look.psi:g}", "latenz.backend": f"{self.drawing.backend}, 1 thread",
            "latenz.family": node.id,
        }  # fmt: skip
        if node.parents:
            text["latenz.parents"] = ",".join(node.parents)
        if node.source.startswith("seed:"):
            text["latenz.seed"] = node.source.removeprefix("seed:")
        if genome.classes is not None:
            text["latenz.classes"] = json.dumps(weights_by_number(genome.classes))
        save_png(self._path(node), picture, text)
        self._new[node.id] = Image.fromarray(picture)

    def small(self, node: Node, box: tuple[int, int]) -> Image.Image:
        """A picture of one within a box: of its still, or drawn where that is not there any more."""
        picture = self._new.get(node.id) or self._kept(node) or Image.fromarray(self._draw(node))
        scale = min(box[0] / picture.width, box[1] / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        return picture.resize(size, Image.Resampling.LANCZOS)

    def save_places(self, nodes: list[Node], path: Path) -> None:
        """Members of the family as places of a show, by their ids; of many the newest."""
        items = tuple(
            Place(node.id, np.asarray(found.latent, np.float64), found.space, self.drawing.info.hash)
            for node in nodes[-MOST_PLACES:]
            for found in (self._place(node.genome),)
        )
        with part_beside(path) as part:
            Places(items).save(part)

    def _place(self, genome: Genome) -> Genome:
        """What a place can tell: one z, or w."""
        if genome.space == "z" and genome.latent.ndim == 2:
            return of_w(genome.w(self.drawing, 1.0), genome.classes)
        return genome

    def _draw(self, node: Node) -> Picture:
        return np.asarray(self.drawing.draw(node.genome.w(self.drawing)[None])[0])

    def _path(self, node: Node) -> Path:
        return self._folder / f"{node.id}.png"

    def _kept(self, node: Node) -> Image.Image | None:
        """The still in the folder, if it is this one's."""
        path = self._path(node)
        if not path.is_file():
            return None
        try:
            notes = read_text(path)
            genome = notes.get(GENOME, notes.get("latenz.latent", ""))
            if genome != latent_text(node.genome.latent):
                return None
            with Image.open(path) as still:
                return still.convert("RGB")
        except (InputError, OSError):
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drawing.close()
