"""Reads arrays that users hand in."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError


def load_npy(path: Path) -> NDArray[Any]:
    """The real numbers of a .npy, mapped from the disk; InputError for anything else, pickled objects above all."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError, SyntaxError, OverflowError, TypeError):
        raise InputError(f"{path}: not a .npy of plain numbers; write one with numpy.save") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: not a .npy of plain numbers; write one with numpy.save")
    return array


def let_go(array: NDArray[Any]) -> None:
    """Give back the memory in which parts of a mapped array lie; what is read again comes from the file again.

    What was written stays written. Without it, an hour of latents that was gone through once counts as memory in use.
    """
    mapped = getattr(array, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
