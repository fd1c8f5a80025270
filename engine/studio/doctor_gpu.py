"""What the doctor asks of a GPU, in a process of its own: is there one, and does it draw what the processor draws?"""

import shutil
import subprocess
from math import sqrt
from typing import Any

import numpy as np
import torch

from engine.errors import DeviceError
from engine.generator.plan import Source
from engine.generator.plans.device_plan import DevicePlan
from engine.generator.spec import Canvas
from engine.generator.stylegan2 import StyleGAN2
from engine.generator.stylegan2_spec import StyleGAN2Spec
from engine.generator.synthesis import Synthesis

ASK_S = 10.0
WHEELS = "python -m pip install torch --index-url https://download.pytorch.org/whl/cu126"


def look() -> dict[str, Any]:
    """The GPU that models would be drawn on: `found`, `remedy` ("" where all is well), for one row."""
    card = _card()
    if torch.cuda.is_available():
        return _looked_at("cuda", f"{card or torch.cuda.get_device_name()}, {_memory()}, CUDA {torch.version.cuda}")
    if torch.backends.mps.is_available():
        return _looked_at("mps", "Apple GPU")
    build = f"torch {torch.__version__}"
    if card and torch.version.cuda is None:
        return {"found": f"{card}, but {build} is built without CUDA", "remedy": WHEELS}
    if card:
        found = f"{card}, but {build} (CUDA {torch.version.cuda}) cannot use it"
        return {"found": found, "remedy": "update the NVIDIA driver, or install the torch of an older CUDA"}
    return {
        "found": f"no CUDA device, and {build} {'has' if torch.version.cuda else 'is built without'} CUDA",
        "remedy": "models are drawn by the CPU; for large ones use an NVIDIA GPU and a CUDA build of torch",
    }


def _looked_at(device: str, what: str) -> dict[str, Any]:
    """A tiny model is drawn there; a plan checks itself."""
    try:
        plan = _plan(device)
    except DeviceError as error:
        return {"found": f"{what}: {error}", "remedy": "play --device cpu until this is mended"}
    notes = plan.notes()
    told = [f"{name}: {notes[name]}" for name in ("precision", "fp16", "graph", "bytes") if name in notes]
    plan.close()
    left = any("not used" in line for line in told)
    remedy = "update the driver and torch; what disagrees is drawn a slower way meanwhile" if left else ""
    return {"found": f"{what}; {plan.backend}; {'; '.join(told)}", "remedy": remedy}


def _plan(device: str) -> DevicePlan:
    source, canvas = tiny_source(), Canvas(64, 64)
    if device == "mps":
        from engine.generator.plans.mps import MpsPlan

        return MpsPlan(source, 1, canvas)
    from engine.generator.plans.cuda import CudaPlan

    return CudaPlan(source, 1, canvas)


def tiny_source() -> Source:
    """A StyleGAN2 of 64 x 64 with three blocks in fp16, its weights drawn at random."""
    spec = StyleGAN2Spec(8, 8, (32, 32, 32, 16, 16), (8, 8), clamp=256.0, num_fp16_res=3)
    random = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(shape, generator=random) for name, shape in spec.shapes().items()}
    for name in tensors:
        if name.endswith("resample_filter"):
            tensors[name] = torch.tensor([1.0, 3.0, 3.0, 1.0]).outer(torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64
        elif "torgb.weight" in name:
            tensors[name] = tensors[name] / sqrt(tensors[name].shape[1])

    def build(canvas: Canvas, *, batched: bool = False, half: bool = False) -> Synthesis:
        return StyleGAN2(spec, tensors, canvas, batched=batched, half=half).eval().requires_grad_(False)

    def inputs(voices: int) -> dict[str, Any]:
        w = np.random.RandomState(0).randn(voices, spec.num_ws, spec.w_dim).astype(np.float32)
        return {"w": w, **spec.inputs({})}

    return Source("doctor", build, inputs, spec.gflop)


def _memory() -> str:
    free, total = torch.cuda.mem_get_info()
    return f"{free / 2**30:.1f} of {total / 2**30:.1f} GB free"


def _card() -> str:
    """The first NVIDIA GPU and its driver in the words of nvidia-smi; empty where that is not there."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    query = ["--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run([program, *query], capture_output=True, text=True, timeout=ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    name, _, driver = (done.stdout.strip().splitlines() or [""])[0].partition(", ")
    return f"{name}, driver {driver}" if done.returncode == 0 and driver else ""
