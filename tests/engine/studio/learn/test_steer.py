"""Steering: known ways are found again, runs go on bit for bit, and how far a model follows is told truly."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import InputError
from engine.latent.directions import Direction, Directions
from engine.studio.learn import response, steer
from engine.studio.learn.edits import EDITS
from engine.studio.learn.likeness import feature_error, masked_error, network, pyramid
from engine.studio.learn.response import alphas, registered, spearman
from engine.studio.learn.response_picture import picture
from engine.studio.learn.steer import Lesson, Plan, judged
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.walks import Walk
from engine.studio.learn.work import Stopped, Work
from tests.engine.studio.learn.analytic import ACROSS, BRIGHT, STOPS, WIDTHS, Analytic
from tests.engine.studio.test_still_golden import reference

ROOT = Path(__file__).resolve().parents[4]
BRIGHTER = replace(EDITS["brightness"], range=(-0.5, 0.5))
RIGHT = replace(EDITS["shift_x"], range=(-0.08, 0.08))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def subject() -> Analytic:
    return Analytic()


@pytest.mark.parametrize("space", ["z", "w"])
@pytest.mark.parametrize(("edit", "way", "each"), [(BRIGHTER, BRIGHT, STOPS), (RIGHT, ACROSS, WIDTHS)])
def test_a_known_way_is_found_again(subject: Analytic, space: str, edit: object, way: int, each: float) -> None:
    plan = Plan(space=space, steps=60)  # type: ignore[arg-type]
    found = steer.steer(subject, [edit], plan, places=8)[0]  # type: ignore[list-item]
    assert subject.along_ways(found.direction.vector)[way] >= 0.99
    told = found.direction.measures
    assert told["alpha_per_sigma"] == pytest.approx(each * found.direction.sigma, rel=0.1)
    assert told["spearman_share"] == 1.0 and told["held_out_error"] < 0.1
    assert told["gain"] == pytest.approx(1.0, abs=0.1)
    assert found.direction.safe is not None and found.direction.safe[1] > 0.5


def test_a_walk_that_bends_does_in_numpy_what_it_learned_in_torch(subject: Analytic) -> None:
    lesson = Lesson(subject, RIGHT, Plan(walk="curved", steps=30))
    for _ in range(30):
        lesson.learn()
    direction = lesson.walk.direction("right")
    assert direction.curve is not None and np.abs(direction.curve.second).max() > 1e-3
    sample = subject.sample(6, 5)
    amounts = torch.linspace(-1.0, 1.0, 6)
    with torch.no_grad():
        twin = lesson.walk.carried(sample.z, amounts)
    sigmas = amounts.double().numpy() * lesson.walk.length_sigma(direction)
    played = direction.curve.moved(sample.z.double().numpy(), direction.sigma * direction.vector, sigmas)
    assert np.abs(twin.numpy() - played).max() < 1e-4
    assert np.allclose(np.linalg.norm(played, axis=1), sample.z.norm(dim=1).numpy(), rtol=1e-5)  # stays on the shell


def test_a_walk_that_bends_in_w_keeps_what_it_learned(subject: Analytic) -> None:
    lesson = Lesson(subject, RIGHT, Plan(space="w", walk="curved", steps=30))
    for _ in range(30):
        lesson.learn()
    direction = lesson.walk.direction("right")
    sample = subject.sample(4, 5)
    amounts = torch.linspace(-1.0, 1.0, 4)
    with torch.no_grad():
        twin = lesson.walk(sample, subject.w(sample), amounts)
    played = subject.moved(sample, direction, amounts * lesson.walk.length_sigma(direction))
    assert (twin - played).abs().max() < 0.02  # their steps differ: numpy's are of sigma as it was measured


def test_layers_that_do_not_follow_stay(subject: Analytic) -> None:
    for space in ("z", "w"):
        walk = Walk(subject, space, (0,))  # type: ignore[arg-type]
        torch.nn.init.ones_(walk.way)
        sample = subject.sample(3, 1)
        w = subject.w(sample)
        with torch.no_grad():
            moved = walk(sample, w, torch.ones(3))
        assert torch.equal(moved[:, 1], w[:, 1]) and not torch.equal(moved[:, 0], w[:, 0])


@pytest.mark.parametrize("kind", ["linear", "curved"])
def test_a_walk_never_leads_along_what_it_is_to_leave_alone(subject: Analytic, kind: str) -> None:
    kept = Direction("bright", subject.ways[BRIGHT].numpy())
    lesson = Lesson(subject, BRIGHTER, Plan(walk=kind, steps=20), [kept])  # type: ignore[arg-type]
    for _ in range(20):
        lesson.learn()
    direction = lesson.walk.direction("b")
    assert abs(direction.vector @ kept.vector) < 1e-4
    if direction.curve is not None:
        assert np.abs(kept.vector @ direction.curve.second).max() < 1e-4


def test_what_cannot_be_left_alone_is_named(subject: Analytic) -> None:
    with pytest.raises(InputError, match="--without elsewhere: it lives in w"):
        Lesson(subject, BRIGHTER, Plan(), [Direction("elsewhere", np.ones(12), "w")])
    tone = Direction("tone", np.ones(12), layers=(1,))
    assert len(Walk(subject, "z", (0,), leave=[tone]).span) == 0  # it moves no layer that the walk moves


def test_what_was_judged_is_not_judged_again(
    subject: Analytic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, edits, names = Plan(steps=3), [BRIGHTER, RIGHT], []
    whole = steer.steer(subject, edits, plan, places=2)

    def counted(*given: Any) -> Any:
        names.append(given[3])
        return judged(*given)

    monkeypatch.setattr(steer, "judged", counted)
    out = tmp_path / "bank.safetensors"
    with pytest.raises(Stopped):
        steer.steer(subject, edits, plan, places=2, work=Work(out, {}, stop=lambda: len(names) == 1))
    found = steer.steer(subject, edits, plan, places=2, work=Work(out, {}))
    assert names == ["brightness", "shift_x"]
    for a, b in zip(whole, found, strict=True):
        assert (a.direction.method, a.direction.measures, a.direction.safe) == (
            b.direction.method, b.direction.measures, b.direction.safe
        )  # fmt: skip
        assert np.array_equal(a.response.done, b.response.done) and a.response.per_sigma == b.response.per_sigma


@pytest.mark.parametrize("kind", ["linear", "curved"])
def test_an_interrupted_run_comes_to_the_same_bit_for_bit(subject: Analytic, kind: str, tmp_path: Path) -> None:
    plan = Plan(walk=kind, steps=6)  # type: ignore[arg-type]
    edits = [BRIGHTER, RIGHT]
    whole = steer.steer(subject, edits, plan, places=2)
    asked = {"learn": "steer", "plan": repr(plan)}
    for stops_at in (3, 5):  # within the first edit, then within the second
        calls = iter(range(1000))
        work = Work(tmp_path / "bank.safetensors", asked, stop=lambda: next(calls) >= stops_at)  # noqa: B023
        with pytest.raises(Stopped):
            steer.steer(subject, edits, plan, places=2, work=work)
        assert work.path.exists()
    work = Work(tmp_path / "bank.safetensors", asked)
    for a, b in zip(whole, steer.steer(subject, edits, plan, places=2, work=work), strict=True):
        assert np.array_equal(a.direction.vector, b.direction.vector)
        assert a.direction.measures == b.direction.measures
        if a.direction.curve is not None and b.direction.curve is not None:
            assert np.array_equal(a.direction.curve.second, b.direction.curve.second)


@pytest.mark.parametrize(
    ("name", "space"), [("sg3t_64_uncond", "w"), ("sg2_64_uncond", "w"), ("biggan_deep_32", "z"), ("pggan_32", "z")]
)
def test_every_family_can_be_steered(name: str, space: str) -> None:
    subject = Subject(str(reference(name)[0]), 32, threads=1)
    lesson = Lesson(subject, EDITS["brightness"], Plan(space=space, steps=24, batch=4))
    while lesson.step < 24:
        lesson.learn()
    found = judged(subject, EDITS["brightness"], lesson.walk, "brightness", 0, 4)
    assert found.direction.space == space and found.response.ratio < 1.0
    assert found.response.gain > 0.0  # more asked, more done; with random weights, a little


def test_where_the_model_stops_is_found() -> None:
    asked, inside = alphas(replace(EDITS["zoom"], range=(-1.0, 1.0)))
    assert asked[0] == -2.0 and asked[-1] == 2.0 and inside.sum() == 11
    done = np.clip(asked, -0.8, 1.4)[None].repeat(5, 0)
    zeros = np.ones_like(done)
    found = response.Response(asked, done, None, None, 0.4 * zeros, zeros, inside, 0.1)
    low, high = found.limits
    assert low == pytest.approx(-0.8, abs=0.21) and high == pytest.approx(1.4, abs=0.21)
    assert found.gain == pytest.approx(1.0) and found.ratio == pytest.approx(0.4)
    assert "measured_share" not in found.measures()
    still = replace(found, done=np.zeros_like(done))
    assert still.limits == (0.0, 0.0) and still.share == 0.0


def test_an_edit_of_one_way_is_asked_one_way() -> None:
    asked, inside = alphas(EDITS["blur"])
    assert asked[0] == 0.0 and asked[-1] == pytest.approx(4.5) and inside.sum() == 11


def test_the_alpha_of_an_edited_picture_is_found_between_the_candidates(subject: Analytic) -> None:
    start = subject.pictures(subject.w(subject.sample(4, 2)))
    for edit in (BRIGHTER, RIGHT, EDITS["zoom"]):
        wanted = torch.tensor([[-0.61, -0.2, 0.0, 0.33, 0.9]]) * edit.range[1]
        drawn = torch.stack([edit.apply(start, wanted[0, i].expand(4))[0] for i in range(5)], 1)
        assert torch.allclose(registered(edit, start, drawn), wanted.expand(4, 5), atol=0.05 * edit.range[1])


def test_spearman_knows_order_and_ties() -> None:
    asked = np.arange(5.0)
    done = np.array([[0, 1, 4, 9, 16], [4, 3, 2, 1, 0], [1, 1, 1, 1, 1], [0, 0, 1, 1, 2.0]])
    assert spearman(asked, done) == pytest.approx([1.0, -1.0, 0.0, 0.9486833], abs=1e-6)


def test_likeness_sees_shape_where_pixels_do_not_meet_and_nothing_behind_the_mask() -> None:
    def patch(x: float) -> torch.Tensor:
        at = torch.linspace(-1, 1, 64)
        return torch.exp(-((at[None, :] - x).square() + at[:, None].square()) / 0.002).expand(1, 3, 64, 64)

    whole = torch.ones(1, 1, 64, 64)
    near, far = patch(0.25), patch(0.6)
    pixels = float(masked_error(patch(0.0), near, whole) / masked_error(patch(0.0), far, whole))
    shapes = float(feature_error(patch(0.0), near, whole) / feature_error(patch(0.0), far, whole))
    assert pixels > 0.99 and shapes < 0.9
    left = whole.clone()
    left[..., 32:] = 0
    assert float(masked_error(patch(-0.5), patch(-0.5) + patch(0.7), left)) < 1e-6
    assert float(feature_error(patch(-0.5), patch(-0.5) + patch(0.7), left)) < 1e-5
    assert [tuple(a.shape) for a in pyramid(near)] == [(1, 11, 32, 32), (1, 11, 16, 16), (1, 11, 8, 8)]


class Small(torch.nn.Module):
    """Two stages of features."""

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.nn.functional.avg_pool2d(pictures, 4), pictures.mean((2, 3))


class Wrong(torch.nn.Module):
    """No features."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_features_may_come_from_a_torchscript_file(subject: Analytic, tmp_path: Path) -> None:
    example, file = torch.rand(2, 3, 32, 32), tmp_path / "net.pt"
    torch.jit.trace(Small(), example).save(str(file))  # type: ignore[no-untyped-call]
    features = network(file, torch.device("cpu"))
    assert [tuple(a.shape) for a in features(example)] == [(2, 3, 8, 8), (2, 3, 1, 1)]
    Lesson(subject, BRIGHTER, Plan(), features=features).learn()
    torch.jit.trace(Wrong(), example).save(str(file))  # type: ignore[no-untyped-call]
    with pytest.raises(InputError, match="net.pt: it gives no features"):
        network(file, torch.device("cpu"))(example)
    with pytest.raises(InputError, match="missing.pt"):
        network(tmp_path / "missing.pt", torch.device("cpu"))


