"""From plain data to a model of our own form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator import licence, model_file, statistics
from engine.generator.foreign.base import Foreign
from engine.generator.foreign.recognise import recognise
from engine.generator.model_file import ModelHeader
from engine.generator.spec import FAMILIES, Spec, load


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the parent knows of a file beside its bytes.

    file : its name. sha256 : of all of it. name : what the model shall be called. config : a BigGAN's config.json
    """

    file: str
    sha256: str
    name: str
    config: Mapping[str, Any] | None = None
    upstream_exact: bool = False


def write(data: Any, target: BinaryIO, wanted: Wanted) -> ModelHeader:
    """Write the model that plain data holds. ModelError for data that holds none that can be played."""
    found = recognise(data, wanted.config, upstream_exact=wanted.upstream_exact)
    if wanted.upstream_exact and found.family != "biggan":
        raise ModelError(f"--upstream-exact is for BigGAN; this is a {found.family}: leave it out")
    check_finite(found)
    spec, tensors = fitted(found)
    measured = statistics.measure(spec, tensors)
    if measured is not None and not np.isfinite(measured.covariance).all():
        raise ModelError("its mapping gives no finite w; the file is damaged")
    if measured is not None and not found.averaged:
        tensors["mapping.w_avg"] = measured.mean
    provenance = {"file": wanted.file, "sha256": wanted.sha256, **found.about}
    about = model_file.About(wanted.name, licence.note(found.container), provenance)
    return model_file.write_stream(target, spec, tensors, about, measured)


def fitted(found: Foreign) -> tuple[Spec, dict[str, NDArray[Any]]]:
    """The architecture that the tensors are of, and those of them that it needs; what can be made is made."""
    tensors = dict(found.tensors)
    if not found.averaged:
        styles = [array for name, array in tensors.items() if name.endswith("affine.weight") and array.ndim == 2]
        tensors["mapping.w_avg"] = np.zeros(styles[0].shape[1] if styles else 0, np.float32)
    shapes = {name: tuple(array.shape) for name, array in tensors.items()}
    spec: Spec = load(FAMILIES[found.family].spec).infer(shapes, found.facts)
    tensors = {**spec.made(), **tensors}
    return spec, {name: tensors[name] for name in spec.shapes() if name in tensors}


def check_finite(found: Foreign) -> None:
    """ModelError for a weight that is no number: it would make every picture black."""
    for name, array in found.tensors.items():
        if not np.isfinite(array).all():
            raise ModelError(f"its tensor {name} holds values that are no numbers; the training may have failed")
