"""Pictures that stay on the GPU between two processes: what one offers the other, and how CUDA's errors are told.

The generator writes an offer into the session's folder, the stage opens it (`engine.stage.interop`). CUDA Runtime API,
"Device Management" of interprocess memory: a handle of 64 bytes names an allocation of another process.
"""

import ctypes
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import DeviceError

HANDLE_BYTES = 64  # CUDA_IPC_HANDLE_SIZE
INSTALL = "python -m pip install 'latenz[cuda]'"


@dataclass(frozen=True, slots=True)
class Offer:
    """Slots of pictures in one allocation of GPU memory; rows from below, as OpenGL counts them.

    bus : the GPU, by its PCI address; numbers of devices differ between libraries
    shape : voices, height, width, 4
    stride : bytes from slot to slot
    refused : why there is nothing to open; empty where there is
    """

    bus: str = ""
    shape: tuple[int, ...] = ()
    slots: int = 0
    stride: int = 0
    handle: str = ""  # hexadecimal
    refused: str = ""

    def write(self, path: Path) -> None:
        """Into a file that is whole whenever it is there."""
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)), "utf-8")
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Offer":
        """DeviceError where there is none, or it says why."""
        try:
            row = json.loads(path.read_text("utf-8"))
            offer = cls(**{**row, "shape": tuple(int(n) for n in row["shape"])})
            good = bool(offer.refused) or (len(bytes.fromhex(offer.handle)) == HANDLE_BYTES and len(offer.shape) == 4)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DeviceError(f"the generator offers no GPU memory ({type(error).__name__})") from error
        if offer.refused or not good:
            raise DeviceError(offer.refused or "the generator's offer of GPU memory is broken")
        return offer


class Runtime:
    """`cuda.bindings.runtime` with errors raised: every function there returns its error first."""

    def __init__(self, library: Any) -> None:
        self.library = library

    def call(self, name: str, *arguments: Any) -> Any:
        """The value that a function returns, or values, or None. DeviceError with CUDA's own name of what is wrong."""
        error, *values = getattr(self.library, name)(*arguments)
        if int(error) != 0:
            raise DeviceError(f"{name}: {self._name(error)}")
        return values[0] if len(values) == 1 else tuple(values) or None

    def some(self, name: str, *arguments: Any) -> Any:
        """The same where nothing is an answer too: a null handle with success has been seen (cuda-python #1122)."""
        value = self.call(name, *arguments)
        if value is None or (isinstance(value, int) and value == 0):
            raise DeviceError(f"{name}: success, but nothing was returned")
        return value

    def _name(self, error: Any) -> str:
        _, name = self.library.cudaGetErrorName(error)
        return name.decode() if isinstance(name, bytes) else f"error {int(error)}"


def runtime() -> Runtime:
    """DeviceError where the package is not installed."""
    try:
        from cuda.bindings import runtime as library
    except ImportError as error:
        raise DeviceError(f"the package cuda-bindings is not installed: {INSTALL}") from error
    return Runtime(library)


def handle_bytes(handle: Any) -> bytes:
    """A cudaIpcMemHandle_t as bytes; by its address, because its fields are named otherwise in every version."""
    return ctypes.string_at(int(handle.getPtr()), HANDLE_BYTES)


def handle_of(library: Any, data: bytes) -> Any:
    """The cudaIpcMemHandle_t that these bytes were."""
    handle = library.cudaIpcMemHandle_t()
    ctypes.memmove(int(handle.getPtr()), data, HANDLE_BYTES)
    return handle
