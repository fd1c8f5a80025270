"""Pictures of the generator's process come into textures without leaving the GPU.

The other process's memory is opened by its IPC handle; a pixel buffer of OpenGL is registered with CUDA once; for each
picture the buffer is mapped, filled by one copy on the device and unmapped, and the texture takes it from there. A
buffer and not the texture itself is registered, because `cuda.core.GraphicsResource.map` gives a pointer, which only
buffers have (cuGraphicsResourceGetMappedPointer), and because any format of texture can be filled from it.
CUDA Runtime API, "OpenGL Interoperability": the context must be current, on the same GPU; not under WSL2.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import DeviceError
from engine.gpu_offer import INSTALL, Offer, Runtime, handle_of, runtime

PATTERN = (64, 48)  # width and height of what is drawn to see whether it arrives
DEVICES = 16


@dataclass(frozen=True, slots=True)
class Libraries:
    """The parts of NVIDIA's packages that are used."""

    runtime: Runtime
    device: Callable[[int], Any]  # cuda.core.Device
    resource: Any  # cuda.core.GraphicsResource


def libraries() -> Libraries:
    """DeviceError where they are not installed."""
    found = runtime()
    try:
        from cuda.core import Device, GraphicsResource
    except ImportError as error:
        raise DeviceError(f"the package cuda-core is not installed, or too old: {INSTALL}") from error
    return Libraries(found, Device, GraphicsResource)


class Interop:
    """CUDA beside a current OpenGL context, tried with a pattern before anything relies on it.

    DeviceError says why there is none; nothing is held then.
    """

    def __init__(self, ctx: Any, size_bytes: int, found: Libraries, bus: str = "") -> None:
        """bus : the GPU that must be the one of OpenGL; empty takes OpenGL's first."""
        self._runtime, self._resources = found.runtime, ExitStack()
        with self._told():
            with ExitStack() as undo:
                undo.push(lambda *_: self._resources.close())
                device = found.device(self._find(bus))
                device.set_current()
                self._stream = device.create_stream()
                self._resources.callback(self._stream.close)
                self._buffer = ctx.buffer(reserve=max(size_bytes, 4 * PATTERN[0] * PATTERN[1]))
                self._resources.callback(self._buffer.release)
                self._resource = found.resource.from_gl_buffer(self._buffer.glo, flags="write_discard")
                self._resources.callback(self._resource.close)
                if int(self._resource.handle) == 0:
                    raise DeviceError("OpenGL's buffer was registered, but nothing was returned")
                self._try_pattern(ctx)
                undo.pop_all()

    def _find(self, bus: str) -> int:
        """The number of the GPU that OpenGL draws on."""
        kinds = self._runtime.library.cudaGLDeviceList
        count, devices = self._runtime.call("cudaGLGetDevices", DEVICES, kinds.cudaGLDeviceListAll)
        if not count or not devices:
            raise DeviceError(
                "OpenGL does not draw on an NVIDIA GPU: choose it for this program in the driver's settings"
            )
        drawing = [int(device) for device in devices[: int(count)]]
        wanted = int(self._runtime.call("cudaDeviceGetByPCIBusId", bus.encode())) if bus else drawing[0]
        if wanted not in drawing:
            raise DeviceError("OpenGL and the generator are on different GPUs: use --device cuda:N for OpenGL's")
        self._runtime.call("cudaSetDevice", wanted)
        return wanted

    def _try_pattern(self, ctx: Any) -> None:
        pattern = np.random.RandomState(0).randint(0, 256, (PATTERN[1], PATTERN[0], 4), np.uint8)
        texture = ctx.texture(PATTERN, 4)
        try:
            kinds = self._runtime.library.cudaMemcpyKind
            self._fill(pattern.ctypes.data, pattern.nbytes, kinds.cudaMemcpyHostToDevice)
            self._stream.sync()
            texture.write(self._buffer)
            arrived = np.frombuffer(texture.read(), np.uint8).reshape(pattern.shape)
        finally:
            texture.release()
        if not np.array_equal(arrived, pattern):
            raise DeviceError("a test pattern did not arrive in OpenGL as it was sent")

    def _fill(self, source: int, size: int, kind: Any) -> None:
        with self._resource.map(stream=self._stream) as mapped:
            if int(mapped.size) < size:
                raise DeviceError(f"OpenGL's buffer has {mapped.size} bytes for {size}")
            stream = int(self._stream.handle)
            self._runtime.call("cudaMemcpyAsync", int(mapped.handle), source, size, kind, stream)

    def copy(self, source: int, size: int, texture: Any) -> None:
        """Fill a texture from memory of the device. DeviceError when CUDA fails."""
        with self._told():
            self._fill(source, size, self._runtime.library.cudaMemcpyKind.cudaMemcpyDeviceToDevice)
            texture.write(self._buffer)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DeviceError:
            raise
        except Exception as error:  # cuda.core has errors of its own, down to plain Exception
            raise DeviceError(str(error).strip().partition("\n")[0] or type(error).__name__) from error

    def close(self) -> None:
        """Give everything back, as far as a lost context or a dead process lets it."""
        with self._told():
            self._resources.close()


class Door:
    """The generator's slots, opened."""

    def __init__(self, ctx: Any, offer: Offer, found: Libraries) -> None:
        self.shape = offer.shape
        self._offer, self._runtime = offer, found.runtime
        self._picture_bytes = int(np.prod(offer.shape[1:]))
        if not 0 < self._picture_bytes * offer.shape[0] <= offer.stride:
            raise DeviceError("the generator's offer of GPU memory is broken")
        self._interop = Interop(ctx, self._picture_bytes, found, offer.bus)
        try:
            handle = handle_of(found.runtime.library, bytes.fromhex(offer.handle))
            flags = found.runtime.library.cudaIpcMemLazyEnablePeerAccess
            self._pointer = int(found.runtime.some("cudaIpcOpenMemHandle", handle, flags))
        except DeviceError:
            self._interop.close()
            raise

    def copy(self, slot: int, voice: int, texture: Any) -> None:
        """One voice of the picture in this slot into its texture. DeviceError when CUDA fails."""
        source = self._pointer + (slot % self._offer.slots) * self._offer.stride + voice * self._picture_bytes
        self._interop.copy(source, self._picture_bytes, texture)

    def close(self) -> None:
        """Let go of the other process's memory, and of OpenGL's, as far as a broken driver lets it; may come twice."""
        pointer, self._pointer = self._pointer, 0
        if pointer:
            with suppress(DeviceError):
                self._runtime.call("cudaIpcCloseMemHandle", pointer)
            with suppress(DeviceError):
                self._interop.close()


def open_door(ctx: Any, path: Path) -> Door:
    """What a generator offers in this file, opened and tried. DeviceError says why not."""
    return Door(ctx, Offer.read(path), libraries())


def probe(ctx: Any) -> str:
    """Why pictures would be copied on this machine; empty where they need not be."""
    try:
        Interop(ctx, 0, libraries()).close()
    except DeviceError as error:
        return str(error)
    return ""
