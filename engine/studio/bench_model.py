"""How fast each backend of a device draws a model from a file: the same pictures, timed in turn, against one peak."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError, EngineError
from engine.generator.plan import Inputs, Plan, Source
from engine.generator.runtime import BACKENDS_OF, find_device, open_plan
from engine.generator.spec import Canvas
from engine.paths import use_numba_cache
from engine.studio.peak import peak_gflops

ROUNDS = 5
ROUND_S = 0.4  # of one backend in one round, unless a picture takes longer
LEAST = 3  # pictures of one backend in one round
UNASKED = ("eager", "frozen", "openvino", "graph")  # torch.compile takes most of a minute: only when it is named


@dataclass
class Candidate:
    """One backend under measurement."""

    plan: Plan
    facts: dict[str, Any]
    seconds: list[float] = field(default_factory=list)


def bench_model(
    source: Source,
    canvas: Canvas,
    device: str,
    threads: int,
    backend: str | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Every backend that this device has, or eager and the one that is named: medians of five interleaved rounds.

    Per backend also `agreement`, its largest difference from eager in the picture's own range. `prepare_s` is what this
    start took, with what lay in the user's cache; of OpenVINO also `prepare_cached_s`, what later starts take, and
    `compile_s`, what the first ever took. `handover_ms`: floats to RGBA8 in their place, on one thread.
    InputError for a backend that the device does not have.
    """
    use_numba_cache()
    place = find_device(device)
    peak_gflops(threads, place)  # loads torch, which is no part of preparing the first backend
    asked = UNASKED if backend is None else ("eager", backend)
    names = [name for name in BACKENDS_OF[place.partition(":")[0]] if name in asked]
    if backend is not None and backend not in names:
        names.append(backend)  # open_plan says which there are
    inputs = source.inputs(1)
    result: dict[str, Any] = {"device": place, "backends": {}, "left_out": {}}
    with ExitStack() as stack:
        candidates: dict[str, Candidate] = {}
        for name in names:
            progress(f"preparing {name}")
            try:
                candidate = _prepare(source, canvas, place, threads, name)
            except EngineError as error:
                if name == backend:
                    raise
                result["left_out"][name] = str(error)
                continue
            stack.callback(candidate.plan.close)
            candidates[name] = candidate
        eager = candidates["eager"].plan.image(inputs)
        peaks = []
        for number in range(ROUNDS):
            progress(f"round {number + 1} of {ROUNDS}")
            peaks.append(peak_gflops(threads, place))
            for candidate in candidates.values():
                candidate.seconds.append(_round_s(candidate.plan, inputs, canvas))
        gflop, peak = source.gflop(canvas.width, canvas.height), float(np.median(peaks))
        for name, candidate in candidates.items():
            apart = float(np.abs(candidate.plan.image(inputs) - eager).max())
            row = figures(gflop, float(np.median(candidate.seconds)), peak)
            result["backends"][name] = {**row, **candidate.facts, "agreement": apart, "draws": candidate.plan.backend}
    result["handover_ms"] = _handover_ms(eager[0])
    return result


def figures(gflop: float, seconds: float, peak_gflops: float) -> dict[str, float]:
    """What a picture of so much work in so many seconds comes to."""
    gflops = gflop / seconds
    return {
        "gflop_per_frame": round(gflop, 4), "ms_p50": round(seconds * 1e3, 3), "gflops": round(gflops, 2),
        "peak_gflops": round(peak_gflops, 1), "percent_of_peak": round(100 * gflops / peak_gflops, 1),
    }  # fmt: skip


def _prepare(source: Source, canvas: Canvas, place: str, threads: int, name: str) -> Candidate:
    begun = time.perf_counter()
    if name == "openvino" and source.deferred is None:
        return _prepare_openvino(source, canvas, threads)
    plan = open_plan(source, 1, canvas, place, threads, name, live=False)
    return Candidate(plan, {"prepare_s": round(time.perf_counter() - begun, 3)})


def _prepare_openvino(source: Source, canvas: Canvas, threads: int) -> Candidate:
    """From the user's cache, compiled first where it is not there; then opened once more, as any later start is."""
    from engine.generator.plans.openvino_compile import Compiler

    compiler = Compiler(source, 1, canvas, threads)
    begun = time.perf_counter()
    first = compiler.cached()
    if first is None:
        compiler.compile()
        first = compiler.cached()
    ready_s = time.perf_counter()
    plan = compiler.cached()
    done_s = time.perf_counter()
    if first is None or plan is None:
        raise DeviceError("what OpenVINO compiled cannot be read back: is there space left?")
    first.close()
    facts = {"prepare_s": round(ready_s - begun, 3), "prepare_cached_s": round(done_s - ready_s, 3)}
    return Candidate(plan, {**facts, "compile_s": plan.notes().get("compile_s")})


def _round_s(plan: Plan, inputs: Inputs, canvas: Canvas) -> float:
    """Median seconds of a picture, from numbers to bytes."""
    out = np.zeros((1, canvas.height, canvas.width, 4), np.uint8)
    plan.draw(inputs, out)
    times: list[float] = []
    end_s = time.perf_counter() + ROUND_S
    while time.perf_counter() < end_s or len(times) < LEAST:
        begun = time.perf_counter()
        plan.draw(inputs, out)
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def _handover_ms(picture: NDArray[np.float32]) -> float:
    from engine.generator.plans.frame import to_rgba

    out = np.zeros((*picture.shape[1:], 4), np.uint8)
    times = []
    for _ in range(21):
        begun = time.perf_counter()
        to_rgba(picture, out)
        times.append(time.perf_counter() - begun)
    return round(float(np.median(times)) * 1e3, 3)