def test_plans_that_cannot_be_are_refused(subject: Analytic) -> None:
    with pytest.raises(InputError, match="--batch 7: give an even number"):
        Plan(batch=7)
    with pytest.raises(InputError, match="--steps 0"):
        Plan(steps=0)
    nothing = replace(BRIGHTER, apply=lambda pictures, alpha: (pictures, torch.zeros_like(pictures[:, :1])))
    with pytest.raises(InputError, match="b: nothing was learned"):
        steer.steer(subject, [nothing], Plan(steps=2), names=["b"], places=2)


def test_the_picture_shows_a_block_for_each_edit(subject: Analytic) -> None:
    found = steer.steer(subject, [BRIGHTER, RIGHT], Plan(steps=10), places=2)
    image = picture(subject, found, side=32)
    assert image.width > 500 and image.height > 2 * 4 * 32
    assert image.height > picture(subject, found[:1], side=32).height


@pytest.mark.real
def test_the_command_learns_on_the_tulip_and_says_how_far_it_follows(tmp_path: Path) -> None:
    out = tmp_path / "bank.safetensors"
    words = [
        "learn",
        "steer",
        "--model",
        "tulip",
        "--edit",
        "brightness",
        "--steps",
        "6",
        "--batch",
        "4",
        "--places",
        "4",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "engine", *words, "--threads", "1", "-o", str(out), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["directions"][0]
    assert told["name"] == "brightness" and told["unit"] == "stops" and len(told["response"]["asked"]) == 21
    bank = Directions.load(out)
    assert bank["brightness"].measures["alpha_per_sigma"] > 0 and bank["brightness"].method == "steer: brightness"
    with Image.open(out.with_suffix(".png")) as image:
        assert image.width > 600
    assert out.with_suffix(".png").stat().st_size <= 400_000
    assert not out.with_name("bank.safetensors.work.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--edit", "zom"], 'did you mean "zoom"'),
        (["--edit", "zoom", "--edit", "zoom"], "given twice"),
        (["--edit", "zoom", "--edit", "hue", "--name", "x"], "goes with one --edit"),
        (["--edit", "zoom", "--range", "1"], "give two numbers"),
        (["--edit", "nowhere.py:f"], "nowhere.py: no such file"),
        (["--edit", "zoom", "--batch", "5"], "give an even number"),
    ],
)
def test_what_the_command_cannot_do_it_says_with_status_2(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.cli import run

    out = tmp_path / "bank.safetensors"
    monkeypatch.setattr(sys, "argv", ["latenz", "learn", "steer", "--model", "tulip", *words, "-o", str(out)])
    assert run() == 2
    assert said in capsys.readouterr().err and not any(tmp_path.iterdir())


def test_a_sample_that_is_doubled_keeps_its_classes() -> None:
    sample = Sample(torch.zeros(2, 3), torch.eye(2))
    twice = sample[np.tile(np.arange(2), 2)]
    assert twice.classes is not None and torch.equal(twice.classes, torch.eye(2).repeat(2, 1))
