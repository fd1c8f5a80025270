"""The show's side of OpenVINO: what lies in the cache, and the process that fills it."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from engine.errors import RoomError
from engine.generator.plan import Source
from engine.generator.plans import openvino_cache
from engine.generator.plans.openvino_plan import Disagreement, OpenVINOPlan, machine
from engine.generator.spec import Canvas
from engine.paths import cache_dir

WORTH = 1.05  # what times within this ratio decide nothing
_ROOT = str(Path(__file__).resolve().parents[3])


class Compilation:
    """A child that opens a model by `source.rebuild`, compiles it and writes one entry of the cache."""

    def __init__(self, source: Source, canvas: Canvas, threads: int, out: Path) -> None:
        command = [
            sys.executable, "-P", "-m", "engine.generator.plans.openvino_child", "--out", str(out),
            "--width", str(canvas.width), "--height", str(canvas.height), "--fit", canvas.fit,
            "--threads", str(threads), "--parent", str(os.getpid()), "--", *(word for word in source.rebuild if word),
        ]  # fmt: skip
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(p for p in (_ROOT, environment.get("PYTHONPATH")) if p)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._reading = threading.Lock()  # `wait` and `close` come from different threads
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said, env=environment,
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )  # fmt: skip

    def wait(self) -> None:
        """Until it is done. RoomError with its last words when it fails."""
        status = self.process.wait()
        with self._reading:
            said = [] if self._said.closed else self._words()
        if status != 0:
            raise RoomError(f"the compiling process ended with status {status}: {said[-1] if said else 'no word'}")

    def close(self) -> None:
        """Stop it if it still compiles."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        with self._reading:
            self._said.close()

    def _words(self) -> list[str]:
        with self._said as file:
            file.seek(0)
            return file.read().decode("utf-8", "replace").strip().splitlines()


class Compiler:
    """Plans of one source at one size on so many threads. DeviceError where OpenVINO is not installed."""

    def __init__(self, source: Source, voices: int, canvas: Canvas, threads: int, folder: Path | None = None) -> None:
        """folder : of the compiled models; None is the user's cache."""
        self._source, self._voices, self._canvas, self._threads = source, voices, canvas, threads
        self._path = openvino_cache.entry_path(source.key, canvas, machine(), folder or cache_dir("openvino"))

    def cached(self, *, faster: bool = False) -> OpenVINOPlan | None:
        """The plan, checked and warm; None where nothing that can be used lies in the cache.

        faster : only where it was faster than frozen when both were timed
        Disagreement where it does not draw what eager drew, or is not faster.
        """
        entry = openvino_cache.read(self._path)
        if entry is None:
            return None
        ours, others = entry.facts["openvino_cpu_ms"], entry.facts["frozen_cpu_ms"]
        if faster and ours > WORTH * others:
            raise Disagreement(f"{ours:g} ms of the processor a picture, frozen {others:g} ms")
        try:
            plan = OpenVINOPlan(entry, self._voices, self._canvas, self._threads)
        except RuntimeError:  # a whole entry that OpenVINO does not take
            self._path.unlink(missing_ok=True)
            return None
        plan.check(self._source, entry.oracle)
        return plan

    def start(self) -> Compilation | None:
        """Compile in another process; None where none could open the model."""
        if not self._source.rebuild:
            return None
        return Compilation(self._source, self._canvas, self._threads, self._path)

    def compile(self) -> None:
        """Compile and wait. RoomError when that fails."""
        compilation = self.start()
        if compilation is not None:
            try:
                compilation.wait()
            finally:
                compilation.close()
            return
        from engine.generator.plans.openvino_child import compile_entry

        openvino_cache.write(self._path, compile_entry(self._source, self._canvas, self._threads))
