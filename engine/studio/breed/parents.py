"""Parents as they are named on the command line: stills, seeds, rows of sequences, places, members of the family."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.errors import EngineError, InputError, ModelError
from engine.generator.base import ModelInfo
from engine.latent.space import seed_z
from engine.stage.outputs.picture import read_latent, read_text
from engine.studio.breed.family import ID, Family, Node
from engine.studio.breed.genome import Genome, of_w
from engine.studio.breed.weights import read_weights
from engine.studio.journey.drawing import info_of, whole_name
from engine.studio.journey.moments import moments
from engine.studio.journey.pair import open_pair
from engine.studio.latents import classes_of, latents_of
from engine.studio.pace import Array

GENOME = "latenz.genome"  # z of each band, where the picture's own latent can only be told in w
_SEED = re.compile(r"(?:seed:)?(\d{1,10})")
_ROW = re.compile(r"(.+\.npy):(.+)")
_PLACE = re.compile(r"(.+\.safetensors)(?::.+)?")
WAYS = "a still (.png), a seed (17), PAIR.npy:FRAME, PLACES.safetensors:NAME, or one of the family (g2-05)"


@dataclass(frozen=True, slots=True)
class Outside:
    """What those who come from outside are read by. class_ : of those that bring no class weights"""

    info: ModelInfo
    class_: int | None = None

    def found(self, text: str, family: Family) -> Node | Genome:
        """The member of the family, or the genome, that `text` names. InputError for what is neither."""
        if ID.fullmatch(text):
            return family.find(text)
        if seed := _SEED.fullmatch(text):
            return self.of_seed(int(seed[1]))
        if row := _ROW.fullmatch(text):
            return self._of_row(Path(row[1]), row[2]).check(self.info, text)
        if _PLACE.fullmatch(text):
            return self._of_place(text)
        if text.lower().endswith(".png"):
            return self._of_still(Path(text)).check(self.info, text)
        raise InputError(f"{text[:200]}: no parent; give {WAYS}")

    def of_seed(self, seed: int) -> Genome:
        """The place of a seed. InputError beyond what a seed can be."""
        if seed >= 2**32:
            raise InputError(f"seed {seed}: give 0 to {2**32 - 1}")
        return Genome("z", seed_z(seed, self.info.z_dim).astype(np.float32), self._classes())

    def _classes(self) -> Array | None:
        weights = classes_of(self.info, None, self.class_, 1)
        return None if weights is None else weights[0]

    def _of_row(self, path: Path, frame: str) -> Genome:
        pair = open_pair(path).check(self.info)
        at = moments(frame, pair, str(path))
        if len(at) != 1:
            raise InputError(f"{path}:{frame}: one frame for each parent")
        whose = pair.facts.model_hash
        if whose and whose != self.info.hash:
            raise ModelError(f"{path}: of another model ({whose[:12]}) than {self.info.name} ({self.info.hash[:12]})")
        classes = self._classes() if pair.classes is None else np.asarray(pair.classes[at[0]], np.float64)
        return Genome(pair.space, np.array(pair.rows[at[0]], np.float32), classes)

    def _of_place(self, text: str) -> Genome:
        latents = latents_of(self.info, seed=None, z=None, w=None, place=text)
        if latents.space == "w":
            return of_w(latents.array[0], self._classes())
        return Genome("z", latents.array[0].astype(np.float32), self._classes())

    def _of_still(self, path: Path) -> Genome:
        notes = _notes(path)
        whose = notes.get("latenz.model_hash", "")
        if whose != self.info.hash:
            raise ModelError(
                f"{path}: a still of {notes.get('latenz.model', 'another model')[:80]} ({whose[:12] or 'no hash'}), "
                f"not of {self.info.name} ({self.info.hash[:12]}); one family is of one model"
            )
        space: Literal["z", "w"] = "w" if notes.get("latenz.space", "z") == "w" else "z"
        text = notes["latenz.latent"]
        if GENOME in notes:
            space, text = "z", notes[GENOME]
        try:
            latent = read_latent(text)
            classes = None
            if count := int(self.info.extra.get("classes", 0)):
                given = notes.get("latenz.classes")
                classes = self._classes() if given is None else read_weights(json.loads(given), count)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"{path}: {error}") from None
        if space == "w" and latent.shape == (self.info.w_dim,):
            latent = np.repeat(latent[None], self.info.num_ws, 0)
        return Genome(space, latent, classes)


def _notes(path: Path) -> dict[str, str]:
    """What stands in a still of ours. InputError for any other picture."""
    notes = read_text(path)
    if "latenz.latent" not in notes:
        raise InputError(f"{path}: it holds no latent; only stills that latenz has drawn do (`latenz still`)")
    return notes


def psi_of(texts: tuple[str, ...]) -> float | None:
    """Of the first still among parents."""
    for text in texts:
        if text.lower().endswith(".png"):
            given = _notes(Path(text)).get("latenz.psi", "1")
            try:
                psi = float(given)
            except ValueError:
                raise InputError(f"{text}: its psi is no number") from None
            if not -4.0 <= psi <= 4.0:
                raise InputError(f"{text}: psi {psi:g}; give --psi")
            return psi
    return None


def model_of(texts: tuple[str, ...]) -> str:
    """The model that parents name by themselves. InputError where none does, or where it is no built-in name or file.

    Stills and places know a model by its name and hash alone, sequences by its file.
    """
    named = ""
    for text in texts:
        if row := _ROW.fullmatch(text):
            named = named or open_pair(Path(row[1])).facts.model
        elif text.lower().endswith(".png"):
            named = named or _notes(Path(text)).get("latenz.model", "")
    if not named:
        raise InputError("no parent says of which model it is; give --model M")
    try:
        name = whole_name(named)
        info_of(name)
        return name
    except EngineError:
        raise InputError(f"the parents are of {named[:80]}; give its file with --model") from None
