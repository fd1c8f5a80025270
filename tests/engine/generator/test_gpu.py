"""What only a GPU can show. Skipped where there is none, also where real parts are required.

Run on a machine with an NVIDIA GPU and a CUDA build of torch: `python -m pytest -m gpu`.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pytest
import torch

from engine.generator.plans.agreement import HALF_SIGMA, compare, rgba_of
from engine.generator.plans.cuda import LOCKED, CudaPlan
from engine.generator.plans.device_plan import DevicePlan
from engine.shared import FrameRing
from tests.engine.generator.small_models import SPECS, canvas_of, inputs_of, source_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device, or no CUDA build of torch, is here"),
]


@pytest.fixture(params=["eager", "graph"])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


@pytest.mark.parametrize("family", SPECS)
def test_every_family_is_captured_and_draws_what_the_processor_draws(family: str, backend: str) -> None:
    spec = SPECS[family]()
    plan = CudaPlan(source_of(spec), 2, canvas_of(spec), backend)
    oracle = DevicePlan(source_of(spec), 2, canvas_of(spec))
    oracle._frame = oracle._build(source_of(spec), half=False)
    assert plan.backend == backend, plan.notes()
    out = np.zeros((2, spec.height, spec.width, 4), np.uint8)
    for seed in range(3, 8):
        inputs = inputs_of(spec, 2, seed)
        plan.draw(inputs, out)
        picture = plan.image(inputs)
        assert compare(picture, oracle.image(inputs)).close(HALF_SIGMA[spec.family])
        assert np.abs(out.astype(int) - rgba_of(picture)).max() <= 1
    plan.close()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder where the sessions of shows lie: in memory where there is such a file system."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="latenz-test-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def test_a_replay_takes_the_newest_numbers_in_both_slots(shared: Path) -> None:
    spec = SPECS["stylegan2 skip"]()
    plan = CudaPlan(source_of(spec), 1, canvas_of(spec), "graph")
    eager = CudaPlan(source_of(spec), 1, canvas_of(spec), "eager")
    ring = FrameRing(shared / "frames", (1, spec.height, spec.width))
    for seed in range(9):
        out, inputs = ring.next(), inputs_of(spec, 1, seed)
        plan.draw(inputs, out)
        assert np.abs(out.astype(int) - rgba_of(eager.image(inputs))).max() <= 3, seed
        ring.publish(seed, 0.0, 0.0, (0, 0, 0))
    assert plan.notes()["frames leave by"] == LOCKED
    plan.close()


OPEN = """
import sys, hashlib
from pathlib import Path
from engine.stage.interop import open_door
from engine.stage.offscreen import Offscreen
with Offscreen(32, 32) as stage:
    if why := stage.why_copied():
        raise SystemExit(f"by copy: {why}")
    door = open_door(stage._ctx, Path(sys.argv[1]))
    texture = stage._ctx.texture((32, 32), 4)
    for slot in range(3):
        door.copy(slot, 0, texture)
        print(hashlib.sha256(texture.read()).hexdigest())
    door.close()
"""


def test_another_process_takes_the_pictures_on_the_gpu(shared: Path) -> None:
    spec = SPECS["stylegan2 skip"]()
    plan = CudaPlan(source_of(spec), 1, canvas_of(spec), "graph")
    ring = FrameRing(shared / "frames", (1, spec.height, spec.width))
    plan.share(ring.slots, shared / "gpu.json")
    if "not offered" in str(plan.notes()["interop"]):
        pytest.skip(str(plan.notes()["interop"]))
    assert plan.backend == "graph", plan.notes()
    for seed, out in enumerate(ring.slots):
        plan.draw(inputs_of(spec, 1, seed), out)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, shared / "gpu.json"], capture_output=True, text=True, timeout=120, check=False
    )
    if "by copy: " in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    drawn = [hashlib.sha256(np.ascontiguousarray(out[0, ::-1]).tobytes()).hexdigest() for out in ring.slots]
    assert done.stdout.split() == drawn
    plan.close()


def test_eager_draws_the_same_bits_twice() -> None:
    spec = SPECS["stylegan2 skip"]()
    first, second = (CudaPlan(source_of(spec), 1, canvas_of(spec), "eager").image(inputs_of(spec, 1)) for _ in range(2))
    assert np.array_equal(first, second)


def test_frames_take_no_new_memory() -> None:
    spec = SPECS["stylegan3-t"]()
    plan = CudaPlan(source_of(spec), 1, canvas_of(spec), "graph")
    out = np.zeros((1, spec.height, spec.width, 4), np.uint8)
    plan.draw(inputs_of(spec, 1), out)
    before = torch.cuda.memory_allocated()
    for seed in range(50):
        plan.draw(inputs_of(spec, 1, seed), out)
    assert torch.cuda.memory_allocated() == before
    plan.close()


def test_a_replay_is_not_slower_than_eager() -> None:
    spec = SPECS["stylegan2 skip"]()
    spent = {}
    for backend in ("eager", "graph"):
        plan = CudaPlan(source_of(spec), 1, canvas_of(spec), backend)
        out = np.zeros((1, spec.height, spec.width, 4), np.uint8)
        times = []
        for seed in range(60):
            inputs, start = inputs_of(spec, 1, seed), perf_counter()
            plan.draw(inputs, out)
            times.append(perf_counter() - start)
        spent[backend] = sorted(times[10:])[25]
        plan.close()
    assert spent["graph"] < spent["eager"], spent
