"""Files that are mapped into memory and gone through once."""

import mmap
from typing import Any

from numpy.typing import NDArray


def let_go(array: NDArray[Any]) -> None:
    """Give back the memory in which parts of a mapped array lie; what is read again comes from the file again.

    What was written stays written. Without it, an hour of latents that was gone through once counts as memory in use.
    """
    mapped = getattr(array, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
