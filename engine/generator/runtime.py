"""Which plan draws a model on this machine."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DeviceError, InputError, RoomError
from engine.generator.plan import Plan, Source
from engine.generator.spec import Canvas
from engine.paths import use_numba_cache

if TYPE_CHECKING:
    from engine.generator.plans.live import LivePlan
    from engine.generator.plans.openvino_compile import Compiler
    from engine.generator.plans.voices import VoicePlan

DEVICES = ("auto", "cpu", "cuda", "mps")
BACKENDS_OF = {
    "cpu": ("auto", "eager", "frozen", "openvino", "compile"),
    "cuda": ("auto", "eager", "graph", "compile"),
    "mps": ("auto", "eager"),
}
DRIVERS = ("/dev/nvidiactl", "/dev/nvmap", "/dev/dxg", "/dev/kfd")  # NVIDIA, its boards, WSL, ROCm


def open_plan(
    source: Source,
    voices: int,
    canvas: Canvas,
    device: str = "auto",
    threads: int = 2,
    backend: str = "auto",
    live: bool = True,
) -> Plan:
    """A plan that is ready to draw.

    device : auto, cpu, cuda, mps; auto takes the first that this machine has of cuda, mps, cpu
    threads : how many draw on the processor
    backend : one of those in BACKENDS_OF. auto on the processor is eager, or, live, the fastest that agrees with it:
    it draws at once and may change between two pictures
    live : False draws with one backend for ever

    InputError for a backend that the device does not have; DeviceError for a device that this machine does not have.
    """
    if voices < 1 or threads < 1:
        raise InputError(f"a plan of {voices} voices on {threads} threads: give at least one of each")
    os.environ.setdefault("KMP_BLOCKTIME", "0")  # before torch is loaded: between frames the stage needs the core
    use_numba_cache()
    place = find_device(device)
    if backend not in BACKENDS_OF[place.partition(":")[0]]:
        allowed = ", ".join(BACKENDS_OF[place.partition(":")[0]])
        raise InputError(f"no backend {backend!r} on {place}; there are: {allowed}")
    if place != "cpu":
        return _accelerated(source, voices, canvas, place, backend, live)
    return _on_cpu(source, voices, canvas, threads, backend, live)


def _on_cpu(source: Source, voices: int, canvas: Canvas, threads: int, backend: str, live: bool) -> Plan:
    if backend == "auto" and not live:
        backend = "eager"
    if source.deferred is None or backend == "eager":  # eager draws the whole in one way: it is the oracle
        return _of_voices(source, voices, canvas, threads, backend)
    from engine.generator.plans.deferred import DeferredPlan

    way = source.deferred
    finisher = way.finisher(canvas, threads)
    maps = _of_voices(way.maps, voices, way.canvas, threads, backend)
    try:
        return DeferredPlan(maps, finisher, source.inputs(voices), voices, canvas)
    except BaseException:
        maps.close()
        raise


def _of_voices(source: Source, voices: int, canvas: Canvas, threads: int, backend: str) -> "VoicePlan | LivePlan":
    if backend == "auto":
        return _fastest(source, voices, canvas, threads)
    if backend == "openvino":
        return _compiled(source, voices, canvas, threads)
    from engine.generator.plans.cpu import open_torch

    return open_torch(source, voices, canvas, threads, backend)


def _fastest(source: Source, voices: int, canvas: Canvas, threads: int) -> "VoicePlan | LivePlan":
    """What is compiled already, at once; else frozen, and OpenVINO as soon as it is compiled, where it is faster."""
    from engine.generator.plans.openvino_compile import Compiler
    from engine.generator.plans.openvino_plan import Disagreement

    compilation = compiler = None
    try:
        compiler = Compiler(source, voices, canvas, threads)
        plan = compiler.cached(faster=True)
        if plan is not None:
            return plan
        compilation = compiler.start()
        found = "compiling" if compilation else "not compiled: no other process can open this model"
    except Disagreement as error:
        found = f"not used: {error}"
    except DeviceError as error:
        found = str(error)
    from engine.generator.plans.cpu import open_torch

    try:
        first = open_torch(source, voices, canvas, threads, "frozen")
    except BaseException:
        if compilation is not None:
            compilation.close()
        raise
    first.found["openvino"] = found
    if compiler is None or compilation is None:
        return first
    from engine.generator.plans.live import LivePlan

    return LivePlan(first, compilation, partial(_better, compiler))


def _better(compiler: "Compiler") -> "VoicePlan":
    plan = compiler.cached(faster=True)
    if plan is None:
        raise RoomError("what was compiled cannot be read back")
    return plan


def _compiled(source: Source, voices: int, canvas: Canvas, threads: int) -> "VoicePlan":
    """OpenVINO, compiled now where it was not; eager where it disagrees with eager."""
    from engine.generator.plans.openvino_compile import Compiler
    from engine.generator.plans.openvino_plan import Disagreement

    try:
        compiler = Compiler(source, voices, canvas, threads)
        plan = compiler.cached()
        if plan is None:
            compiler.compile()
            plan = compiler.cached()
    except Disagreement as error:
        from engine.generator.plans.cpu import open_torch

        eager = open_torch(source, voices, canvas, threads, "eager")
        eager.found["openvino"] = f"not used: {error}"
        return eager
    if plan is None:
        raise RoomError("what OpenVINO compiled cannot be read back: is there space left in the cache?")
    return plan


def _accelerated(source: Source, voices: int, canvas: Canvas, place: str, backend: str, live: bool) -> Plan:
    if place == "mps":
        from engine.generator.plans.mps import MpsPlan

        return MpsPlan(source, voices, canvas)
    from engine.generator.plans.cuda import CudaPlan

    if backend == "auto" and not live:
        backend = "eager"
    return CudaPlan(source, voices, canvas, backend, place)


def find_device(name: str) -> str:
    """The device to draw on. DeviceError where this machine does not have it.

    Torch is asked only where it could have an accelerator: its import takes seconds.
    """
    if name.partition(":")[0] not in DEVICES:
        raise InputError(f"no device {name!r}; there are: {', '.join(DEVICES)}")
    if name == "cpu" or (name == "auto" and not _may_accelerate()):
        return "cpu"
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    have = [device for device, is_there in there.items() if is_there]
    if name == "auto":
        return have[0]
    if name.partition(":")[0] not in have:
        raise DeviceError(f"no device {name!r} here; there is: {', '.join(have)}. Choose one of them with --device")
    return name


def _may_accelerate() -> bool:
    """False only where a Linux has no driver of an accelerator."""
    return not sys.platform.startswith("linux") or any(Path(driver).exists() for driver in DRIVERS)
