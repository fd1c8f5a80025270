"""From key to key: what holds on springs, along great circles, along a curve and at a constant pace."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import engine.cli
from engine.errors import InputError
from engine.latent import sphere
from engine.latent.sequence_file import Facts
from engine.studio.journey.pair import Pair, PairWriter, open_pair
from engine.studio.journey.smooth import Smooth, smooth
from engine.studio.journey.smooth_keys import keys_of, runs
from engine.studio.journey.sprung import Pull, by_spring
from engine.studio.journey.timeline import Mark
from engine.studio.journey.trajectories import BLOCK, Keys, by_curve, by_slerp
from engine.studio.pace import pace, unevenness

FPS = 25.0
WAYS = {"slerp": by_slerp, "curve": by_curve, "spring": lambda keys: by_spring(keys, FPS, Pull())}


def keys_at(rows: np.ndarray, leg: int = 30, *, closed: bool = False, weights: np.ndarray | None = None) -> Keys:
    k = len(rows)
    count = k * leg if closed else (k - 1) * leg + 1
    return Keys(rows, weights, np.arange(k), np.arange(k) * leg, count, closed)


def whole(blocks) -> tuple[np.ndarray, np.ndarray | None]:  # type: ignore[no-untyped-def]
    rows, weights = zip(*blocks, strict=True)
    return np.concatenate(rows), None if weights[0] is None else np.concatenate(weights)


def z_of(k: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randn(k, dim)


def pair_at(path: Path, rows: np.ndarray, classes: np.ndarray | None = None, **facts: object) -> Pair:
    count = 0 if classes is None else classes.shape[1]
    with PairWriter(path, rows.shape[1:], len(rows), Facts(**facts), count) as writer:  # type: ignore[arg-type]
        writer.write(rows, classes)
        return writer.close()


def velocities(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The speed along unit points and how much the velocity changes at each, in radians a second."""
    here = unit[1:-1]
    change = sphere.norm(sphere.log(here, unit[2:]) + sphere.log(here, unit[:-2]))[:, 0] * FPS
    return sphere.angle(unit[:-1], unit[1:]) * FPS, change


@settings(max_examples=40)
@given(
    seed=st.integers(0, 999), hz=st.floats(0.2, 2.0), damping=st.floats(0.3, 2.0), leg=st.integers(5, 60),
    closed=st.booleans(),
)  # fmt: skip
def test_a_spring_never_jumps_in_velocity(seed: int, hz: float, damping: float, leg: int, closed: bool) -> None:
    """What it may change by in a frame is what its pull and its damper can do to it in that time."""
    keys = keys_at(z_of(4, seed=seed), leg, closed=closed)
    rows, _ = whole(by_spring(keys, FPS, Pull(hz, damping)))
    unit = sphere.normalise(rows)
    speed, change = velocities(unit)
    omega = 2 * math.pi * hz
    most = omega**2 * math.pi + 2 * damping * omega * speed.max(initial=0.0)
    assert (change <= 1.05 * most / FPS).all()


@pytest.mark.parametrize("way", ["spring", "curve"])
def test_only_slerp_jumps(way: str) -> None:
    """With four times as many frames a velocity that never jumps changes by a quarter from one to the next."""

    def kink(way: str, finer: int) -> float:
        keys = keys_at(z_of(5, 64), 40 * finer)
        blocks = by_spring(keys, FPS * finer, Pull()) if way == "spring" else WAYS[way](keys)
        return float(velocities(sphere.normalise(whole(blocks)[0]))[1].max()) * finer

    assert kink(way, 8) == pytest.approx(kink(way, 2) / 4, rel=0.2)
    assert kink("slerp", 8) == pytest.approx(kink("slerp", 2), rel=0.05)
    assert kink("slerp", 8) > 5 * kink(way, 8)


@settings(max_examples=30)
@given(seed=st.integers(0, 999), damping=st.floats(0.3, 2.0), leg=st.integers(8, 60))
def test_a_spring_arrives_at_each_key_before_the_next_draws(seed: int, damping: float, leg: int) -> None:
    z = z_of(4, seed=seed)
    rows, _ = whole(by_spring(keys_at(z, leg), FPS, Pull(None, damping)))
    for i in range(1, 4):
        near = sphere.angle(sphere.normalise(rows[i * leg]), sphere.normalise(z[i]))
        assert near <= 0.08 * sphere.angle(sphere.normalise(z[i - 1]), sphere.normalise(z[i])) + 1e-9


