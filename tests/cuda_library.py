"""In place of NVIDIA's own packages where no GPU is: records what it is asked, answers as they do, keeps bytes in RAM.

Only the third-party library is replaced. Device memory is host memory here, a mapped OpenGL buffer is copied back when
it is unmapped, and any function can be told to fail or to return nothing with success.
"""

import ctypes
from types import SimpleNamespace
from typing import Any

from engine.gpu_offer import HANDLE_BYTES, Runtime
from engine.stage.interop import Libraries

BUS = b"0000:01:00.0\0"
NAMES = {2: b"cudaErrorMemoryAllocation", 219: b"cudaErrorInvalidGraphicsContext", 304: b"cudaErrorOperatingSystem"}


class Handle:
    """A cudaIpcMemHandle_t."""

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(HANDLE_BYTES)

    def getPtr(self) -> int:  # noqa: N802
        return ctypes.addressof(self._bytes)


class Library:
    """`cuda.bindings.runtime`."""

    cudaIpcMemHandle_t = Handle  # noqa: N815
    cudaIpcMemLazyEnablePeerAccess = 1  # noqa: N815
    cudaGLDeviceList = SimpleNamespace(cudaGLDeviceListAll=1)  # noqa: N815
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToDevice=3)  # noqa: N815

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fail: dict[str, int] = {}
        self.null: set[str] = set()
        self.drawing = [0]  # GPUs of OpenGL
        self.memory: dict[int, Any] = {}
        self.opened: set[int] = set()
        self.buffers: dict[int, Any] = {}  # OpenGL's, by name
        self.spoil = False  # what is copied arrives wrong

    def __getattr__(self, name: str) -> Any:
        answer = getattr(type(self), f"_{name}", None)
        if answer is None:
            raise AttributeError(f"cuda.bindings.runtime has no {name}")

        def function(*arguments: Any) -> tuple[Any, ...]:
            self.calls.append(name)
            values = answer(self, *arguments) if name not in self.fail else ()
            if name in self.fail:
                return (self.fail[name], None)
            return (0, *(0 if name in self.null else value for value in values))

        return function

    def _cudaSetDevice(self, device: int) -> tuple[()]:  # noqa: N802
        return ()

    def _cudaGetErrorName(self, error: int) -> tuple[bytes]:  # noqa: N802
        self.calls.pop()
        return (NAMES.get(int(error), b"cudaErrorUnknown"),)

    def _cudaMalloc(self, size: int) -> tuple[int]:  # noqa: N802
        block = ctypes.create_string_buffer(size)
        self.memory[ctypes.addressof(block)] = block
        return (ctypes.addressof(block),)

    def _cudaFree(self, pointer: int) -> tuple[()]:  # noqa: N802
        del self.memory[pointer]
        return ()

    def _cudaIpcGetMemHandle(self, pointer: int) -> tuple[Handle]:  # noqa: N802
        handle = Handle()
        ctypes.memmove(handle.getPtr(), pointer.to_bytes(HANDLE_BYTES, "little"), HANDLE_BYTES)
        return (handle,)

    def _cudaIpcOpenMemHandle(self, handle: Handle, flags: int) -> tuple[int]:  # noqa: N802
        assert flags == self.cudaIpcMemLazyEnablePeerAccess
        pointer = int.from_bytes(ctypes.string_at(handle.getPtr(), HANDLE_BYTES), "little")
        assert pointer in self.memory
        self.opened.add(pointer)
        return (pointer,)

    def _cudaIpcCloseMemHandle(self, pointer: int) -> tuple[()]:  # noqa: N802
        self.opened.remove(pointer)
        return ()

    def _cudaDeviceGetPCIBusId(self, length: int, device: int) -> tuple[bytes]:  # noqa: N802
        assert length > len(BUS)
        return (BUS,)

    def _cudaDeviceGetByPCIBusId(self, bus: bytes) -> tuple[int]:  # noqa: N802
        assert bus == BUS.rstrip(b"\0")
        return (0,)

    def _cudaGLGetDevices(self, most: int, kind: int) -> tuple[int, list[int]]:  # noqa: N802
        return len(self.drawing), self.drawing

    def _cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[()]:  # noqa: N802
        ctypes.memmove(target, source, size)
        if self.spoil:
            ctypes.memset(target, 7, 1)
        return ()


class Stream:
    """A cuda.core.Stream."""

    handle = 42

    def __init__(self, library: Library) -> None:
        self._library = library

    def sync(self) -> None:
        self._library.calls.append("stream.sync")

    def close(self) -> None:
        self._library.calls.append("stream.close")


class Mapped:
    """A cuda.core.Buffer over a mapped OpenGL buffer."""

    def __init__(self, library: Library, buffer: Any) -> None:
        self._library, self._buffer = library, buffer
        self._block = ctypes.create_string_buffer(buffer.size)
        self.handle, self.size = ctypes.addressof(self._block), buffer.size

    def __enter__(self) -> "Mapped":
        return self

    def __exit__(self, *_: object) -> None:
        self._library.calls.append("unmap")
        self._buffer.write(self._block.raw)


class Resource:
    """A cuda.core.GraphicsResource."""

    def __init__(self, library: Library, buffer: Any) -> None:
        self._library, self._buffer = library, buffer
        self.handle = 0 if "register" in library.null else 1234

    def map(self, *, stream: Stream) -> Mapped:
        self._library.calls.append("map")
        if "map" in self._library.fail:
            raise Exception("CUDA_ERROR_MAP_FAILED: mapping of buffer object failed\nmore")
        return Mapped(self._library, self._buffer)

    def close(self, stream: Stream | None = None) -> None:
        self._library.calls.append("unregister")


def libraries_of(library: Library) -> Libraries:
    """What `engine.stage.interop.libraries` finds where the packages are."""

    def register(name: int, *, flags: str) -> Resource:
        library.calls.append("register")
        assert flags == "write_discard"
        if "register" in library.fail:
            raise RuntimeError("CUDA_ERROR_OPERATING_SYSTEM: OS call failed or operation not supported on this OS")
        return Resource(library, library.buffers[name])

    def device(number: int) -> Any:
        return SimpleNamespace(set_current=lambda: None, create_stream=lambda: Stream(library))

    return Libraries(Runtime(library), device, SimpleNamespace(from_gl_buffer=register))


class Context:
    """A real OpenGL context that tells the library which buffers were made in it."""

    def __init__(self, ctx: Any, library: Library) -> None:
        self._ctx, self._library = ctx, library

    def buffer(self, **options: Any) -> Any:
        buffer = self._ctx.buffer(**options)
        self._library.buffers[buffer.glo] = buffer
        return buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)
