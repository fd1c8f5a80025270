"""Compile a model for OpenVINO in a process of its own, at a low priority, so that the show goes on drawing.

python -m engine.generator.plans.openvino_child --out ENTRY --width W --height H --fit FIT --threads N
    --parent PID MODEL [SECOND]
"""

import argparse
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.generator.plan import Source
from engine.generator.plans import openvino_cache
from engine.generator.plans.openvino_cache import Entry
from engine.generator.plans.openvino_plan import OpenVINOPlan, core, settings
from engine.generator.plans.voices import Port
from engine.generator.spec import Canvas

NICE = 10  # a tenth of a busy core: at 19 a show that needs all of them would never get its compiled model
ROUNDS = 5


def main() -> None:
    """Rebuild the source from its words, compile it and lay the entry down."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--fit", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("words", nargs="+")
    given = parser.parse_args()
    if hasattr(os, "nice"):
        os.nice(NICE)
    if sys.platform != "win32":
        threading.Thread(target=_leave_with, args=(given.parent,), daemon=True).start()
    from engine.generator.network import source_of

    source = source_of(*given.words)
    if source.deferred is not None:
        source = source.deferred.maps  # nothing else of it is compiled for the processor
    entry = compile_entry(source, Canvas(given.width, given.height, given.fit), given.threads)
    openvino_cache.write(given.out, entry)


def _leave_with(parent: int) -> None:
    """End when the process that asked for this is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def compile_entry(source: Source, canvas: Canvas, threads: int) -> Entry:
    """Compile, and draw the fixed inputs with eager for a later comparison; time it against frozen."""
    from engine.generator.plans.cpu import open_torch

    begun = time.perf_counter()
    inputs = source.inputs(1)
    eager = open_torch(source, 1, canvas, threads, "eager")
    ports, oracle = eager.ports, eager.picture(inputs).copy()
    eager.close()
    blob = _compile(source, canvas, ports, threads)
    prepare_s = time.perf_counter() - begun
    entry = Entry(ports, oracle, blob)
    compiled = OpenVINOPlan(entry, 1, canvas, threads)
    frozen = open_torch(source, 1, canvas, threads, "frozen")
    draws = [lambda: compiled.picture(inputs), lambda: frozen.picture(inputs)]
    ours, others = _cpu_ms(draws)
    facts = {"openvino_cpu_ms": ours, "frozen_cpu_ms": others, "compile_s": round(prepare_s, 2)}
    return Entry(ports, oracle, blob, facts)


def _compile(source: Source, canvas: Canvas, ports: tuple[Port, ...], threads: int) -> bytes:
    """What `import_model` takes: the network of one voice, with eager's weights."""
    import openvino
    import torch

    from engine.generator.synthesis import Synthesis

    net = source.build(canvas).eval().requires_grad_(False)
    for module in net.modules():
        if isinstance(module, Synthesis):  # a blend holds another
            module.suit_openvino()
    example = tuple(torch.from_numpy(port.memory()) for port in ports)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer inside
        model = openvino.convert_model(net, example_input=example)
    if len(model.inputs) != len(ports):
        raise RuntimeError(f"{len(model.inputs)} inputs were left of {len(ports)}")
    model.reshape({i: list(port.memory().shape) for i, port in enumerate(ports)})
    exported: Any = core().compile_model(model, "CPU", settings(threads)).export_model()
    return bytes(exported.getvalue() if hasattr(exported, "getvalue") else exported)


def _cpu_ms(draws: list[Callable[[], Any]]) -> list[float]:
    """What the processor works for a picture of each, on all threads: the least of some interleaved rounds.

    Not the time that passes: this process has a low priority, and waits for the show.
    """
    rows = np.zeros((ROUNDS, len(draws)))
    for row in rows:
        for i, draw in enumerate(draws):
            begun = time.process_time()
            draw()
            row[i] = time.process_time() - begun
    return [round(float(ms), 3) for ms in 1e3 * rows.min(0)]


if __name__ == "__main__":
    main()
