"""The child that converts: it reads a stranger's file, writes a model, and can do nothing else.

Everything it will need is imported before it gives up the right to open files.
"""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator import licence, model_file, statistics, tensor_file
from engine.generator.foreign import sandbox
from engine.generator.foreign.base import Foreign
from engine.generator.foreign.read import read_stream
from engine.generator.foreign.recognise import recognise
from engine.generator.spec import FAMILIES, Spec, load


def main() -> None:
    """Convert what is on the standard input, and report in one line."""
    source, target, request, limits = sandbox.take()
    for family in FAMILIES.values():
        load(family.spec), load(family.latent)
    warm_up()
    sandbox.confine(limits.memory_bytes, limits.cpu_s, limits.file_bytes)
    report: dict[str, Any]
    try:
        report = {"ok": convert(source, target, request)}
    except ModelError as error:
        report = {"refused": str(error)}
    except MemoryError:
        report = {"refused": f"it needs over {limits.memory_bytes >> 20} MiB to read; it is not what it says it is"}
    sys.stdout.write(json.dumps(report) + "\n")


def convert(source: BinaryIO, target: BinaryIO, request: dict[str, Any]) -> dict[str, Any]:
    """Write the model that `source` holds. request : file, sha256, name, config, upstream_exact."""
    data = _data(source, request)
    found = recognise(data, request.get("config"), upstream_exact=bool(request.get("upstream_exact")))
    del data
    check_finite(found)
    spec, tensors = fitted(found)
    measured = statistics.measure(spec, tensors)
    if measured is not None and not np.isfinite(measured.covariance).all():
        raise ModelError("its mapping gives no finite w; the file is damaged")
    if measured is not None and not found.averaged:
        tensors["mapping.w_avg"] = measured.mean
    provenance = {"file": request["file"], "sha256": request["sha256"], **found.about}
    about = model_file.About(request["name"], licence.note(found.container), provenance)
    header = model_file.write_stream(target, spec, tensors, about, measured)
    target.flush()
    return {"family": spec.family, "hash": header.hash, "container": found.container}


def _data(source: BinaryIO, request: dict[str, Any]) -> Any:
    if request.get("safetensors"):
        return tensor_file.arrays(tensor_file.table_of(source, Path(request["file"])), source)
    return read_stream(source, request["file"])


def fitted(found: Foreign) -> tuple[Spec, dict[str, NDArray[Any]]]:
    """The architecture that the tensors are of, and those of them that it needs."""
    tensors = dict(found.tensors)
    if not found.averaged and "mapping.w_avg" not in tensors:
        widest = [array for name, array in tensors.items() if name.endswith("affine.weight") and array.ndim == 2]
        tensors["mapping.w_avg"] = np.zeros(widest[0].shape[1] if widest else 0, np.float32)
    shapes = {name: tuple(array.shape) for name, array in tensors.items()}
    spec: Spec = load(FAMILIES[found.family].spec).infer(shapes, found.facts)
    return spec, {name: tensors[name] for name in spec.shapes() if name in tensors}


def check_finite(found: Foreign) -> None:
    """ModelError for a weight that is no number: it would make every picture black."""
    for name, array in found.tensors.items():
        if not np.isfinite(array).all():
            raise ModelError(f"its tensor {name} holds values that are no numbers; the training may have failed")


def warm_up() -> None:
    """Let numpy load what it loads when it is first used, while it may."""
    square = np.random.RandomState(0).randn(64, 64)
    np.linalg.eigvalsh(square @ square.T)


if __name__ == "__main__":
    main()