def test_a_spring_passes_its_keys_in_order() -> None:
    z = z_of(5, 64)
    rows, _ = whole(by_spring(keys_at(z, 40), FPS, Pull()))
    nearest = [int(sphere.angle(sphere.normalise(rows), sphere.normalise(key)).argmin()) for key in z]
    assert nearest == sorted(nearest) and nearest[0] == 0


@settings(max_examples=30)
@given(seed=st.integers(0, 999), leg=st.integers(2, 40), k=st.integers(2, 5), closed=st.booleans())
def test_slerp_keeps_its_speed_on_a_leg_and_meets_each_key(seed: int, leg: int, k: int, closed: bool) -> None:
    z = z_of(k, seed=seed)
    rows, _ = whole(by_slerp(keys_at(z, leg, closed=closed)))
    assert np.allclose(rows[::leg][:k], z)
    unit = sphere.normalise(rows)
    for i in range(k - 1):
        steps = sphere.angle(unit[i * leg : (i + 1) * leg], unit[i * leg + 1 : (i + 1) * leg + 1])
        assert np.allclose(steps, steps[0], rtol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("closed", [False, True])
def test_length_stays_where_all_keys_have_it(way: str, closed: bool) -> None:
    z = 4.0 * sphere.normalise(z_of(5))
    assert np.allclose(sphere.norm(whole(WAYS[way](keys_at(z, closed=closed)))[0]), 4.0)


@pytest.mark.parametrize("way", ["slerp", "spring"])
def test_length_never_leaves_the_range_of_the_keys(way: str) -> None:
    z = z_of(5)
    length = sphere.norm(whole(WAYS[way](keys_at(z)))[0])
    assert sphere.norm(z).min() - 1e-9 <= length.min() and length.max() <= sphere.norm(z).max() + 1e-9


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(16,), (3, 8)])
def test_a_closed_way_goes_on_where_it_began(way: str, shape: tuple[int, ...]) -> None:
    """The step from the last frame to the first is one like its neighbours."""
    rows, _ = whole(WAYS[way](keys_at(np.random.RandomState(1).randn(3, *shape), 30, closed=True)))
    assert len(rows) == 90
    flat = rows.reshape(90, -1)
    steps = np.linalg.norm(np.diff(np.concatenate([flat, flat[:1]]), axis=0), axis=1)
    assert steps[-1] <= 1.2 * steps[-2] + 1e-3
    if way == "spring":
        around = np.concatenate([flat[-2:], flat[:2]])
        kinks = np.linalg.norm(np.diff(flat, 2, axis=0), axis=1)
        assert np.linalg.norm(np.diff(around, 2, axis=0), axis=1).max() <= kinks.max()


def test_a_closed_spring_is_the_same_in_its_second_round() -> None:
    z = z_of(3)
    once, _ = whole(by_spring(keys_at(z, 20, closed=True), FPS, Pull(0.4, 0.3)))
    twice, _ = whole(by_spring(keys_at(np.tile(z, (2, 1)), 20, closed=True), FPS, Pull(0.4, 0.3)))
    assert np.allclose(twice[:60], once, atol=1e-6) and np.allclose(twice[60:], once, atol=1e-6)


@settings(max_examples=30)
@given(seed=st.integers(0, 999), way=st.sampled_from(sorted(WAYS)), closed=st.booleans())
def test_class_weights_stay_weights(seed: int, way: str, closed: bool) -> None:
    numbers = np.random.RandomState(seed)
    given_ = np.eye(5)[numbers.randint(0, 5, 4)]
    rows, weights = whole(WAYS[way](keys_at(numbers.randn(4, 6), 20, closed=closed, weights=given_)))
    assert weights is not None and len(weights) == len(rows)
    assert (weights >= 0.0).all() and np.allclose(weights.sum(1), 1.0)
    assert np.allclose(weights[0], given_[0], atol=0.02)


