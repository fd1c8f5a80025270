"""Say in plain words what works here, what is missing, and the one command that mends it."""

import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from engine.paths import cache_dir, data_dir

COMPILE_S = 150.0  # a first start on a slow machine
PROBE_S = 40.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    state: Literal["ok", "limited", "missing"]
    found: str
    remedy: str = ""


def doctor() -> list[Finding]:
    """Look at everything a show may need. Whatever can hang or crash is looked at in a process of its own."""
    checks: list[Callable[[], Finding]] = [
        _python, _data, _cache, _torch, _gpu, _handover, _silk, _tulip, _window, _offscreen, _sound, _midi, _osc_port,
        _video, _market,
    ]  # fmt: skip
    return [check() for check in checks]


def as_rows(findings: list[Finding]) -> list[dict[str, str]]:
    """For --json."""
    return [asdict(finding) for finding in findings]


def _probe(code: str, patience_s: float | None = None) -> tuple[dict[str, object] | None, str]:
    """Run a few lines elsewhere; the JSON they print, or why there is none."""
    patience_s = PROBE_S if patience_s is None else patience_s
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=patience_s, env=environment,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, f"no answer within {patience_s:.0f} s"
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return None, last[:200]
    try:
        return json.loads(done.stdout.strip().splitlines()[-1]), ""
    except (ValueError, IndexError):
        return None, "it said nothing that can be read"


def _apt(*packages: str) -> str:
    return f"sudo apt-get install -y {' '.join(packages)}" if sys.platform == "linux" else ""


def _python() -> Finding:
    version = platform.python_version()
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("Python", "ok" if good else "limited", version, "" if good else "use Python 3.11, 3.12 or 3.13")


def _data() -> Finding:
    shows = len(list(data_dir("presets").glob("*/show.toml")))
    shaders = len(list(data_dir("shaders").glob("*.fs")))
    good = shows > 0 and shaders > 0
    return Finding("shipped shows and effects", "ok" if good else "missing", f"{shows} shows, {shaders} effects",
                   "" if good else "python -m pip install --force-reinstall latenz")  # fmt: skip


def _cache() -> Finding:
    try:
        folder = cache_dir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding("cache", "missing", str(error), "set LATENZ_CACHE to a folder that can be written")
    state: Literal["ok", "limited"] = "ok" if free > 1 << 30 else "limited"
    return Finding("cache", state, f"{folder} ({free >> 30} GB free)", "" if state == "ok" else "free some disk space")


def _torch() -> Finding:
    data, why = _probe("import json, torch; print(json.dumps({'v': torch.__version__}))")
    if data is None:
        return Finding("torch", "missing", why, "python -m pip install 'torch>=2.6'")
    return Finding("torch", "ok", str(data["v"]))


def _gpu() -> Finding:
    """What is there, and what a small plan finds when it checks itself."""
    data, why = _probe("import json; from engine.studio.doctor_gpu import look; print(json.dumps(look()))")
    if data is None:
        return Finding("GPU", "missing", why, "play --device cpu; update the graphics driver and torch")
    remedy = str(data["remedy"])
    return Finding("GPU", "limited" if remedy else "ok", str(data["found"]), remedy)


def _handover() -> Finding:
    """Whether pictures could stay on the GPU; copying them always works."""
    data, why = _probe(
        "import json; from engine.stage.offscreen import Offscreen\n"
        "with Offscreen(32, 32) as s: print(json.dumps({'why': s.why_copied()}))"
    )
    why = why if data is None else str(data["why"])
    if why:
        return Finding("pictures from GPU to stage", "ok", f"by copy: {why}")
    return Finding("pictures from GPU to stage", "ok", "may stay on the GPU: set [stage] interop = true")


def _silk() -> Finding:
    return _built_in("built-in generator", "silk", "auto")


def _tulip() -> Finding:
    return _built_in("built-in flower", "tulip", "frozen")  # what draws until something faster is compiled


def _built_in(what: str, model: str, backend: str) -> Finding:
    data, why = _probe(
        "import json, time; from engine.generator.catalog import How, open_model; t = time.perf_counter(); "
        f"g = open_model({model!r}, 'cpu', 2, How(backend={backend!r}, live=False)); g.prepare(1, 512, 512); "
        "p = time.perf_counter() - t; import numpy as np; "
        "w = g.map(np.random.RandomState(0).randn(1, len(g.info.bands), g.info.z_dim), 1.0); "
        "n = []\nfor _ in range(9):\n t = time.perf_counter(); g.draw(w, {}); n.append(time.perf_counter() - t)\n"
        "print(json.dumps({'p': p, 'ms': sorted(n)[4] * 1e3}))",
        COMPILE_S,
    )
    if data is None:
        return Finding(what, "missing", why, "python -m pip install --force-reinstall latenz numba numpy")
    ms = float(str(data["ms"]))
    state: Literal["ok", "limited"] = "ok" if ms < 30 else "limited"
    found = f"{model} at 512x512: {ms:.1f} ms a picture, ready in {float(str(data['p'])):.1f} s"
    remedy = "" if state == "ok" else "close other programs, or set [generator] size smaller"
    return Finding(what, state, found, remedy)


