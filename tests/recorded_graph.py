"""In place of `torch.cuda` where no GPU is: streams that record their order, and graphs that replay on the processor.

Only torch's own parts are replaced. A graph records the operators of a capture and, replayed, runs the very same
operators on the very same tensors, writing into the memory that the capture had: as CUDA's graphs do, it sees new numbers in
its static inputs and nothing that Python decided meanwhile.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    """Every operator of a capture, with its arguments and results."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.rows.append((func, args, kwargs or {}, result))
        return result


class Graph:
    """A torch.cuda.CUDAGraph."""

    def __init__(self) -> None:
        self.tape = Tape()

    def replay(self) -> None:
        Machine.here.calls.append("replay")
        with torch.inference_mode():
            for func, args, kwargs, result in self.tape.rows:
                made = func(*args, **kwargs)
                for old, new in zip(tree_leaves(result), tree_leaves(made), strict=True):
                    if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                        old.copy_(new)


class Stream:
    """A torch.cuda.Stream."""

    def wait_stream(self, other: "Stream") -> None:
        Machine.here.calls.append("wait_stream")

    def synchronize(self) -> None:
        Machine.here.calls.append("stream.synchronize")


class Event:
    """A torch.cuda.Event."""

    def record(self) -> None:
        Machine.here.calls.append("event.record")

    def synchronize(self) -> None:
        Machine.here.calls.append("event.synchronize")


class Machine:
    """What `torch.cuda` is asked."""

    here: "Machine"

    def __init__(self, cudart: Any) -> None:
        self.calls: list[str] = []
        self.streams = [Stream()]
        self.refuse_capture = ""
        self.library = cudart

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        self.streams.append(stream)
        try:
            yield
        finally:
            self.streams.pop()

    @contextmanager
    def graph(self, graph: Graph, pool: Any, stream: Stream, capture_error_mode: str) -> Iterator[None]:
        assert pool == (0, 1) and capture_error_mode == "thread_local" and stream is not self.streams[-1]
        self.calls.append("capture")
        if self.refuse_capture:
            raise RuntimeError(self.refuse_capture)
        with self.stream(stream), graph.tape:
            yield


def as_if_cuda(monkeypatch: pytest.MonkeyPatch, cudart: Any) -> Machine:
    """Let `torch.cuda` answer as with one GPU, on tensors of the processor."""
    machine = Machine.here = Machine(cudart)
    empty, as_tensor = torch.empty, torch.as_tensor

    def over_memory(data: Any, *args: Any, **options: Any) -> Tensor:
        row = getattr(data, "__cuda_array_interface__", None)
        if row is None:
            return as_tensor(data, *args, **options)
        size = int(np.prod(row["shape"]))
        memory = (ctypes.c_uint8 * size).from_address(row["data"][0])
        return torch.from_numpy(np.frombuffer(memory, np.uint8).reshape(row["shape"]))

    for name, stand_in in {
        "is_available": lambda: True, "set_device": lambda index: None, "cudart": lambda: machine.library,
        "get_device_name": lambda: "no GPU at all", "Stream": Stream, "Event": Event, "stream": machine.stream,
        "current_stream": lambda: machine.streams[-1], "graph_pool_handle": lambda: (0, 1), "CUDAGraph": Graph,
        "graph": machine.graph,
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, stand_in)
    monkeypatch.setattr(torch, "empty", lambda *shape, pin_memory=False, **options: empty(*shape, **options))
    monkeypatch.setattr(torch, "as_tensor", over_memory)
    return machine