@pytest.mark.parametrize("way", WAYS)
def test_blocks_leave_no_trace(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = keys_at(z_of(3), BLOCK, closed=True)
    rows, _ = whole(WAYS[way](keys))
    assert max(len(block) for block, _ in WAYS[way](keys)) <= BLOCK
    for room in ("trajectories", "sprung"):
        monkeypatch.setattr(f"engine.studio.journey.{room}.BLOCK", 7)
    assert np.array_equal(whole(WAYS[way](keys))[0], rows) and len(rows) == keys.count


def test_an_open_end_holds_its_last_key() -> None:
    z = z_of(2)
    keys = Keys(z, None, np.arange(2), np.array([0, 10]), 40)
    rows, _ = whole(by_slerp(keys))
    assert np.allclose(rows[10:], z[1])
    sprung, _ = whole(by_spring(keys, FPS, Pull()))
    assert len(sprung) == 40 and np.allclose(sprung[-1], z[1], atol=1e-4)


def test_w_goes_straight_and_every_layer_by_itself() -> None:
    w = np.random.RandomState(0).randn(2, 3, 4)
    rows, _ = whole(by_slerp(keys_at(w, 4)))
    assert np.allclose(rows[2], 0.5 * (w[0] + w[1]))
    sprung, _ = whole(by_spring(keys_at(w, 30), FPS, Pull()))
    alone, _ = whole(by_spring(keys_at(w[:, :1], 30), FPS, Pull()))
    assert np.allclose(sprung[:, :1], alone)


def test_a_z_of_no_length_has_no_direction() -> None:
    with pytest.raises(InputError, match="no direction"):
        whole(by_spring(keys_at(np.zeros((2, 4))), FPS, Pull()))
    assert np.allclose(whole(by_slerp(keys_at(np.zeros((2, 4)))))[0], 0.0)


def test_keys_are_runs_of_held_rows(tmp_path: Path) -> None:
    z = z_of(3).astype(np.float32)
    held = pair_at(tmp_path / "held", np.repeat(z, [4, 1, 5], 0))
    assert runs(held).tolist() == [0, 4, 5]
    keys = keys_of(held, fps=FPS)
    assert keys.at.tolist() == [0, 4, 5] and keys.count == 10
    assert keys_of(held, fps=2 * FPS).at.tolist() == [0, 8, 10]
    classes = np.eye(2)[[0] * 4 + [1] * 6]
    assert runs(pair_at(tmp_path / "classes", np.repeat(z[:1], 10, 0), classes)).tolist() == [0, 4]


@pytest.mark.parametrize(
    ("which", "numbers"),
    [("every-4", [0, 4, 8]), ("2,9,5", [2, 9, 5]), ("0.2s,00:00:00:07,flower", [5, 7, 9]), ("marks", [1, 9])],
)
def test_keys_are_chosen(which: str, numbers: list[int], tmp_path: Path) -> None:
    pair = pair_at(tmp_path / "p", z_of(10), marks=(Mark(1, "stone"), Mark(9, "flower")))
    assert keys_of(pair, which, leg_s=1.0, fps=FPS).numbers.tolist() == numbers


@settings(max_examples=30)
@given(k=st.integers(2, 9), seconds=st.floats(0.5, 9.0), closed=st.booleans())
def test_seconds_are_kept(k: int, seconds: float, closed: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    pair = pair_at(tmp_path_factory.mktemp("p") / "p", z_of(k))
    keys = keys_of(pair, seconds=seconds, fps=FPS, closed=closed)
    assert keys.count == round(seconds * FPS) and np.ptp(np.diff(keys.at)) <= 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"keys": "every-0"}, "every-25"),
        ({"keys": "flover"}, 'did you mean "flower"'),
        ({"keys": "3,99"}, "frames 0 to 9"),
        ({"keys": "3"}, "at least two"),
        ({"keys": "5,2"}, "do not go forward"),
        ({"leg_s": 1.0, "seconds": 2.0}, "either"),
        ({"leg_s": -1.0}, "above 0"),
        ({"seconds": 0.1}, "more time"),
        ({"leg_s": 1e6}, "at most"),
        ({"keys": "2,5", "closed": True}, "the way back"),
        ({"way": "fly"}, "spring, slerp"),
        ({"pull": Pull(-1.0)}, "--frequency-hz"),
        ({"pull": Pull(None, 0.0)}, "--damping"),
        ({"psi": math.nan}, "--psi"),
        ({"strips": Path("s.jpg")}, "a .png"),
        ({"way": "pace"}, "--model"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(options: dict[str, object], says: str, tmp_path: Path) -> None:
    source = pair_at(tmp_path / "p", z_of(10), marks=(Mark(9, "flower"),)).path
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=says):
        smooth(replace(Smooth(source, tmp_path / "out"), **options))  # type: ignore[arg-type]
    assert sorted(tmp_path.iterdir()) == before


