"""Torch on the processor: eager, which is the oracle; traced and frozen; compiled."""

import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import DeviceError
from engine.generator.plan import Source
from engine.generator.plans.agreement import SAME_SIGMA, compare
from engine.generator.plans.voices import Port, VoicePlan
from engine.generator.spec import Canvas
from engine.generator.synthesis import Synthesis

Call = Callable[..., Tensor]
WARM_FRAMES = 3  # the executor of a traced network plans on its first two


class TorchPlan(VoicePlan):
    """A network, or what was made from it, called with one voice's numbers on so many threads."""

    def __init__(self, backend: str, net: Synthesis, voices: int, canvas: Canvas, threads: int) -> None:
        super().__init__(ports_of(net), voices, canvas)
        self.backend = backend
        self._call: Call = net
        self._threads = threads
        self._tensors = [torch.from_numpy(feed) for feed in self._feeds]
        self.found: dict[str, object] = {}

    def notes(self) -> dict[str, object]:
        return self.found

    def close(self) -> None:
        self._call = _closed

    def _infer(self) -> NDArray[np.float32]:
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        with torch.inference_mode():
            picture: NDArray[np.float32] = self._call(*self._tensors)[0].numpy()
        return picture

    def become(self, backend: str, make: Callable[[tuple[Tensor, ...]], Call], source: Source) -> None:
        """Draw with what `make` makes of the example inputs from now on, unless it disagrees with the oracle."""
        begun, inputs = time.perf_counter(), source.inputs(1)
        self._feed(inputs, 0)
        oracle, former = self._infer().copy(), self._call
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of tracing, which alone needs no C++ compiler
            self._call = make(tuple(self._tensors))
        for _ in range(WARM_FRAMES):
            picture = self._infer()
        agreement = compare(picture, oracle)
        self.found |= {"prepare_s": round(time.perf_counter() - begun, 3)}
        if agreement.same():
            self.backend = backend
            self.found[backend] = f"against eager: {agreement}"
        else:
            self._call = former
            self.found[backend] = f"not used: {agreement}; allowed are {SAME_SIGMA:g}"


def _closed(*_: Tensor) -> Tensor:
    raise RuntimeError("this plan is closed")


def open_torch(source: Source, voices: int, canvas: Canvas, threads: int, backend: str) -> TorchPlan:
    """A plan of torch: eager, frozen or compile.

    One that disagrees with the oracle stays eager and its notes say so. DeviceError where this machine cannot compile.
    """
    torch.set_num_threads(threads)
    net = source.build(canvas).eval().requires_grad_(False)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's overloads leave it out
    plan = TorchPlan("eager", net, voices, canvas, threads)
    if backend == "frozen":
        plan.become(backend, lambda example: frozen(net, example), source)
    elif backend == "compile":
        plan.become(backend, lambda example: compiled(net, example), source)
    return plan


def frozen(net: Synthesis, example: tuple[Tensor, ...]) -> Call:
    """The network as one traced graph with its weights as constants.

    Not `optimize_for_inference`: its blocked layouts cost these networks more than they give (24 ms against 14).
    """
    with torch.inference_mode():
        traced: Call = torch.jit.freeze(torch.jit.trace(net, example, check_trace=False))  # type: ignore[no-untyped-call]
    return traced


def compiled(net: Synthesis, example: tuple[Tensor, ...]) -> Call:
    """The network through torch.compile, whole. DeviceError without a C++ compiler."""
    call: Call = torch.compile(net, fullgraph=True, dynamic=False)
    try:
        with torch.inference_mode():
            call(*example)
    except Exception as error:  # the compiler's own classes are not public
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise DeviceError(f"torch.compile: {said}. It needs a C++ compiler; choose another --backend") from error
    return call


def ports_of(net: Synthesis) -> tuple[Port, ...]:
    """A network's slots, without torch."""
    return tuple(Port(slot.name, slot.shape, slot.shared) for slot in net.slots)
