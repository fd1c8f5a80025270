"""Components are orthonormal, sorted, true to what the model does, and the same each time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from engine.errors import InputError
from engine.generator.catalog import model_directions
from engine.studio.learn.components import Space, component_space, components, features, with_facts
from engine.studio.learn.sefa import stacked
from engine.studio.learn.space import BATCH
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.work import Stopped, Work
from tests.engine.generator.golden import golden

Array = NDArray[np.float64]
PLACES = {"w": 4_000, "z": 1_000, "sefa": 1_000, "layer": 400}
CASES = [
    ("tulip", "w", "w"), ("tulip", "z", "z"), ("tulip", "sefa", "w"), ("tulip", "layer:b4", "w"),
    ("sg2_64_uncond.pkl", "", "w"), ("sg2_64_cond3_clamp.pkl", "layer:b8", "w"), ("sg2_64_cond3_clamp.pkl", "sefa", "w"),
    ("sg3t_64_uncond.pkl", "w", "w"), ("sg3t_64_uncond.pkl", "sefa", "w"), ("sg3t_64_uncond.pkl", "z", "z"),
    ("biggan_deep_32", "", "z"), ("biggan_deep_32", "sefa", "z"), ("biggan_deep_32", "z", "z"),
    ("biggan_deep_32", "layer:layers.1", "z"),
    ("pggan_32.pth", "", "z"), ("pggan_32.pth", "sefa", "z"), ("pggan_32.pth", "z", "z"),
]  # fmt: skip


@pytest.fixture(scope="module")
def tulip() -> Subject:
    return Subject("tulip", side=16, threads=1)


def subject_of(name: str) -> Subject:
    return Subject(name if name == "tulip" else str(golden(name)), side=16, threads=1)


def space_of(subject: Subject, of: str, count: int = 6) -> Space:
    kind = of.partition(":")[0] or ("w" if subject.net().spec.family.startswith("style") else "layer")
    return component_space(subject, of, count, PLACES[kind])


@pytest.mark.parametrize(("name", "of", "into"), CASES, ids=[f"{name}-{of or 'default'}" for name, of, _ in CASES])
def test_axes_are_orthonormal_sorted_and_lead_back(name: str, of: str, into: str) -> None:
    subject = subject_of(name)
    space = space_of(subject, of)
    assert len(space) == 6 and space.into == into
    assert np.allclose(space.basis @ space.basis.T, np.eye(6), atol=1e-9)
    largest = np.abs(space.basis).argmax(1)
    assert (space.basis[np.arange(6), largest] > 0).all()
    assert (np.diff(space.share) <= 1e-12).all() and 0 < space.share.sum() <= 1 + 1e-9
    assert space.ways.shape == (6, subject.info.z_dim if into == "z" else subject.info.w_dim)
    assert (space.spread > 0).all() and (space.follows > 0).all() and (space.follows <= 1 + 1e-9).all()
    coordinates = space.project(features(subject, space.of, subject.sample(8, 5)))
    assert coordinates.shape == (8, 6) and np.isfinite(coordinates).all()
    assert np.allclose(space.lift(np.eye(6)), space.ways)


def test_in_w_a_sigma_is_the_spread_of_the_models_own_places(tulip: Subject) -> None:
    space = space_of(tulip, "w")
    coordinates = space.project(features(tulip, "w", tulip.sample(4_000, 77)))
    assert np.allclose(coordinates.std(0), 1.0, atol=0.05) and np.allclose(coordinates.mean(0), 0.0, atol=0.1)
    moved = space.mean + space.lift(np.array([0.0, 2.0, 0.0, 0.0, 0.0, 0.0]))
    assert np.allclose(space.project(moved[None]), [[0, 2, 0, 0, 0, 0]], atol=1e-9)
    found = components(tulip, "w", 3, PLACES["w"])
    assert [d.name for d in found] == ["c01", "c02", "c03"] and found[0].space == "w" and found[0].layers is None
    assert np.allclose([d.sigma for d in found], space.scale[:3])


def test_the_active_subspace_of_the_tulip_is_that_of_its_factors(tulip: Subject) -> None:
    truth = np.array([d.vector for d in model_directions("tulip")])
    space = component_space(tulip, "z", 40, 400)
    assert len(space) == len(truth)  # nothing else of z moves anything
    assert np.linalg.norm(truth - truth @ space.basis.T @ space.basis, 2) < 1e-3
    ends = features(tulip, "w", Sample(torch.from_numpy((3 * space.basis[[0, -1]]).astype(np.float32))))
    still = features(tulip, "w", Sample(torch.zeros(1, tulip.info.z_dim)))
    first, last = np.linalg.norm(ends - still, axis=1)
    assert first > 2 * last


@pytest.mark.parametrize(
    ("name", "of"),
    [("biggan_deep_32", "layer:gen_z"), ("biggan_deep_32", "layer:layers.1"), ("pggan_32.pth", "layer:layer1"),
     ("sg2_64_cond3_clamp.pkl", "layer:b8"), ("tulip", "layer:b8")],
)  # fmt: skip
def test_what_was_regressed_moves_its_own_component(name: str, of: str) -> None:
    subject = subject_of(name)
    places = 300 if name == "tulip" else 800
    space = component_space(subject, of, 3, places)
    sample = subject.sample(12, 4)
    amounts = np.linspace(-2, 2, 5)
    for i, way in enumerate(components(subject, of, 3, places)):
        scores = np.array(
            [space.project(features_at(subject, of, w))[:, i] for w in subject.along(sample, way, amounts.tolist())]
        )
        rises = [spearmanr(amounts, scores[:, place]).statistic for place in range(len(sample))]
        assert np.mean(rises) > 0.9, (name, of, i, rises)
        slope = np.polyfit(amounts, scores.mean(1), 1)[0]
        assert slope > 0.4  # of a sigma of the component for one of the latent


def features_at(subject: Subject, of: str, w: torch.Tensor) -> Array:
    from engine.studio.learn.layers import activations

    name = of.partition(":")[2]
    return activations(subject, w, [name])[name].flatten(1).double().numpy()


def test_a_layers_components_are_found_within_classes() -> None:
    subject = Subject(str(golden("biggan_deep_32")), side=16, threads=1)
    few = Subject(str(golden("biggan_deep_32")), side=16, threads=1, classes=[2])
    all_classes, one = (component_space(s, "layer:gen_z", 8, 2_000) for s in (subject, few))
    assert np.linalg.svd(all_classes.basis @ one.basis.T)[1].mean() > 0.7  # gen_z adds the class to what z does
    assert (all_classes.follows > 0.97).all()  # and with the class gone, it is a product with z alone


def test_weights_are_factorised_exactly_and_by_layer(tulip: Subject) -> None:
    weights = stacked(tulip.net())
    assert np.allclose(np.linalg.norm(weights, axis=1), 1.0)
    space = component_space(tulip, "sefa", 160, 500)
    product = weights.T @ weights
    for vector, share in zip(space.basis, space.share, strict=True):
        value = share * np.trace(product)
        assert np.linalg.norm(product @ vector - value * vector) < 1e-5 * max(value, 1e-3)
    assert len(stacked(tulip.net(), [9])) < len(weights)
    colours = components(tulip, "sefa", 3, 500, layers=(9,))
    assert colours[0].layers == (9,) and "sefa" in colours[0].method
    sample = tulip.sample(3, 0)
    w, moved = tulip.w(sample), next(iter(tulip.along(sample, colours[0], [2.0])))
    assert torch.equal(w[:, :9], moved[:, :9]) and not torch.equal(w[:, 9], moved[:, 9])


def test_layers_that_feed_what_was_looked_at_are_those_that_move(tulip: Subject) -> None:
    assert components(tulip, "layer:b8", 1, 100)[0].layers == (0, 1, 2)
    assert components(tulip, "layer:palette", 1, 100)[0].layers == (9,)
    assert components(tulip, "layer:b8", 1, 100, layers=(0, 9))[0].layers == (0, 9)


def test_a_seed_says_which_places_and_the_rest_follows(tulip: Subject) -> None:
    first, again, other = (component_space(tulip, "w", 4, 2_000, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.basis, again.basis) and not np.array_equal(first.basis, other.basis)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, size in {"w": 400, "z": 200, "sefa": 400, "layer": 40}.items():
        monkeypatch.setitem(BATCH, kind, size)


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_run_goes_on_to_the_same_end(tulip: Subject, tmp_path: Path) -> None:
    out, asked = tmp_path / "bank.safetensors", {"seed": 3}
    looks = iter([False, True])
    with pytest.raises(Stopped):
        component_space(tulip, "w", 4, 1_000, 3, work=Work(out, asked, stop=lambda: next(looks)))
    told: list[int] = []
    again = Work(out, asked, tell=lambda what, done, of: told.append(done))
    found = component_space(tulip, "w", 4, 1_000, 3, work=again)
    assert told == [1_000]  # eight hundred were done
    assert np.array_equal(found.basis, component_space(tulip, "w", 4, 1_000, 3).basis)
    ended = Work(out, asked, tell=lambda what, done, of: told.append(done))
    assert np.array_equal(component_space(tulip, "w", 4, 1_000, 3, work=ended).basis, found.basis)
    assert told == [1_000]  # all was there
    ended.done()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("of", ["z", "sefa", "layer:b4"])
def test_every_kind_goes_on_from_what_it_kept(of: str, tulip: Subject, tmp_path: Path) -> None:
    samples = {"z": 400, "sefa": 800, "layer:b4": 80}[of]
    looks = iter([True])
    with pytest.raises(Stopped):
        component_space(tulip, of, 3, samples, work=Work(tmp_path / "a", {}, stop=lambda: next(looks)))
    found = component_space(tulip, of, 3, samples, work=Work(tmp_path / "a", {}))
    assert np.array_equal(found.ways, component_space(tulip, of, 3, samples).ways)


def test_what_others_do_is_taken_out(tulip: Subject) -> None:
    hue = model_directions("tulip")["hue"]
    found = components(tulip, "z", 5, 200, leave=[hue])
    assert all(abs(d.vector @ hue.vector) < 1e-9 and not d.measures for d in found)


def test_facts_are_told_in_the_sigma_of_the_component(tulip: Subject) -> None:
    direction = components(tulip, "w", 1, PLACES["w"])[0]
    found = with_facts(tulip, direction)
    assert found.sigma == direction.sigma and found.pace is not None and found.safe is not None
    assert found.pace.amounts[0] == pytest.approx(-4.0, rel=0.1) and found.measures == direction.measures


@pytest.mark.parametrize(
    ("of", "said"),
    [("y", "give w, z, sefa, or layer:NAME"), ("layer", "give w, z"), ("layer:palete", "did you mean palette"),
     ("layer:", "no layer ''")],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_refused(of: str, said: str, tulip: Subject) -> None:
    with pytest.raises(InputError, match=said):
        component_space(tulip, of)


def test_wrong_numbers_are_refused(tulip: Subject) -> None:
    with pytest.raises(InputError, match="at least 1"):
        component_space(tulip, "w", 0)
    with pytest.raises(InputError, match="8 samples"):
        component_space(tulip, "w", 3, 5)
    with pytest.raises(InputError, match="has 0 to 9"):
        components(tulip, "w", 3, 100, layers=(3, 10))


def test_w_of_a_model_without_a_mapping_is_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match="no mapping from z to w; give layer:gen_z, z or sefa"):
        component_space(Subject(str(golden("biggan_deep_32")), threads=1), "w")