def test_psi_goes_along_unless_another_is_given(tmp_path: Path) -> None:
    pair_at(tmp_path / "keys", z_of(2).repeat(3, 0), psi=0.8)
    for psi, kept in ((None, 0.8), (0.5, 0.5)):
        wanted = Smooth(tmp_path / "keys", tmp_path / "way", "slerp", leg_s=1.0, psi=psi)
        assert smooth(wanted).pair.facts.psi == kept


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    z = z_of(4)
    z[2, 3] = np.nan
    with pytest.raises(InputError, match="frame 2"):
        smooth(Smooth(pair_at(tmp_path / "p", z).path, tmp_path / "out", leg_s=1.0))


@pytest.mark.parametrize("way", ["spring", "slerp", "curve"])
def test_the_same_request_writes_the_same_bytes(way: str, tmp_path: Path) -> None:
    source = pair_at(tmp_path / "p", z_of(4), fps=Fraction(30), marks=(Mark(2, "flower"),)).path
    for name in ("a", "b"):
        wanted = Smooth(source, tmp_path / name, way, leg_s=0.5, strips=tmp_path / f"{name}.png")  # type: ignore[arg-type]
        made = smooth(wanted)
        assert len(made.pair) == 46 and made.pair.facts.marks == (Mark(30, "flower"),)
        assert made.pair.facts.fps == 30 and made.keys == 4
    for ending in (".npy", ".json", ".png"):
        assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 1000


def test_what_is_told_of_kinks_is_what_is_written(tmp_path: Path) -> None:
    source = pair_at(tmp_path / "p", z_of(5, 64)).path
    made = smooth(Smooth(source, tmp_path / "out", leg_s=1.5))
    _, change = velocities(sphere.normalise(np.asarray(made.pair.rows, np.float64)))
    assert made.kink == pytest.approx(math.degrees(change.max()), rel=1e-2)
    assert made.kink_slerp > made.kink


@pytest.mark.parametrize("closed", [False, True])
def test_pace_is_even_to_the_eye_and_keeps_its_ends(closed: bool, tmp_path: Path) -> None:
    z = z_of(3, 512, seed=4)
    source = pair_at(tmp_path / "p", z, model="tulip", marks=(Mark(1, "flower"),)).path
    made = smooth(Smooth(source, tmp_path / "out", "pace", seconds=2.4, closed=closed, side=32, threads=1))
    assert made.pace is not None and unevenness(made.pace.after) < 0.12 < unevenness(made.pace.before)
    assert len(made.pair) == 60 and np.allclose(made.pair.rows[0], z[0], atol=1e-5)
    assert closed or np.allclose(made.pair.rows[-1], z[2], atol=1e-5)
    angles = sphere.angle(sphere.normalise(np.asarray(made.pair.rows, np.float64)), sphere.normalise(z[1]))
    assert made.pair.facts.marks[0].frame == angles.argmin()


def test_pace_keeps_what_a_pair_says_of_itself(tmp_path: Path) -> None:
    z = np.concatenate([whole(by_slerp(keys_at(z_of(2, 512), 20)))[0]])
    source = pair_at(tmp_path / "p", z, model="tulip", seed=7, psi=0.8, marks=(Mark(20, "end"),))
    pace("tulip", source.path, tmp_path / "even.npy", side=16, threads=1)
    even = open_pair(tmp_path / "even")
    assert (even.facts.seed, even.facts.psi, even.facts.marks) == (7, 0.8, (Mark(20, "end"),))
    assert even.facts.model == "tulip" and len(even) == 21


def test_the_command_takes_a_bare_sequence_and_says_how_smooth_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "bare.npy", z_of(3).astype(np.float32))
    words = (
        f"latenz journey smooth {tmp_path / 'bare'} --way spring --leg-s 1 --fps 30 --no-proxy -o {tmp_path / 'out'}"
    )
    monkeypatch.setattr("sys.argv", words.split())
    assert engine.cli.run() == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "out.npy: 3 keys in 61 frames" and said[1].startswith("largest change of velocity")
    assert open_pair(tmp_path / "out").facts.fps == 30
    monkeypatch.setattr("sys.argv", [*words.replace("--way spring", "--way sprong").split()])
    assert engine.cli.run() == 2 and 'did you mean "spring"' in capsys.readouterr().err
