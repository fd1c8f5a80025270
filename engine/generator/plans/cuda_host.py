"""Host memory of others, page-locked once, so that a frame leaves the device by one copy that waits for nothing.

`cudaHostRegister` (CUDA Runtime API, memory management) locks whole pages. The pages of one mapping are locked
together, because neighbours in a ring may share a page and no page can be locked twice.
"""

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PORTABLE = 1  # cudaHostRegisterPortable
MANY = 8  # mappings; a caller that brings new memory every frame is served through staging memory


class Pins:
    """What has been locked, by the address of the outermost array; unlocked by `close`.

    cudart : `torch.cuda.cudart()`, or what has its `cudaHostRegister` and `cudaHostUnregister`
    settle : clears CUDA's last error after a refusal, which the next kernel would otherwise report as its own
    """

    def __init__(self, cudart: Any, settle: Callable[[], None]) -> None:
        self._cudart, self._settle = cudart, settle
        self._locked: dict[int, tuple[NDArray[Any], int]] = {}  # root's address -> the root, kept alive; locked from
        self._refused: set[int] = set()
        self._tensors: dict[int, Tensor] = {}
        self.failed = 0  # mappings that could not be locked

    def tensor(self, out: NDArray[np.uint8]) -> Tensor | None:
        """The array as a tensor in locked memory; None where its memory cannot be locked."""
        address = address_of(out)
        tensor = self._tensors.get(address)
        if tensor is not None and tensor.shape == out.shape:
            return tensor
        if not out.flags.c_contiguous or not self._lock(_root(out)):
            return None
        tensor = self._tensors[address] = torch.from_numpy(out)
        return tensor

    def _lock(self, root: NDArray[Any]) -> bool:
        key = address_of(root)
        if key in self._locked:
            return self._locked[key][0].nbytes >= root.nbytes  # held, so the address is still the same memory
        if key in self._refused or len(self._locked) >= MANY:
            return False
        page = mmap.PAGESIZE
        start = key - key % page
        size = -(-(key + root.nbytes - start) // page) * page
        if int(self._cudart.cudaHostRegister(start, size, PORTABLE)) != 0:
            if len(self._refused) < MANY:
                self._refused.add(key)
            self.failed += 1
            self._settle()
            return False
        self._locked[key] = (root, start)
        return True

    def close(self) -> None:
        """Unlock everything. No copy into it may be under way."""
        self._tensors.clear()
        for _, start in self._locked.values():
            self._cudart.cudaHostUnregister(start)
        self._locked.clear()


def address_of(array: NDArray[Any]) -> int:
    """Where its memory begins."""
    address: int = array.__array_interface__["data"][0]
    return address


def _root(array: NDArray[Any]) -> NDArray[Any]:
    """The outermost array that this one is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
