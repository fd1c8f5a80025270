"""The CUDA plan's own steps, in order and with numbers, on a `torch.cuda` that replays its graphs on the processor.

What it cannot show is told in docs/gpu.md; `test_gpu.py` asks a real GPU.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.generator.plans.agreement import rgba_of
from engine.generator.plans.cuda import LOCKED, STAGED, CudaPlan
from engine.generator.plans.cuda_graph import WARM_UPS
from engine.generator.plans.device_plan import DevicePlan
from engine.gpu_offer import Offer
from engine.shared import FrameRing
from engine.stage.interop import Door
from engine.stage.offscreen import Offscreen
from tests.cuda_library import Context, Library, libraries_of
from tests.engine.generator.small_models import SPECS, canvas_of, inputs_of, source_of
from tests.engine.generator.small_models import one_thread as one_thread
from tests.engine.generator.test_cuda_host import Cudart
from tests.recorded_graph import Machine, as_if_cuda

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here: test_gpu.py asks it")
SPEC = SPECS["stylegan2 skip"]()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    former = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32
    yield as_if_cuda(monkeypatch, Cudart())
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = former


def plan_of(family: str = "stylegan2 skip", voices: int = 1, backend: str = "auto") -> CudaPlan:
    spec = SPECS[family]()
    return CudaPlan(source_of(spec), voices, canvas_of(spec), backend, "cpu")


@pytest.mark.parametrize("family", SPECS)
def test_a_recorded_frame_draws_what_its_inputs_hold_now(machine: Machine, family: str, tmp_path: Path) -> None:
    spec = SPECS[family]()
    plan, eager = plan_of(family, 2), plan_of(family, 2, "eager")
    assert plan.backend == "graph" and eager.backend == "eager", plan.notes()
    assert plan.notes()["precision"] == ("fp16" if spec.family.startswith("style") else "fp32")
    ring = FrameRing(tmp_path / "frames", (2, spec.height, spec.width))
    for seed in range(3):
        out, inputs = ring.next(), inputs_of(spec, 2, seed)
        plan.draw(inputs, out)
        picture = eager.image(inputs)
        assert np.array_equal(plan.image(inputs), picture), "no number of the capture is left in a replay"
        assert np.abs(out.astype(int) - rgba_of(picture)).max() <= 1
        ring.publish(seed, 0.0, 0.0, (0, 0, 0))
    assert plan.notes()["frames leave by"] == LOCKED
    plan.close()


def test_a_frame_is_one_replay_and_one_wait(machine: Machine) -> None:
    plan, out = plan_of(), np.zeros((1, SPEC.height, SPEC.width, 4), np.uint8)
    plan.draw(inputs_of(SPEC, 1), out)
    machine.calls.clear()
    plan.draw(inputs_of(SPEC, 1, 2), out)
    assert machine.calls == ["replay", "event.record", "event.synchronize"]


def test_every_slot_is_captured_on_a_stream_of_its_own_after_warming_up(machine: Machine) -> None:
    assert WARM_UPS >= 3
    plan = plan_of()
    calls = [call for call in machine.calls if call in ("wait_stream", "capture", "replay")]
    assert calls == ["wait_stream", "wait_stream", "capture", "capture", "replay", "replay", "replay"]
    assert len(machine.streams) == 1
    plan.close()


def test_a_capture_that_is_refused_leaves_eager_and_says_why(machine: Machine) -> None:
    machine.refuse_capture = "CUDA error: operation not permitted when stream is capturing"
    plan = plan_of()
    assert plan.backend == "eager" and "not permitted" in str(plan.notes()["graph"])
    out, inputs = np.zeros((1, SPEC.height, SPEC.width, 4), np.uint8), inputs_of(SPEC, 1, 3)
    plan.draw(inputs, out)
    assert np.abs(out.astype(int) - rgba_of(plan.image(inputs))).max() <= 1 and "replay" not in machine.calls


def test_memory_that_cannot_be_locked_is_reached_through_staging(machine: Machine) -> None:
    machine.library = Cudart(1)
    plan, out, inputs = plan_of(), np.zeros((1, SPEC.height, SPEC.width, 4), np.uint8), inputs_of(SPEC, 1, 3)
    plan.draw(inputs, out)
    assert np.abs(out.astype(int) - rgba_of(plan.image(inputs))).max() <= 1
    assert plan.notes()["frames leave by"] == STAGED


def test_what_was_locked_is_unlocked_after_the_last_frame(machine: Machine) -> None:
    plan, out = plan_of(), np.zeros((1, SPEC.height, SPEC.width, 4), np.uint8)
    plan.draw(inputs_of(SPEC, 1), out)
    assert machine.library.locked
    machine.calls.clear()
    plan.close()
    assert not machine.library.locked and machine.calls == ["stream.synchronize"]


def test_live_takes_the_fastest_algorithms_and_renders_the_repeatable_ones_never_tf32(machine: Machine) -> None:
    for backend, repeatable in (("auto", False), ("eager", True)):
        plan_of(backend=backend)
        assert torch.backends.cudnn.deterministic is repeatable
        assert torch.backends.cudnn.benchmark is not repeatable
        assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32


def test_a_backend_that_cuda_does_not_have_is_refused(machine: Machine) -> None:
    with pytest.raises(InputError, match="no backend 'openvino' on CUDA; there are: auto, graph, compile, eager"):
        plan_of(backend="openvino")


# Pictures that stay on the GPU


def test_what_is_drawn_reaches_opengl_through_shared_memory(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = Library()
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(runtime=library))
    plan = plan_of(voices=2)
    ring = FrameRing(tmp_path / "frames", (2, SPEC.height, SPEC.width))
    plan.share(ring.slots, tmp_path / "gpu.json")
    assert plan.backend == "graph" and plan.notes()["interop"] == "offered to the stage"
    with Offscreen(32, 32) as stage:
        door = Door(Context(stage._ctx, library), Offer.read(tmp_path / "gpu.json"), libraries_of(library))
        texture = stage._ctx.texture((SPEC.width, SPEC.height), 4)
        for seed in range(7):
            out = ring.next()
            plan.draw(inputs_of(SPEC, 2, seed), out)
            ring.publish(seed, 0.0, 0.0, (0, 0, 0))
            for voice in range(2):
                door.copy(ring.newest % FrameRing.SLOTS, voice, texture)
                arrived = np.frombuffer(texture.read(), np.uint8).reshape(out.shape[1:])
                assert np.array_equal(arrived[::-1], out[voice]), "OpenGL's rows begin below"
        door.close()
    plan.close()
    assert not library.memory and library.calls[-1] == "cudaFree"


def test_memory_that_cannot_be_shared_leaves_the_copy_and_says_why(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = Library()
    library.fail["cudaIpcGetMemHandle"] = 801
    monkeypatch.setitem(sys.modules, "cuda", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "cuda.bindings", SimpleNamespace(runtime=library))
    plan, out = plan_of(), np.zeros((1, SPEC.height, SPEC.width, 4), np.uint8)
    plan.share([out], tmp_path / "gpu.json")
    assert "not offered: cudaIpcGetMemHandle" in str(plan.notes()["interop"]) and not library.memory
    with pytest.raises(OSError, match="cudaIpcGetMemHandle"):
        Offer.read(tmp_path / "gpu.json")
    plan.draw(inputs_of(SPEC, 1), out)
    assert out.any()


def test_a_plan_of_the_processor_offers_nothing_and_says_so(tmp_path: Path) -> None:
    DevicePlan(source_of(SPEC), 1, canvas_of(SPEC)).share([], tmp_path / "gpu.json")
    with pytest.raises(OSError, match="the generator draws on cpu"):
        Offer.read(tmp_path / "gpu.json")


def test_a_decision_of_the_capture_that_python_made_would_be_found(machine: Machine) -> None:
    """The recorder is no eager drawing in disguise: what depends on a value is caught by other inputs."""
    from tests.recorded_graph import Graph

    graph, x = Graph(), torch.ones(3)
    with torch.inference_mode(), graph.tape:
        picture: Any = x * 2 if float(x[0]) > 0 else x * 3
    x.fill_(-1)
    graph.replay()
    assert picture.tolist() == [-2.0] * 3
