"""Memory of others is locked page by page, once, and given back; refusals leave a slower way.

The library itself (`torch.cuda.cudart()`) exists only with a GPU: a recorder answers in its place.
"""

import mmap
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.generator.plans.cuda_host import MANY, PORTABLE, Pins
from engine.shared import FrameRing


class Cudart:
    """Records calls; refuses with an error code where it is told to."""

    def __init__(self, *refusals: int) -> None:
        self.refusals = list(refusals)
        self.locked: dict[int, int] = {}
        self.calls: list[str] = []

    def cudaHostRegister(self, pointer: int, size: int, flags: int) -> int:  # noqa: N802
        self.calls.append("register")
        assert pointer % mmap.PAGESIZE == 0 and size % mmap.PAGESIZE == 0 and flags == PORTABLE
        if self.refusals:
            return self.refusals.pop(0)
        for start, length in self.locked.items():
            assert pointer + size <= start or start + length <= pointer, "one page locked twice"
        self.locked[pointer] = size
        return 0

    def cudaHostUnregister(self, pointer: int) -> int:  # noqa: N802
        self.calls.append("unregister")
        del self.locked[pointer]
        return 0


def pins_of(cudart: Cudart) -> tuple[Pins, list[str]]:
    settled: list[str] = []
    return Pins(cudart, lambda: settled.append("settled")), settled


def test_a_ring_of_pictures_is_locked_once_and_written_in_place(tmp_path: Path) -> None:
    cudart = Cudart()
    pins, settled = pins_of(cudart)
    ring = FrameRing(tmp_path / "frames", (1, 5, 7))
    for _ in range(7):
        out = ring.next()
        tensor = pins.tensor(out)
        assert tensor is not None and tensor.shape == out.shape
        tensor.fill_(ring.newest + 1)
        ring.publish(0, 0.0, 0.0, (0, 0, 0))
        assert (out == ring.newest).all()
    assert cudart.calls == ["register"] and not settled
    [(start, size)] = cudart.locked.items()
    slots = [out.__array_interface__["data"][0] for out in ring._slots]
    assert all(start <= at and at + 5 * 7 * 4 <= start + size for at in slots)
    pins.close()
    assert cudart.calls == ["register", "unregister"] and not cudart.locked


def test_the_same_array_gives_the_same_tensor() -> None:
    pins, _ = pins_of(Cudart())
    out = np.zeros((1, 64, 64, 4), np.uint8)
    assert pins.tensor(out) is pins.tensor(out)


@pytest.mark.parametrize("code", [1, 2, 712, 801])  # invalid value, no memory, registered already, not supported
def test_what_cannot_be_locked_is_refused_once_and_the_error_is_cleared(code: int) -> None:
    cudart = Cudart(code)
    pins, settled = pins_of(cudart)
    out = np.zeros((1, 64, 64, 4), np.uint8)
    assert pins.tensor(out) is None and pins.tensor(out) is None
    assert cudart.calls == ["register"] and settled == ["settled"] and pins.failed == 1
    pins.close()
    assert cudart.calls == ["register"], "what was never locked is not unlocked"


def test_a_caller_with_new_memory_every_frame_does_not_lock_without_end() -> None:
    cudart = Cudart()
    pins, _ = pins_of(cudart)
    arrays = [np.frombuffer(mmap.mmap(-1, 4 * mmap.PAGESIZE), np.uint8) for _ in range(MANY + 3)]
    got = [pins.tensor(array) for array in arrays]
    assert sum(tensor is not None for tensor in got) == MANY == len(cudart.locked)
    pins.close()
    assert not cudart.locked


def test_memory_with_gaps_is_not_taken() -> None:
    cudart = Cudart()
    pins, _ = pins_of(cudart)
    assert pins.tensor(np.zeros((1, 8, 8, 4), np.uint8)[:, ::2]) is None and not cudart.calls


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA build of torch is here")
def test_the_recorder_is_needed_here() -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        torch.cuda.cudart()
