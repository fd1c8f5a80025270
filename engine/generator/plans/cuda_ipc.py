"""Output slots in GPU memory that the stage's process can open."""

from typing import Any

import torch
from torch import Tensor

from engine.errors import DeviceError
from engine.gpu_offer import Offer, Runtime, handle_bytes

GRAIN = 2 << 20  # CUDA's programming guide: share whole blocks of 2 MiB, else a neighbour's memory is shared too


class SharedSlots:
    """One allocation by `cudaMalloc` (torch's own allocator cannot be shared by its parts), divided into slots.

    DeviceError where CUDA refuses; nothing is held then.
    """

    def __init__(self, runtime: Runtime, device: int, shape: tuple[int, ...], slots: int) -> None:
        self._runtime, self._shape, self._slots, self._device = runtime, shape, slots, device
        size = torch.Size(shape).numel()
        self._stride = -(-size // GRAIN) * GRAIN
        runtime.call("cudaSetDevice", device)
        self._pointer = int(runtime.some("cudaMalloc", self._stride * slots))
        try:
            self._handle = handle_bytes(runtime.some("cudaIpcGetMemHandle", self._pointer))
            self._bus = runtime.some("cudaDeviceGetPCIBusId", 32, device)
        except DeviceError:
            self.close()
            raise

    @property
    def offer(self) -> Offer:
        """What the stage needs to open them."""
        bus = self._bus.decode().rstrip("\0")
        return Offer(bus, self._shape, self._slots, self._stride, self._handle.hex())

    def tensors(self) -> list[Tensor]:
        """Each slot as a tensor over the very memory; valid until `close`."""
        device = torch.device("cuda", self._device)
        return [torch.as_tensor(array, device=device) for array in self.arrays()]

    def arrays(self) -> list["DeviceArray"]:
        """Each slot as what speaks the CUDA array interface."""
        return [DeviceArray(self._pointer + slot * self._stride, self._shape) for slot in range(self._slots)]

    def close(self) -> None:
        """Free the memory. The stage's mapping of it is dead from then on."""
        if self._pointer:
            self._runtime.call("cudaFree", self._pointer)
            self._pointer = 0


class DeviceArray:
    """Bytes in GPU memory, for whoever takes the CUDA array interface, version 3."""

    def __init__(self, pointer: int, shape: tuple[int, ...]) -> None:
        self.__cuda_array_interface__: dict[str, Any] = {
            "shape": shape,
            "typestr": "|u1",
            "data": (pointer, False),
            "strides": None,
            "version": 3,
        }
