"""Laws of plans on the processor: every backend draws what eager draws, and a show never waits for the faster one."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from numpy.typing import NDArray

from engine.errors import DeviceError, InputError
from engine.generator.network import source_of as source_of_file
from engine.generator.plan import Plan, Source
from engine.generator.plans import openvino_cache, openvino_compile
from engine.generator.plans.cpu import TorchPlan
from engine.generator.plans.live import LivePlan
from engine.generator.plans.openvino_plan import OpenVINOPlan
from engine.generator.runtime import open_plan
from engine.generator.spec import Canvas
from tests.conftest import needed
from tests.engine.generator.pairs import pair
from tests.engine.generator.small_models import SPECS, canvas_of, source_of

needed("openvino")

CANVAS = Canvas(32, 32)
ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 150.0
OPENED: list[Plan] = []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A model of a file, which another process can open."""
    return source_of_file(str(pair("stylegan2 skip", tmp_path_factory.mktemp("model"))[0]))


@pytest.fixture(scope="module")
def compiled(model: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its compiled form."""
    folder = tmp_path_factory.mktemp("compiled")
    openvino_compile.Compiler(model, 1, CANVAS, 1, folder).compile()
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a cache of its own, and leaves no process behind."""
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(openvino_compile, "WORTH", 1e9)  # a picture of 32 x 32 says nothing about speed
    yield
    while OPENED:
        OPENED.pop().close()
    assert not children()


@pytest.fixture
def entry(compiled: Path, tmp_path: Path) -> Path:
    """The compiled form, laid into this test's cache."""
    folder = tmp_path / "cache" / "openvino"
    shutil.copytree(compiled, folder)
    (path,) = folder.glob("*.compiled")
    return path


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def slow_compiler() -> Iterator[None]:
    """Stop the next compiling process as soon as it is there: it takes as long as anyone wants to wait."""
    before, done = {child.pid for child in children()}, threading.Event()

    def stop() -> None:
        while not done.wait(0.002):
            for child in children():
                if child.pid not in before and any(word.endswith("openvino_child") for word in child.cmdline()):
                    child.suspend()  # not before it runs its own program: its parent waits for that
                    return

    watcher = threading.Thread(target=stop)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def improving() -> bool:
    return any(thread.name == "improve" for thread in threading.enumerate())


def live(model: Source, voices: int = 1) -> Plan:
    OPENED.append(open_plan(model, voices, CANVAS, "cpu", 1))
    return OPENED[-1]


def eager(model: Source, voices: int = 1) -> Plan:
    return open_plan(model, voices, CANVAS, "cpu", 1, live=False)


def drawn(plan: Plan, model: Source) -> NDArray[np.uint8]:
    """A picture in memory that held other bytes."""
    out = np.full((1, CANVAS.height, CANVAS.width, 4), 77, np.uint8)
    plan.draw(model.inputs(1), out)
    return out


def apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("name", SPECS)
def test_every_backend_draws_what_eager_draws(name: str) -> None:
    spec = SPECS[name]()
    source = replace(source_of(spec), key=name)
    inputs = source.inputs(2)
    plans = {b: open_plan(source, 2, canvas_of(spec), "cpu", 1, b, False) for b in ("eager", "frozen", "openvino")}
    true = plans["eager"].image(inputs)
    assert true.shape == (2, 3, spec.height, spec.width)
    for backend, plan in plans.items():
        assert plan.backend == backend, plan.notes()
        assert np.abs(plan.image(inputs) - true).max() <= 1e-4 * max(1.0, true.std())
        plan.close()


def test_voices_are_drawn_as_if_each_were_alone(model: Source) -> None:
    plan, alone, inputs = eager(model, 3), eager(model), model.inputs(3)
    image, out = plan.image(inputs), np.zeros((3, 32, 32, 4), np.uint8)
    plan.draw(inputs, out)
    for voice in range(3):
        mine = {**inputs, "w": inputs["w"][voice : voice + 1]}
        assert np.array_equal(alone.image(mine)[0], image[voice])
        single = np.zeros((1, 32, 32, 4), np.uint8)
        alone.draw(mine, single)
        assert np.array_equal(single[0], out[voice])


def test_what_does_not_play_live_is_eager_and_stays_so(model: Source, entry: Path) -> None:
    plan = eager(model)
    assert isinstance(plan, TorchPlan) and plan.backend == "eager"
    assert not children() and not improving()


def test_threads_are_as_many_as_were_asked_for(model: Source, entry: Path) -> None:
    for threads in (2, 1):
        plan = open_plan(model, 1, CANVAS, "cpu", threads, "openvino", False)
        assert isinstance(plan, OpenVINOPlan) and plan.threads == threads
        other = open_plan(model, 1, CANVAS, "cpu", threads, live=False)
        torch.set_num_threads(3 - threads)  # what another plan may have left
        drawn(other, model)
        assert torch.get_num_threads() == threads


def test_a_show_draws_at_once_and_every_frame_of_the_change_is_right(model: Source) -> None:
    true, plan = drawn(eager(model), model), live(model)
    assert isinstance(plan, LivePlan) and plan.backend == "frozen" and plan.notes()["openvino"] == "compiling"
    worst, frames, backends, stop = [0], [0], set(), threading.Event()

    def play() -> None:
        while not stop.is_set():
            backends.add(plan.backend)
            worst[0] = max(worst[0], apart(drawn(plan, model), true))
            frames[0] += 1
            time.sleep(0.004)  # as a show does: the compilation has the lower priority

    player = threading.Thread(target=play)
    player.start()
    try:
        assert plan.wait(DEADLINE_S)
        seen, until = frames[0], time.perf_counter() + DEADLINE_S
        while frames[0] < seen + 20 and player.is_alive() and time.perf_counter() < until:
            time.sleep(0.01)
    finally:
        stop.set()
        player.join()
    assert plan.backend == "openvino" and backends == {"frozen", "openvino"}, plan.notes()
    assert worst[0] <= 1 and frames[0] >= 20, "a level may differ by rounding"
    assert "against eager" in str(plan.notes()["openvino"]) and "against eager" in str(plan.notes()["frozen"])
    plan.close()


def test_a_second_start_compiles_nothing_and_loads_no_torch(model: Source, entry: Path) -> None:
    code = f"""
import sys
from engine.generator.plans import openvino_compile
from engine.generator.network import source_of
from engine.generator.runtime import open_plan
from engine.generator.spec import Canvas
openvino_compile.WORTH = 1e9
plan = open_plan(source_of({model.rebuild[0]!r}), 1, Canvas(32, 32), "cpu", 1)
print(plan.backend, type(plan).__name__, "torch" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["openvino", "OpenVINOPlan", "False"]


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "text", "another's"])
def test_a_damaged_entry_is_thrown_away_and_compiled_anew(damage: str, model: Source, entry: Path) -> None:
    data = bytearray(entry.read_bytes())
    if damage == "empty":
        data.clear()
    elif damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
    elif damage == "text":
        data = bytearray(b"latenz compiled 1\n")
    elif damage == "another's":
        found = openvino_cache.read(entry)
        assert found is not None
        other = entry.with_name("0" * 40 + ".compiled")
        openvino_cache.write(other, found)
        data = bytearray(other.read_bytes())
    entry.write_bytes(data)
    assert openvino_cache.read(entry) is None and not entry.exists()
    entry.write_bytes(data)
    plan = live(model)
    assert isinstance(plan, LivePlan) and plan.backend == "frozen"
    plan.close()
    assert not entry.exists()


def test_a_whole_entry_that_openvino_does_not_take_is_thrown_away(model: Source, entry: Path) -> None:
    found = openvino_cache.read(entry)
    assert found is not None
    openvino_cache.write(entry, replace(found, blob=b"not a model"))
    plan = live(model)
    assert isinstance(plan, LivePlan) and not entry.exists()
    plan.close()


def test_what_draws_another_picture_is_not_used(model: Source, entry: Path) -> None:
    found = openvino_cache.read(entry)
    assert found is not None
    openvino_cache.write(entry, replace(found, oracle=found.oracle + 0.01 * found.oracle.std()))
    for plan, backend in ((live(model), "frozen"), (open_plan(model, 1, CANVAS, "cpu", 1, "openvino"), "eager")):
        assert plan.backend == backend and str(plan.notes()["openvino"]).startswith("not used: rms")


def test_what_is_slower_is_not_used(model: Source, entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_compile, "WORTH", 0.0)
    plan = live(model)
    assert isinstance(plan, TorchPlan) and plan.backend == "frozen"
    assert "of the processor a picture, frozen" in str(plan.notes()["openvino"])
    assert open_plan(model, 1, CANVAS, "cpu", 1, "openvino").backend == "openvino", "asked for by name"


def test_a_compilation_that_dies_leaves_the_show_playing(model: Source) -> None:
    with slow_compiler():
        plan = live(model)
    assert isinstance(plan, LivePlan)
    children()[0].kill()
    assert plan.wait(DEADLINE_S)
    assert plan.backend == "frozen" and str(plan.notes()["openvino"]).startswith("failed: the compiling process ended")
    assert apart(drawn(plan, model), drawn(eager(model), model)) <= 1
    plan.close()


def test_a_model_that_the_other_process_cannot_open_says_so(model: Source, tmp_path: Path) -> None:
    plan = live(replace(model, key="gone", rebuild=(str(tmp_path / "gone.safetensors"), "")))
    assert isinstance(plan, LivePlan) and plan.wait(DEADLINE_S)
    assert "gone.safetensors" in str(plan.notes()["openvino"]) and plan.backend == "frozen"
    plan.close()


def test_closing_stops_the_compilation_and_leaves_no_file(model: Source, tmp_path: Path) -> None:
    with slow_compiler():
        plan = live(model)
    assert children()
    plan.close()
    assert not children() and not improving()
    assert not list((tmp_path / "cache" / "openvino").iterdir())


def test_a_source_that_no_other_process_can_open_is_played_frozen(model: Source) -> None:
    plan = live(replace(model, key="noise", rebuild=()))
    assert isinstance(plan, TorchPlan) and plan.backend == "frozen"
    assert str(plan.notes()["openvino"]).startswith("not compiled")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process that its parent is gone")
def test_a_compilation_ends_with_the_process_that_wanted_it(model: Source, tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
from engine.generator.network import source_of
from engine.generator.plans.openvino_compile import Compilation
from engine.generator.spec import Canvas
child = Compilation(source_of({model.rebuild[0]!r}), Canvas(32, 32), 1, Path({str(tmp_path / "out")!r}))
print(child.process.pid, flush=True)
os._exit(0)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
    until = time.perf_counter() + DEADLINE_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.perf_counter() < until
        time.sleep(0.05)
    assert not (tmp_path / "out").exists()


def test_the_cache_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.compiled" for i in range(4)]
    for age, path in enumerate(reversed(paths)):
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    part, foreign = tmp_path / "x.compiled.1.part", tmp_path / "notes.txt"
    for path in (part, foreign):
        path.write_bytes(bytes(1000))
        os.utime(path, (1e9, 1e9))
    openvino_cache.prune(tmp_path, 250, paths[0])
    assert [path.exists() for path in paths] == [True, False, False, True]
    assert not part.exists() and foreign.exists(), "what is not ours stays"


def test_what_cannot_be_is_refused(model: Source) -> None:
    with pytest.raises(InputError, match="no backend 'graph' on cpu; there are: auto, eager, frozen, openvino, comp"):
        open_plan(model, 1, CANVAS, "cpu", 1, "graph")
    with pytest.raises(InputError, match="no device 'gpu'; there are: auto, cpu, cuda, mps"):
        open_plan(model, 1, CANVAS, "gpu")
    with pytest.raises(InputError, match="give at least one of each"):
        open_plan(model, 1, CANVAS, "cpu", 0)
    for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not there:
            with pytest.raises(DeviceError, match=f"no device '{name}' here; there is: .*--device"):
                open_plan(model, 1, CANVAS, name)
