"""Reads arrays that users hand in."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.mapped import let_go as let_go


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
