"""Two passes draw what one does: the tulip's maps by any backend, its picture by compiled kernels."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.generator.catalog import How
from engine.generator.network import Network, source_of
from engine.generator.plan import Plan, Source
from engine.generator.plans import openvino_compile
from engine.generator.plans.deferred import DeferredPlan
from engine.generator.runtime import open_plan
from engine.generator.spec import Canvas
from engine.generator.tulip.dress import DRESSES
from engine.generator.tulip.maps import MAPS
from engine.paths import use_numba_cache
from tests.conftest import needed
from tests.engine.generator.small_models import one_thread
from tests.engine.generator.tulip_models import small_tulip

needed("openvino")
use_numba_cache()
__all__ = ["one_thread", "small_tulip"]

CANVAS = Canvas(64, 48)
LEVEL = 1 / 255
DEADLINE_S = 150.0
OPENED: list[Plan] = []


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(openvino_compile, "WORTH", 1e9)
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(scope="module")
def tulip(small_tulip: Path) -> Source:
    return source_of(str(small_tulip))


@pytest.fixture(scope="module")
def compiled(tulip: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its maps, compiled here."""
    folder = tmp_path_factory.mktemp("compiled")
    assert tulip.deferred is not None
    maps = replace(tulip.deferred.maps, rebuild=())
    openvino_compile.Compiler(maps, 1, tulip.deferred.canvas, 1, folder).compile()
    return folder


def opened(source: Source, backend: str, voices: int = 2, canvas: Canvas = CANVAS, live: bool = False) -> Plan:
    OPENED.append(open_plan(source, voices, canvas, "cpu", 1, backend, live))
    return OPENED[-1]


def same(plan: Plan, oracle: Plan, source: Source, canvas: Canvas = CANVAS, voices: int = 2) -> None:
    inputs = source.inputs(voices)
    picture, wanted = plan.image(inputs), oracle.image(inputs)
    assert picture.shape == wanted.shape == (voices, 3, canvas.height, canvas.width)
    assert np.abs(picture - wanted).max() <= 2 * LEVEL
    out, true = (np.full((voices, canvas.height, canvas.width, 4), 7, np.uint8) for _ in range(2))
    plan.draw(inputs, out)
    oracle.draw(inputs, true)
    assert np.abs(out.astype(int) - true).max() <= 1 and (out[..., 3] == 255).all()
    voice = np.full_like(out, 7)
    plan.draw_voice(inputs, 1, voice)
    assert np.array_equal(voice[1], out[1]) and (voice[0] == 7).all()


@pytest.mark.parametrize("canvas", [CANVAS, Canvas(32, 32), Canvas(40, 64, "crop")])
def test_frozen_maps_with_their_finish_are_eagers_picture(tulip: Source, canvas: Canvas) -> None:
    oracle = opened(tulip, "eager", canvas=canvas)
    assert oracle.backend == "eager" and not isinstance(oracle, DeferredPlan)
    plan = opened(tulip, "frozen", canvas=canvas)
    assert isinstance(plan, DeferredPlan) and plan.backend == "frozen + numba", plan.notes()
    same(plan, oracle, tulip, canvas)


def test_compiled_maps_with_their_finish_are_eagers_picture(tulip: Source, compiled: Path, tmp_path: Path) -> None:
    shutil.copytree(compiled, tmp_path / "cache" / "openvino")
    plan = opened(tulip, "openvino")
    assert plan.backend == "openvino + numba", plan.notes()
    same(plan, opened(tulip, "eager"), tulip)


@pytest.mark.parametrize("dress", range(1, len(DRESSES)))
def test_a_dress_is_worn_by_both(small_tulip: Path, dress: int) -> None:
    pictures = []
    for backend in ("eager", "frozen"):
        network = Network(small_tulip, "cpu", 1, How(live=False, backend=backend, dress=dress))
        network.prepare(1, 40, 40)
        w = network.map(np.random.RandomState(1).randn(1, len(network.info.bands), 512), 1.0)
        pictures.append(network.image(w, {"sharp": 2.0}))
        network.close()
    assert np.abs(pictures[0] - pictures[1]).max() <= 2 * LEVEL


def test_a_still_show_pins_the_whole_in_torch(tulip: Source) -> None:
    assert opened(tulip, "auto").backend == "eager"


def test_all_dresses_share_compiled_maps(small_tulip: Path) -> None:
    plain, dressed = (Network(small_tulip, "cpu", 1, How(dress=dress))._source for dress in (0, 1))
    assert plain.deferred is not None and dressed.deferred is not None
    assert plain.key != dressed.key and plain.deferred.maps.key == dressed.deferred.maps.key
    assert plain.deferred.maps.rebuild == dressed.deferred.maps.rebuild == (str(small_tulip),)


def test_sharp_reaches_the_finish(tulip: Source) -> None:
    plan, oracle = opened(tulip, "frozen"), opened(tulip, "eager")
    soft, crisp = ({**tulip.inputs(2), "sharp": np.array(sharp, np.float32)} for sharp in (0.25, 3.0))
    assert np.abs(plan.image(soft) - plan.image(crisp)).max() > 0.01
    for inputs in (soft, crisp):
        assert np.abs(plan.image(inputs) - oracle.image(inputs)).max() <= 2 * LEVEL


def test_a_live_show_draws_at_once_and_then_with_openvino(tulip: Source) -> None:
    plan, inputs = opened(tulip, "auto", live=True), tulip.inputs(2)
    first = plan.image(inputs)
    assert plan.backend in ("frozen + numba", "openvino + numba")
    for thread in threading.enumerate():
        if thread.name == "improve":
            thread.join(DEADLINE_S)
    assert plan.backend == "openvino + numba", plan.notes()
    assert np.abs(plan.image(inputs) - first).max() <= LEVEL


def test_a_plan_that_cannot_draw_leaves_no_process_behind(tulip: Source) -> None:
    class BrokenFinish:
        backend = "broken"

        def draw(self, *_: object) -> None:
            raise RuntimeError("broken")

        image = draw

    assert tulip.deferred is not None
    broken = replace(tulip, deferred=replace(tulip.deferred, finisher=lambda canvas, threads: BrokenFinish()))
    with pytest.raises(RuntimeError, match="broken"):
        open_plan(broken, 1, CANVAS, "cpu", 1)
    assert not any(thread.name == "improve" for thread in threading.enumerate())


def test_the_maps_are_those_of_the_trunk_with_the_palette_behind(tulip: Source) -> None:
    assert tulip.deferred is not None
    maps = tulip.deferred.maps.build(tulip.deferred.canvas)
    w = torch.from_numpy(tulip.inputs(2)["w"])
    picture, trunk = maps(w), maps.trunk  # type: ignore[attr-defined]
    assert torch.equal(picture[:, :MAPS], trunk(w))
    assert torch.equal(picture[:, MAPS].flatten(1)[:, :11], trunk.palette(w[:, -1]))
