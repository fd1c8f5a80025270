"""Snapshots of one training play as one model that has an age."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator import mixture, model_file
from engine.generator.blend import Blended
from engine.generator.catalog import How
from engine.generator.mixture import Mixture, carried, mixture_of
from engine.generator.model_file import About
from engine.generator.network import Network, source_of
from engine.generator.runtime import open_plan
from engine.generator.spec import Canvas
from tests.engine.generator.small_models import SPECS, tensors_of

FAMILIES = ("stylegan2 skip", "stylegan3-t", "biggan", "progan")


def trained(family: str, folder: Path, count: int = 4) -> list[Path]:
    """Files of models that differ in every weight."""
    spec = SPECS[family]()
    paths = [folder / f"kid-{number * 9}.safetensors" for number in range(count)]
    for seed, path in enumerate(paths):
        tensors = {name: tensor.numpy() for name, tensor in tensors_of(spec, seed).items()}
        model_file.write(path, spec, tensors, About(path.stem))
    return paths


@pytest.fixture(scope="module")
def kids(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return trained("stylegan2 skip", tmp_path_factory.mktemp("kids"))


def network(path: Path, *snapshots: Path, backend: str = "eager") -> Network:
    opened = Network(path, "cpu", 1, How(live=False, backend=backend), snapshots=snapshots)
    opened.prepare(1, opened.info.width, opened.info.height)
    return opened


def drawn(opened: Network, **controls: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    z = np.random.RandomState(5).randn(1, 1, opened.info.z_dim)
    w = opened.map(z, 0.7, controls)
    return w, opened.image(w, controls)


@pytest.mark.parametrize("family", FAMILIES)
def test_at_a_whole_age_it_is_that_snapshot_bit_for_bit(family: str, tmp_path: Path) -> None:
    paths = trained(family, tmp_path)
    row = network(paths[-1], *paths[:-1])
    for age, path in enumerate(paths):
        alone = network(path)
        for mine, theirs in zip(drawn(row, age=float(age)), drawn(alone), strict=True):
            assert np.array_equal(mine, theirs), age
        alone.close()
    row.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_it_grows_without_a_jump(family: str, tmp_path: Path) -> None:
    paths = trained(family, tmp_path)
    row = network(paths[-1], *paths[:-1])
    ages = np.linspace(0.9, 1.1, 41)
    film = np.array([np.concatenate([part.ravel() for part in drawn(row, age=age)]) for age in ages])
    steps = np.linalg.norm(np.diff(film, axis=0), axis=1)
    assert steps.max() < 0.2 * np.linalg.norm(film[-1] - film[0])
    assert steps.min() > 0.0
    row.close()


def test_bands_have_ages_of_their_own(kids: list[Path]) -> None:
    row = network(kids[-1], *kids[:-1])
    old, young = drawn(row, age=3.0)[0], drawn(row, age=0.0)[0]
    w, _ = drawn(row, age=3.0, age_fine=-3.0)
    for band in row.info.bands:
        wanted = young if band.name == "fine" else old
        assert np.array_equal(w[:, band.first : band.last], wanted[:, band.first : band.last])
    row.close()


def test_age_is_a_control_that_rests_at_the_model_itself(kids: list[Path]) -> None:
    row = Network(kids[1], "cpu", 1, How(), snapshots=kids)
    age = next(c for c in row.controls() if c.address == "/generator/age")
    assert (age.default, age.low, age.high) == (1.0, 0.0, 3.0)
    alone = Network(kids[1], "cpu", 1, How())
    assert row.info.hash == alone.info.hash and row.info.name == alone.info.name  # its directions and places fit
    assert {"age", "age_fine"} <= set(row.maps)


@pytest.mark.parametrize("backend", ["frozen", "openvino"])
def test_every_backend_draws_every_age(backend: str, kids: list[Path]) -> None:
    pytest.importorskip("openvino")
    source = source_of(*map(str, kids))
    canvas = Canvas(32, 32)
    true, plan = (open_plan(source, 1, canvas, "cpu", 1, way, live=False) for way in ("eager", backend))
    assert plan.backend == backend
    inputs = source.inputs(1)
    for age in (0.0, 0.7, 1.0, 2.4, 3.0):
        inputs["blend"] = np.full_like(inputs["blend"], age)
        wanted = true.image(inputs)
        assert np.abs(plan.image(inputs) - wanted).max() <= 1e-3 * wanted.std()
    true.close()
    plan.close()


def test_no_branch_and_no_host_read_hides_in_an_age(kids: list[Path]) -> None:
    source = source_of(*map(str, kids))
    net = source.build(Canvas(32, 32))
    assert isinstance(net, Blended)
    inputs = [torch.from_numpy(source.inputs(1)[slot.name]) for slot in net.slots]
    with torch.no_grad():
        whole = torch.compile(net, fullgraph=True, backend="eager")(*inputs)
        assert torch.allclose(whole, net(*inputs))


def test_the_row_keeps_its_order_and_the_model_goes_last_where_it_is_not_in_it(kids: list[Path]) -> None:
    given_ = mixture_of(kids[3], None, kids[:3])
    assert given_.paths == tuple(kids) and given_.own == 3 and given_.age
    inside = mixture_of(kids[1], None, kids)
    assert inside.paths == tuple(kids) and inside.own == 1
    assert not mixture_of(kids[0], None, [kids[0]]).age  # alone: a model as any other
    assert mixture_of(kids[0], kids[1], []).key != mixture_of(kids[0], None, kids[1:2]).key


def test_what_cannot_age_together_is_refused(kids: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = trained("stylegan2 resnet", tmp_path, 1)
    with pytest.raises(ModelError, match="not of one architecture"):
        mixture_of(kids[0], None, other)
    with pytest.raises(ModelError, match="leave one of them out"):
        mixture_of(kids[0], kids[1], kids)
    monkeypatch.setattr(mixture, "MOST_BYTES", 1 << 10)
    with pytest.raises(ModelError, match="GiB of memory.*every other one"):
        mixture_of(kids[0], None, kids)
    monkeypatch.setattr(mixture, "REBUILT_BYTES", 1 << 10)
    row = Mixture(tuple(kids), ("a", "b", "c", "d"), age=True)
    assert mixture.rebuilt(row, SPECS["stylegan2 skip"]()) == ()
    assert len(mixture.rebuilt(replace(row, age=False), SPECS["stylegan2 skip"]())) == 4


@given(st.floats(0.0, 1.0), st.floats(-1.0, 1.0), st.integers(0, 3))
@settings(max_examples=50)
def test_carried_classes_are_a_mixture_and_hands_add_to_it(said: float, moved: float, number: int) -> None:
    played = np.array([1.0, 0.0, 0.0, 0.0])
    shift = np.zeros(4)
    shift[number] = moved
    weights = carried(np.array([[0.0, said, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]), played, shift)
    assert weights.min() >= 0.0 and np.allclose(weights.sum(1), 1.0)
    assert np.allclose(weights[1], played)  # who carries nothing is played by hands alone
    if moved == 0.0:
        assert np.allclose(weights[0], [1.0 - said, said, 0.0, 0.0])
    if moved > 0.0 and said == 1.0 and number != 1:
        assert weights[0, number] == pytest.approx(moved / (1.0 + moved))
