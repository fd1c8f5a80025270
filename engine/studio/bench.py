"""How fast this machine draws and routes: the figures behind docs/performance.md."""

import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.controls import Controls, Layout
from engine.errors import InputError
from engine.generator.base import Generator, ModelInfo
from engine.generator.catalog import file_of, model_directions, model_info, open_model
from engine.generator.spec import Canvas
from engine.latent.board import controls as motion_controls
from engine.latent.motion import Motion
from engine.latent.places import Places
from engine.latent.spec import VoiceSpec
from engine.preset import find_show, load_show
from engine.show.desk import Desk
from engine.show.session import STEP_S
from engine.studio.bench_model import ROUNDS, bench_model, figures
from engine.studio.peak import peak_gflops

Progress = Callable[[str], None]


def bench(
    model: str = "silk",
    device: str = "cpu",
    size: tuple[int, int] | None = None,
    threads: int = 1,
    progress: Progress = lambda text: None,
    backend: str | None = None,
) -> dict[str, Any]:
    """Generator, matrix peak and control path, interleaved over five rounds; medians.

    percent_of_peak compares the generator with a matrix product timed in the same rounds. A model from a file is drawn
    by every backend of the device, or by eager and the one that is named: see `bench_model`.
    """
    if not 1 <= threads <= 256:
        raise InputError(f"--threads {threads}: give 1 to 256")
    path = file_of(model)
    info = model_info(model)
    width, height = size or (info.width, info.height)
    if path is not None:
        from engine.generator.convert import playable
        from engine.generator.network import source_of

        source = source_of(str(playable(path)))
        measured = bench_model(source, Canvas(width, height), device, threads, backend, progress)
    else:
        if backend is not None:
            raise InputError(f"--backend {backend}: {model} has one way of drawing on each device; leave it out")
        measured = _bench_built_in(model, info, device, (width, height), threads, progress)
    progress("routes and springs")
    return {
        "model": model, "device": device, "size": [width, height], "threads": threads,
        "machine": {"processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        **measured,
        "control_path_ms": control_path(model),
    }  # fmt: skip


def _bench_built_in(
    model: str, info: ModelInfo, device: str, size: tuple[int, int], threads: int, progress: Progress
) -> dict[str, Any]:
    progress(f"preparing {model} at {size[0]}x{size[1]}")
    begun = time.perf_counter()
    generator = open_model(model, device, threads)
    generator.prepare(1, *size)
    prepare_s = time.perf_counter() - begun
    draws, peaks = [], []
    for number in range(ROUNDS):
        progress(f"round {number + 1} of {ROUNDS}")
        draws.append(_draw_s(generator))
        peaks.append(peak_gflops(threads))
    gflop = float(info.extra.get("gflop", 0.0)) * size[0] * size[1] / (info.width * info.height)
    row = figures(gflop, float(np.median(draws)), float(np.median(peaks)))
    generator.close()
    return {"backends": {generator.backend: {**row, "prepare_s": round(prepare_s, 3)}}}


def _draw_s(generator: Generator, seconds: float = 1.0) -> float:
    """Median seconds of a picture along a slow walk."""
    info = generator.info
    rng = np.random.RandomState(0)
    z = rng.randn(1, len(info.bands), info.z_dim)
    step = 0.02 * rng.randn(*z.shape)
    times: list[float] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s or len(times) < 3:
        z = z + step
        w = generator.map(z, 1.0)
        begun = time.perf_counter()
        generator.draw(w, {})
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def control_path(model: str = "silk", show: str = "pulse", steps: int = 2500) -> dict[str, dict[str, float]]:
    """Compute time of a signals step of a shipped show, and of one step of motion. Milliseconds."""
    desk = Desk(load_show(find_show(show)), live=False)
    desk.open(0.0)
    info, directions = model_info(model), model_directions(model)
    voices = (VoiceSpec(),)
    layout = Layout(motion_controls(voices, info, directions.names))
    generator_map = open_model(model, "cpu", 1).map
    motion = Motion(voices, info, directions, Places(), generator_map, layout)
    controls = Controls(layout, layout.defaults.copy())
    rows: dict[str, list[float]] = {"signals": [], "routes": [], "motion": []}
    for step in range(steps):
        desk.step(step * STEP_S, STEP_S)
        rows["signals"].append(desk.source_s)
        rows["routes"].append(desk.route_s)
        if step % 5 == 0:
            begun = time.perf_counter()
            motion.step(controls, 1 / 30, 0.0)
            rows["motion"].append(time.perf_counter() - begun)
    desk.close()
    return {
        name: {f"p{p}": round(float(np.percentile(values, p)) * 1e3, 4) for p in (50, 95, 99)}
        for name, values in rows.items()
    }
