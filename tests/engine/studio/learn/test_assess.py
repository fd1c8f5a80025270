"""Assess: what more of a score looks like, on a model whose directions are known, on the tulip, and on a BigGAN."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from engine.errors import InputError
from engine.generator.catalog import model_directions
from engine.latent.directions import Direction
from engine.studio.learn.assess import Asked, assess
from engine.studio.learn.assessed import learned, request, save_alpha_strips
from engine.studio.learn.assessors import Assessor, Wish, held, wish
from engine.studio.learn.followed import followed, held_out, random_slope
from engine.studio.learn.gradient_free import active_space
from engine.studio.learn.places import Move, Places
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Stopped, Work
from tests.engine.generator.golden import golden
from tests.engine.studio.learn.analytic import ACROSS, BRIGHT, DIM, Analytic

QUICK = Asked(places=64, steps=16, batch=8)


@pytest.fixture(scope="module")
def subject() -> Analytic:
    torch.set_num_threads(1)
    return Analytic(side=16)


@pytest.fixture(scope="module")
def biggan() -> Subject:
    return Subject(str(golden("biggan_deep_32")), side=32, threads=1, classes=[1, 3])


def across() -> Wish:
    """Where the light is: (n,) the middle of what shines, -1 to 1."""

    def of(pictures: Tensor) -> Tensor:
        bright = pictures.mean(1).clamp_min(0.0)
        at = torch.linspace(-1, 1, bright.shape[-1])
        return (bright * at).sum((1, 2)) / bright.sum((1, 2))

    return Wish(Assessor("across", of))


def cosine(theta: np.ndarray, way: np.ndarray) -> float:
    return float(theta @ way / np.linalg.norm(theta) / np.linalg.norm(way))


@pytest.mark.parametrize(("one", "way"), [(wish("brightness"), BRIGHT), (across(), ACROSS)], ids=["bright", "across"])
def test_the_known_way_is_found_and_as_long_as_a_deviation(subject: Analytic, one: Wish, way: int) -> None:
    theta = assess(subject, [one], QUICK).theta
    assert theta.shape == (1, DIM)
    assert cosine(theta[0], subject.ways[way].numpy()) > 0.97
    assert 0.7 < np.linalg.norm(theta[0]) < 1.4  # the score's deviation comes from this way's Gaussian alone


def test_more_brings_what_was_asked_and_chance_brings_little(subject: Analytic) -> None:
    (one,) = learned(subject, [wish("brightness")], QUICK)
    assert 0.8 <= one.followed.slope <= 1.2
    assert one.followed.r2 >= 0.95
    assert one.followed.monotone == 1.0
    assert one.chance < 0.4  # of 12 numbers in all, chance shares a good part
    assert one.warning is None
    measures = one.direction.measures
    assert measures["deviations"] == pytest.approx(one.followed.slope / measures["sigma_per_deviation"])
    assert one.direction.safe is not None and one.direction.safe[1] >= 1.0


def test_a_negative_weight_asks_for_less(subject: Analytic) -> None:
    up = assess(subject, [wish("brightness")], QUICK).theta[0]
    down = assess(subject, [wish("brightness=-1")], QUICK).theta[0]
    assert cosine(up, down) < -0.98


def test_several_scores_change_at_once_each_by_its_weight(subject: Analytic) -> None:
    wishes = [wish("brightness"), replace(across(), weight=-0.5)]
    (one,) = learned(subject, wishes, QUICK)
    assert one.direction.name == "brightness+less-across"
    bright, moved = one.followed.each
    assert bright == pytest.approx(1.0, abs=0.25) and moved == pytest.approx(-0.5, abs=0.2)
    assert one.direction.measures["slope across"] == pytest.approx(moved)


def test_what_is_held_stays(subject: Analytic) -> None:
    """A score of light to the right rises by light and by place; held in place, by light alone."""

    def of(pictures: Tensor) -> Tensor:
        return pictures[..., pictures.shape[-1] // 2 :].mean((1, 2, 3))

    both, place = Wish(Assessor("right", of)), across()
    free = assess(subject, [both], QUICK).theta[0]
    still = assess(subject, [both, replace(place, weight=0.0)], QUICK).theta[0]
    way = subject.ways[ACROSS].numpy()
    assert abs(cosine(free, way)) > 0.3
    assert abs(cosine(still, way)) < 0.12


def test_left_alone_is_orthogonal_and_said(subject: Analytic) -> None:
    leave = [Direction("light", subject.ways[BRIGHT].numpy()), Direction("w", subject.ways[2].numpy(), "w")]
    found = assess(subject, [across()], QUICK, leave)
    assert abs(cosine(found.theta[0], leave[0].vector)) < 1e-5
    assert found.method == "assess: across without light"


def test_nothing_left_to_move_is_refused(subject: Analytic) -> None:
    leave = [Direction(f"d{i}", row.numpy()) for i, row in enumerate(subject.ways)]
    with pytest.raises(InputError, match="leave fewer directions out"):
        assess(subject, [across()], QUICK, leave)


@pytest.mark.parametrize("move", [Move(), Move(shell=True), Move("w"), Move("w", (1,)), Move("z", (0,))])
def test_a_place_does_not_feel_its_batch_mates(subject: Analytic, move: Move) -> None:
    """The published code scales by the norm of the whole batch."""
    places = Places(subject, subject.sample(6, 1), move)
    shift = torch.randn(6, DIM, generator=torch.Generator().manual_seed(2))
    together = places.w(torch.arange(6), shift)
    for i in range(6):
        torch.testing.assert_close(places.w(torch.tensor([i]), shift[i : i + 1]), together[i : i + 1])


def test_on_the_shell_each_place_keeps_its_own_length(subject: Analytic) -> None:
    places = Places(subject, subject.sample(6, 1), Move(shell=True))
    moved = places.w(torch.arange(6), torch.ones(6, DIM))[:, 0]
    torch.testing.assert_close(moved.norm(dim=1), places.sample.z.norm(dim=1))
    (one,) = learned(subject, [wish("brightness")], replace(QUICK, move=Move(shell=True)))
    assert one.direction.curve is not None and one.direction.curve.shell
    assert one.followed.slope > 0.7
    with pytest.raises(InputError, match="--shell keeps the length of z"):
        Places(subject, subject.sample(2, 1), Move("w", shell=True))


@pytest.mark.parametrize("move", [Move("w"), Move("w", (1,)), Move("z", (1,))])
def test_layers_and_w_are_learned_as_they_are_played(subject: Analytic, move: Move) -> None:
    (one,) = learned(subject, [wish("brightness")], replace(QUICK, move=move))
    assert (one.direction.space, one.direction.layers) == (move.space, move.layers)
    assert cosine(one.direction.vector, subject.ways[BRIGHT].numpy()) > 0.97
    assert 0.75 <= one.followed.slope <= 1.25


def numbers_alone(of: Callable[[Tensor], Tensor]) -> Wish:
    return Wish(Assessor("own", lambda pictures: of(pictures.detach())))


def cutting(pictures: Tensor) -> Tensor:
    """A score whose gradient is not finite: the root of what may be nothing."""
    return pictures.mean((1, 2, 3)) + 0.0 * (pictures[:, 0, 0, 0] * 0.0).sqrt()


def late() -> Callable[[Tensor], Tensor]:
    """As `cutting`, from the twelfth gradient on."""
    asked = [0]

    def of(pictures: Tensor) -> Tensor:
        asked[0] += pictures.requires_grad
        return cutting(pictures) if asked[0] > 11 else pictures.mean((1, 2, 3))

    return of


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (numbers_alone(lambda p: p.mean((1, 2, 3))), "own has no gradient"),
        (Wish(Assessor("own", lambda p: p.mean((1, 2, 3)), gradient=False)), "own has no gradient"),
        (Wish(Assessor("own", lambda p: (p.mean((1, 2, 3)) * 400).round() / 400)), "own has no gradient"),
        (Wish(Assessor("own", cutting)), "a gradient is not finite"),
        (Wish(Assessor("own", late())), "a gradient is not finite"),
    ],
    ids=["detached", "declared", "rounded", "not-finite", "not-finite-later"],
)
def test_without_gradients_differences_find_the_same_way(subject: Analytic, one: Wish, why: str) -> None:
    found = assess(subject, [one], QUICK)
    assert found.method == f"assess: own, gradient-free ({why})"
    assert cosine(found.theta[0], subject.ways[BRIGHT].numpy()) >= 0.9


def test_the_tulips_brightness_is_found_with_and_without_gradients() -> None:
    tulip = Subject("tulip", side=16, threads=1)
    asked = Asked(places=112, steps=1, batch=8)
    ways = [assess(tulip, [wish("brightness")], replace(asked, gradient_free=free)).theta[0] for free in (False, True)]
    assert cosine(*ways) >= 0.9
    ground = {d.name: d.vector for d in model_directions("tulip")}["ground"]
    assert cosine(ways[0], ground) > 0.15 < cosine(ways[1], ground)


def test_the_active_space_holds_all_that_shows(subject: Analytic) -> None:
    """Of 12 numbers, five show: light, place and three tints."""
    ways = active_space(Places(subject, subject.sample(32, 1), Move()), seed=0)
    torch.testing.assert_close(ways @ ways.T, torch.eye(len(ways)), rtol=0, atol=1e-4)
    assert len(ways) <= 6
    for way in (BRIGHT, ACROSS):
        assert float((ways @ subject.ways[way]).norm()) > 0.98


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (lambda p: p.mean((1, 2, 3)) * torch.nan, "own gives nan for"),
        (lambda p: p.mean((2, 3)), "one number for each is needed"),
        (lambda p: p.mean((1, 2, 3)) * 0.0 + 4.0, "own gives 4 for all of 64 pictures; it must tell"),
    ],
)
def test_what_is_no_score_is_refused_by_name(subject: Analytic, of: Callable[[Tensor], Tensor], said: str) -> None:
    with pytest.raises(InputError, match=said):
        assess(subject, [Wish(Assessor("own", of))], QUICK)


def test_something_has_to_be_asked_for(subject: Analytic) -> None:
    with pytest.raises(InputError, match="--hold alone changes nothing"):
        assess(subject, [held("brightness")], QUICK)


def test_an_angle_counts_the_short_way_round(subject: Analytic) -> None:
    """The angle of the place crosses 180 degrees in the middle of all places."""

    def of(pictures: Tensor) -> Tensor:
        x = across().assessor.of(pictures)
        return torch.remainder(180.0 * x, 360.0) - 180.0

    found = assess(subject, [Wish(Assessor("angle", of, turn=360.0))], QUICK)
    assert cosine(found.theta[0], subject.ways[ACROSS].numpy()) > 0.97


def test_work_that_was_stopped_goes_on_to_the_same_end(subject: Analytic, tmp_path: Path) -> None:
    wishes = [wish("brightness")]
    asked = {"x": 1, **request(wishes, QUICK, [])}
    whole = assess(subject, wishes, QUICK).theta
    done: list[int] = []

    def tell(what: str, at: int, of: int) -> None:
        if what == "learning":
            done.append(at)

    with pytest.raises(Stopped):
        assess(subject, wishes, QUICK, work=Work(tmp_path / "b.safetensors", asked, tell, lambda: len(done) >= 9))
    done.clear()
    again = assess(subject, wishes, QUICK, work=Work(tmp_path / "b.safetensors", asked, tell)).theta
    assert done[0] == 10
    np.testing.assert_allclose(again, whole, rtol=1e-4, atol=1e-6)


def test_scores_that_were_read_are_not_read_again(subject: Analytic, tmp_path: Path) -> None:
    looked: list[int] = []

    def of(pictures: Tensor) -> Tensor:
        looked.append(len(pictures))
        return pictures.mean((1, 2, 3))

    wishes, out = [Wish(Assessor("own", of))], tmp_path / "b.safetensors"
    with pytest.raises(Stopped):
        assess(subject, wishes, QUICK, work=Work(out, {}, stop=lambda: len(looked) >= 3))
    assert sum(looked) == 48
    looked.clear()
    again = assess(subject, wishes, QUICK, work=Work(out, {})).theta
    assert looked[0] == QUICK.places - 48
    np.testing.assert_allclose(again, assess(subject, wishes, QUICK).theta, rtol=1e-4, atol=1e-6)


def test_the_same_seed_finds_the_same(subject: Analytic) -> None:
    one, same, other = (assess(subject, [wish("brightness")], replace(QUICK, seed=s)).theta for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other, rtol=1e-4)


def test_what_does_not_follow_is_said(subject: Analytic) -> None:
    """Distance from the middle rises both ways: no one direction brings more of it."""

    def of(pictures: Tensor) -> Tensor:
        return across().assessor.of(pictures).abs()

    (one,) = learned(subject, [Wish(Assessor("far", of))], replace(QUICK, seed=5))
    assert one.warning is not None and "the model hardly follows" in one.warning


def test_a_direction_is_measured_where_it_was_not_learned(subject: Analytic) -> None:
    (one,) = learned(subject, [wish("brightness")], QUICK)
    scale = assess(subject, [wish("brightness")], replace(QUICK, steps=0)).scale
    again = followed(subject, one.direction, [wish("brightness")], scale, one.per_deviation, held_out(subject, 0), 1.0)
    assert again.slope == pytest.approx(one.followed.slope, rel=1e-4)
    assert again.changes[:, 4] == pytest.approx(0.0, abs=1e-6)  # at alpha 0
    sample = held_out(subject, 0)
    assert not np.allclose(sample.z[:8], subject.sample(8, 0).z)
    way = Direction("nothing", subject.ways[7].numpy())
    still = followed(subject, way, [wish("brightness")], scale, 1.0, sample, 1.0)
    assert (still.slope, still.r2, still.monotone) == pytest.approx((0.0, 0.0, 0.0), abs=1e-2)
    assert random_slope(subject, way, [wish("brightness")], scale, 0.0, sample, 1.0, 1, 8) == 0.0


def test_alpha_strips_are_a_picture(subject: Analytic, tmp_path: Path) -> None:
    found = learned(subject, [wish("brightness")], replace(QUICK, steps=2))
    save_alpha_strips(tmp_path / "x.png", subject, found, 1.0)
    with Image.open(tmp_path / "x.png") as image:
        assert image.width > 700
    assert (tmp_path / "x.png").stat().st_size <= 400_000


def test_each_class_of_a_biggan_gets_its_own(biggan: Subject) -> None:
    asked = Asked(places=32, steps=3, batch=8, each_class=True)
    found = learned(biggan, [wish("brightness")], asked, name="light")
    assert [one.direction.name for one in found] == ["light@1", "light@3"]
    assert [one.class_ for one in found] == [1, 3]
    assert all(np.isfinite(list(one.direction.measures.values())).all() for one in found)
    assert np.isfinite(found[0].followed.changes).all()
    assert int(held_out(biggan, 0, 4, 3).classes.argmax(1)[0]) == 3  # type: ignore[union-attr]
    assert found[0].direction.vector.shape == (biggan.info.z_dim,)


def test_a_class_alone_is_learned_as_in_company_of_none(biggan: Subject) -> None:
    """Rows of a theta do not mix: with one class asked for, each-class is the same as without."""
    alone = Subject(str(golden("biggan_deep_32")), side=32, threads=1, classes=[1])
    asked = Asked(places=24, steps=2, batch=6)
    shared, own = (assess(alone, [wish("brightness")], replace(asked, each_class=e)).theta for e in (False, True))
    np.testing.assert_allclose(shared, own, rtol=1e-4)


def test_classes_are_needed_and_few(subject: Analytic, biggan: Subject) -> None:
    with pytest.raises(InputError, match="--each-class: analytic has no classes"):
        assess(subject, [wish("brightness")], replace(QUICK, each_class=True))
    with pytest.raises(InputError, match="12 places of 2 classes are too few; name up to 1 by --class"):
        assess(biggan, [wish("brightness")], Asked(places=12, each_class=True))