def _window() -> Finding:
    data, why = _probe(
        "import json, glfw, moderngl\n"
        "if not glfw.init(): raise SystemExit('no display')\n"
        "glfw.window_hint(glfw.VISIBLE, 0); glfw.window_hint(glfw.CONTEXT_VERSION_MAJOR, 3); "
        "glfw.window_hint(glfw.CONTEXT_VERSION_MINOR, 3); "
        "glfw.window_hint(glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE)\n"
        "w = glfw.create_window(64, 64, 'latenz', None, None); glfw.make_context_current(w)\n"
        "c = moderngl.create_context()\n"
        "print(json.dumps({'r': c.info['GL_RENDERER'], 'n': len(glfw.get_monitors())}))"
    )
    if data is None:
        remedy = "start latenz in a desktop session, or play --headless; missing OpenGL: "
        return Finding(
            "window", "missing", why, remedy + (_apt("libgl1", "libgl1-mesa-dri") or "install the GPU's driver")
        )
    soft = "llvmpipe" in str(data["r"]) or "software" in str(data["r"]).lower()
    return Finding("window", "limited" if soft else "ok", f"{data['r']}, {data['n']} monitor(s)",
                   "OpenGL runs in software here: install the graphics card's driver" if soft else "")  # fmt: skip


def _offscreen() -> Finding:
    data, why = _probe(
        "import json; from engine.stage.offscreen import Offscreen\n"
        "with Offscreen(32, 32) as s: print(json.dumps({'size': list(s.size)}))"
    )
    if data is None:
        return Finding(
            "offscreen drawing", "missing", why, _apt("libegl1", "libgl1", "libegl-mesa0", "libgl1-mesa-dri")
        )
    return Finding("offscreen drawing", "ok", "renders and headless play work")


def _sound() -> Finding:
    data, why = _probe(
        "import json, sounddevice as s; d = s.query_devices(); "
        "print(json.dumps({'i': [x['name'] for x in d if x['max_input_channels']], "
        "'o': [x['name'] for x in d if x['max_output_channels']]}))"
    )
    if data is None:
        return Finding("sound", "missing", why, _apt("libportaudio2") or "python -m pip install sounddevice")
    inputs = data["i"]
    assert isinstance(inputs, list)
    if not inputs:
        return Finding(
            "sound", "limited", "no input; sound files still play", "plug in an audio interface or microphone"
        )
    return Finding("sound", "ok", f"{len(inputs)} input(s): {', '.join(map(str, inputs[:4]))}")


def _midi() -> Finding:
    data, why = _probe(
        "import json, mido\nmido.set_backend('mido.backends.rtmidi')\n"
        "print(json.dumps({'i': mido.get_input_names(), 'o': mido.get_output_names()}))"
    )
    if data is None:
        remedy = "sudo modprobe snd-seq (ALSA), or start jackd" if sys.platform == "linux" else "plug in a controller"
        return Finding("MIDI", "missing", why, remedy)
    inputs = data["i"]
    assert isinstance(inputs, list)
    if not inputs:
        return Finding("MIDI", "limited", "works, no port", "plug in a controller; it is found while a show plays")
    return Finding("MIDI", "ok", ", ".join(map(str, inputs[:4])))


def _osc_port() -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", 9000))
        except OSError as error:
            return Finding(
                "OSC port 9000", "limited", str(error.strerror), "close the other program, or play --osc 127.0.0.1:9001"
            )
    return Finding("OSC port 9000", "ok", "free on 127.0.0.1")


def _video() -> Finding:
    data, why = _probe("import json, av; av.Codec('libx264', 'w'); print(json.dumps({'v': av.__version__}))")
    if data is None:
        return Finding("video files", "missing", why, "python -m pip install --force-reinstall av")
    return Finding("video files", "ok", f"H.264 by PyAV {data['v']}")


def _market() -> Finding:
    if importlib.util.find_spec("ccxt") is None:
        return Finding("live markets", "limited", "replay only", "python -m pip install 'latenz[market]'")
    return Finding("live markets", "ok", "ccxt is there")
