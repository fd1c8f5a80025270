"""The child that converts: it reads a stranger's file, writes a model, and can do nothing else.

Everything it will need is loaded before it gives up the right to open files.
"""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.errors import ModelError
from engine.generator import tensor_file
from engine.generator.foreign import sandbox
from engine.generator.foreign.read import read_stream
from engine.generator.foreign.write import Wanted, write
from engine.generator.spec import FAMILIES, load

CODECS = ("ascii", "latin-1", "utf-8", "raw-unicode-escape")


def main() -> None:
    """Convert what is on the standard input, and report in one line."""
    source, target, request, limits = sandbox.take()
    warm_up()
    sandbox.confine(limits.memory_bytes, limits.cpu_s, limits.file_bytes)
    report: dict[str, Any]
    try:
        header = write(_data(source, request), target, Wanted(**request["wanted"]))
        target.flush()
        report = {"ok": {"hash": header.hash}}
    except ModelError as error:
        report = {"refused": str(error)}
    except MemoryError:
        report = {"refused": f"it needs over {limits.memory_bytes >> 20} MiB to read; it is not what it says it is"}
    except PermissionError:
        raise  # a wall that we ran into ourselves
    except OSError as error:
        report = {"unwritten": error.strerror}
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        report = {"refused": f"it does not hold together ({type(error).__name__}: {str(error)[:200]}); get it again"}
    sys.stdout.write(json.dumps(report) + "\n")


def _data(source: BinaryIO, request: dict[str, Any]) -> Any:
    name = request["wanted"]["file"]
    if request["safetensors"]:
        return tensor_file.arrays(tensor_file.table_of(source, Path(name)), source)
    return read_stream(source, name)


def warm_up() -> None:
    """Load what is loaded when it is first used: the families, parts of numpy, codecs."""
    for family in FAMILIES.values():
        load(family.spec), load(family.latent)
    square = np.random.RandomState(0).randn(64, 64)
    np.linalg.eigvalsh(square @ square.T)
    for codec in CODECS:
        b"".decode(codec)


if __name__ == "__main__":
    main()
