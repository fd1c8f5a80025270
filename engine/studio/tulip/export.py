"""The trained network as a model file: what a training's average becomes when it is played."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from engine.errors import InputError, ModelError
from engine.generator import model_file
from engine.generator.model_file import About, ModelHeader
from engine.generator.statistics import measure
from engine.generator.tulip.factors import FACTORS
from engine.generator.tulip.maps import LAYERS
from engine.generator.tulip.spec import TulipSpec

AVERAGE = "average/"
EXACT = ("mapping.basis", "mapping.w_avg")  # kept in float32: directions are rows of the first
LICENCE = "CC0-1.0"
SHARP = 1.25  # of the logits: crisper at 256 pixels and above for 0.2 dB at 128; see docs/training.md

Arrays = dict[str, NDArray[np.float32]]


def export(
    training: Path, out: Path, card: Mapping[str, Any], sharp: float = SHARP, name: str = "tulip"
) -> ModelHeader:
    """Write the averaged weights of a training as a model, in float16. The same input gives the same bytes.

    training : what `checkpoint.save` wrote
    card : what the model was made from and how well it does, as JSON; what is true of every tulip is added
    sharp : multiplies the logits for good, so that 1 of `/generator/sharp` looks best
    InputError, naming the file, for one that holds no training of a tulip.
    """
    try:
        return write(averaged(training), out, card, sharp, name)
    except ModelError as error:
        raise InputError(f"{training} holds no tulip that can be played: {error}") from None


def write(
    weights: Mapping[str, NDArray[Any]], out: Path, card: Mapping[str, Any], sharp: float = SHARP, name: str = "tulip"
) -> ModelHeader:
    """As `export`, from the tensors of a student, by their names in it. w's average is measured here."""
    tensors = _sharpened({key: np.asarray(array, np.float32) for key, array in weights.items()}, sharp)
    tensors = {key: array if key in EXACT else _rounded(key, array) for key, array in tensors.items()}
    biases = [array for key, array in sorted(tensors.items()) if key.startswith("mapping.fc") and key.endswith("bias")]
    tensors["mapping.w_avg"] = np.zeros(biases[-1].shape if biases else 0, np.float32)
    spec = TulipSpec.infer({key: array.shape for key, array in tensors.items()}, {})
    statistics = measure(spec, tensors)
    if statistics is None:
        raise ModelError("it has no mapping")
    tensors["mapping.w_avg"] = statistics.mean
    about = About(name, LICENCE, {"container": "trained by latenz"}, {**_facts(spec, sharp), **card})
    return model_file.write(out, spec, tensors, about, statistics, [key for key in tensors if key not in EXACT])


def averaged(training: Path) -> Arrays:
    """The averaged weights of a training, by their names in the student."""
    try:
        with safe_open(training, "np") as file:
            names = [name for name in file.keys() if name.startswith(AVERAGE)]  # noqa: SIM118 : it is no mapping
            found = {name.removeprefix(AVERAGE): file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{training} is no checkpoint of a training: {error}") from None
    if not found:
        raise InputError(f"{training} is no checkpoint of a training: it holds no averaged weights")
    return found


def _facts(spec: TulipSpec, sharp: float) -> dict[str, Any]:
    """What a card says of every tulip."""
    idle = spec.z_dim - spec.factors
    return {
        "factors": {f.name: f"{f.low:g} to {f.high:g}: {f.about}" for f in FACTORS},
        "z": f"{spec.factors} of its {spec.z_dim} dimensions are looked at; the other {idle} do nothing",
        "learnt": "shapes, what hides what, petal coordinates, light, ground, palette",
        "written_by_hand": "the head, which makes a picture of maps and palette; stripes are drawn there",
        "logits_times": sharp,
        "weights": "float16, average w of 10,000 seeded z",
    }


def _sharpened(tensors: Arrays, sharp: float) -> Arrays:
    """The logits of every level multiplied: they are the first maps, and are summed over the levels."""
    found = dict(tensors)
    for name in tensors:
        if name.endswith((".tomaps.weight", ".tomaps.bias")):
            found[name] = tensors[name].copy()
            found[name][: len(LAYERS)] *= np.float32(sharp)
    return found


def _rounded(name: str, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """To float16. ModelError for a weight that it cannot hold."""
    with np.errstate(over="ignore"):
        found = array.astype(np.float16).astype(np.float32)
    if not np.isfinite(found).all():
        raise ModelError(f"its tensor {name} holds values that float16 cannot; the training may have failed")
    return found
