"""Looking around in a sequence: neighbours are as far as asked, journeys begin and end at their places."""

import math
from dataclasses import replace
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
from engine.studio.journey.drawing import Drawing, Look, info_of
from engine.studio.journey.explore import Explore, explore
from engine.studio.journey.explore_noise import Neighbours
from engine.studio.journey.explore_pieces import Journeys
from engine.studio.journey.moments import moments
from engine.studio.journey.pair import Pair, PairWriter, open_pair
from engine.studio.journey.strangers import Strangers
from engine.studio.journey.timeline import Mark

LOOK = Look("tulip", (32, 32))
FRAMES, DIM = 12, 512


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return Drawing(LOOK)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = np.random.RandomState(0).randn(FRAMES, DIM)
    facts = Facts(model="tulip", psi=0.9, marks=(Mark(4, "mountain"), Mark(7, "face")))
    with PairWriter(tmp_path / "first", (DIM,), FRAMES, facts) as writer:
        writer.write(rows)
        return writer.close().path


def unit(rows: np.ndarray) -> np.ndarray:
    return sphere.normalise(np.asarray(rows, np.float64))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, atol=1e-5))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1), noise=st.floats(0.01, 1.0), dim=st.integers(2, 64), length=st.floats(0.1, 30.0)
)  # fmt: skip
def test_a_neighbour_in_z_is_turned_by_as_much_as_asked(seed: int, noise: float, dim: int, length: float) -> None:
    place = length * unit(np.random.RandomState(1).randn(dim))
    found = Neighbours(noise, seed).of(place, range(5))
    assert np.allclose(sphere.angle(unit(found), unit(place)), noise * math.pi / 2, atol=1e-9)
    assert np.allclose(sphere.norm(found), length)


def test_a_neighbour_is_the_same_whichever_others_are_drawn() -> None:
    place = np.random.RandomState(1).randn(16)
    many = Neighbours(0.3, 7).of(place, range(6))
    assert np.array_equal(Neighbours(0.3, 7).of(place, range(4, 6)), many[4:])
    assert not np.allclose(Neighbours(0.3, 8).of(place, range(6)), many)
    assert len(np.unique(many, axis=0)) == 6


def test_a_neighbour_in_w_is_a_part_of_the_place_and_a_part_of_another_sample(drawing: Drawing) -> None:
    """At a quarter turn nothing of the place is left: it is a sample of the model."""
    w = np.asarray(drawing.w(np.random.RandomState(3).randn(2, DIM), psi=1.0), np.float64)
    mean = np.asarray(drawing.w(np.zeros((1, DIM)), psi=0.0)[0], np.float64)
    strangers = [Neighbours(1.0, 5, lambda: drawing).of(place, range(4)) for place in w]
    assert np.allclose(strangers[0], strangers[1], atol=1e-5)
    near = Neighbours(0.4, 5, lambda: drawing).of(w[0], range(4))
    angle = 0.4 * math.pi / 2
    wanted = mean + math.cos(angle) * (w[0] - mean) + math.sin(angle) * (strangers[0] - mean)
    assert np.allclose(near, wanted, atol=1e-5)


def test_the_spread_of_strangers_in_w_is_the_models_own(drawing: Drawing) -> None:
    own = drawing.w(np.random.RandomState(9).randn(400, DIM), psi=1.0)[:, 0]
    found = Neighbours(1.0, 0, lambda: drawing).of(
        np.asarray(own[:1], np.float64).repeat(drawing.info.num_ws, 0), range(400)
    )
    ratio = found[:, 0].std(0).mean() / own.std(0).mean()
    assert 0.93 < ratio < 1.07


def test_layers_that_are_not_named_stay(drawing: Drawing) -> None:
    w = np.asarray(drawing.w(np.random.RandomState(3).randn(1, DIM), psi=1.0)[0], np.float64)
    found = Neighbours(0.5, 5, lambda: drawing, (0, 2)).of(w, range(3))
    moved = (found != w).any((0, 2))
    assert np.flatnonzero(moved).tolist() == [0, 2]


@pytest.mark.parametrize("noise", [0.0, -1.0, 1.01, math.nan])
def test_noise_is_of_zero_to_a_quarter_turn(noise: float) -> None:
    with pytest.raises(InputError, match="quarter turn"):
        Neighbours(noise, 0)


def test_neighbours_lie_around_their_frames_and_are_held(source: Path, tmp_path: Path) -> None:
    wanted = Explore(source, tmp_path / "near", around="mountain,9", noise=0.2, count=3, hold=4, seed=2, sheet=False)
    made = explore(wanted, LOOK)
    (near,) = made.pairs
    assert len(near) == 2 * 3 * 4 and [m.frame for m in near.facts.marks] == [0, 12]
    given_ = open_pair(source).rows
    for half, frame in ((near.rows[:12], 4), (near.rows[12:], 9)):
        assert np.allclose(sphere.angle(unit(half), unit(given_[frame])), 0.2 * math.pi / 2, atol=1e-5)
        assert all(np.array_equal(half[i], half[i - i % 4]) for i in range(12))
        assert len(np.unique(half, axis=0)) == 3
    assert near.facts.model == "tulip" and near.facts.psi == LOOK.psi and not near.facts.proxy
    apart = explore(replace(wanted, apart=True), LOOK)
    assert [pair.path.name for pair in apart.pairs] == ["near_01.npy", "near_02.npy"] and apart.sheet is None
    assert np.array_equal(np.concatenate([pair.rows for pair in apart.pairs]), near.rows)


def test_journeys_begin_and_end_at_their_places(source: Path, tmp_path: Path) -> None:
    made = explore(Explore(source, tmp_path / "ways", between="mountain,face", count=6, frames=21), LOOK)
    rows = open_pair(source).rows
    assert [pair.path.name for pair in made.pairs] == [f"ways_{n:02d}.npy" for n in range(1, 7)]
    middles = []
    for n, pair in enumerate(made.pairs):
        assert len(pair) == 21 and same(pair.rows[0], rows[4]) and same(pair.rows[-1], rows[7])
        if n == 0:  # the first goes straight there
            steps = sphere.angle(unit(pair.rows[:-1]), unit(pair.rows[1:]))
            assert np.allclose(steps, steps[0], rtol=1e-3) and len(pair.facts.marks) == 2
        else:
            mark = pair.facts.marks[1]
            assert mark.frame == 10 and same(pair.rows[10], rows[int(mark.name)])
            middles.append(int(mark.name))
    assert len(set(middles)) == 5 and not {4, 7} & set(middles)
    with Image.open(tmp_path / "ways.png") as picture:
        assert picture.width > 7 * 32


def test_all_together_are_one_after_the_other(source: Path, tmp_path: Path) -> None:
    wanted = Explore(source, tmp_path / "ways", between="4,7", count=3, frames=10, sheet=False)
    apart = explore(wanted, LOOK).pairs
    (one,) = explore(replace(wanted, apart=False), LOOK).pairs
    assert np.array_equal(one.rows, np.concatenate([pair.rows for pair in apart]))
    assert [mark.frame for mark in one.facts.marks] == [0, 10, 20] and one.facts.marks[0].name == "01 4 > 7"


def test_past_three_places_the_first_is_exact_and_others_come_near_the_middle(source: Path, tmp_path: Path) -> None:
    wanted = Explore(source, tmp_path / "ways", between="4,0,7", count=4, frames=9, noise=0.25, sheet=False)
    rows = open_pair(source).rows
    for n, pair in enumerate(explore(wanted, LOOK).pairs):
        assert same(pair.rows[0], rows[4]) and same(pair.rows[-1], rows[7])
        away = float(sphere.angle(unit(pair.rows[4]), unit(rows[0])))
        assert away == pytest.approx(0.25 * math.pi / 2 if n else 0.0, abs=1e-4)


def test_by_chance_what_is_often_in_a_sequence_is_drawn_often(tmp_path: Path) -> None:
    """The bias that was edited in stays in."""
    z = np.random.RandomState(0).randn(5, DIM)
    pair = Pair(tmp_path / "p.npy", np.repeat(z, [96, 1, 1, 1, 1], 0))
    strangers = Strangers(pair, info_of("tulip"), lambda: Drawing(LOOK), 0)
    journeys = list(Journeys(pair, strangers, None, "none", 60, 5, seed=1))
    ends = [journey.rows[[0, -1]] for journey in journeys]
    assert sum(bool((end == z[0]).all(1).any()) for end in ends) > 55
    assert all((a != b).any() for a, b in ends)


@pytest.mark.parametrize("middle", ["none", "pair", "random"])
def test_a_middle_is_from_where_it_is_asked(middle: str, source: Path, tmp_path: Path) -> None:
    wanted = Explore(source, tmp_path / "ways", count=3, frames=9, middle=middle, sheet=False, seed=3)  # type: ignore[arg-type]
    rows = open_pair(source).rows
    for pair in explore(wanted, LOOK).pairs:
        ends = [any(same(pair.rows[i], row) for row in rows) for i in (0, 4, 8)]
        assert ends == [True, middle == "pair", True]


def test_class_weights_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours keep their place's, journeys mix."""
    rows, classes = np.random.RandomState(0).randn(4, DIM), np.eye(3)[[0, 1, 2, 2]]
    pair = Pair(tmp_path / "p.npy", rows, classes=classes)
    from engine.studio.journey.explore_pieces import around

    (piece,) = around(pair, "1", Neighbours(0.3, 0), 3, 2)
    _, weights = next(piece.blocks())
    assert weights is not None and weights.shape == (6, 3) and (weights == classes[1]).all()


def test_in_w_all_is_in_w(tmp_path: Path, drawing: Drawing) -> None:
    w = drawing.w(np.random.RandomState(0).randn(4, DIM), psi=1.0)
    with PairWriter(tmp_path / "w", w.shape[1:], 4, Facts(model="tulip")) as writer:
        writer.write(w)
        writer.close()
    for wanted in (
        Explore(tmp_path / "w", tmp_path / "a", around="2", count=2, layers=(1,), sheet=False),
        Explore(tmp_path / "w", tmp_path / "b", between="0,3", count=2, frames=6, middle="random", sheet=False),
    ):
        for pair in explore(wanted, LOOK).pairs:
            assert pair.rows.shape[1:] == w.shape[1:]


def test_the_same_request_writes_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        explore(Explore(source, tmp_path / name, around="3", count=3), LOOK)
    for ending in (".npy", ".json"):
        assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    with Image.open(tmp_path / "a.png") as a, Image.open(tmp_path / "b.png") as b:
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"around": "99"}, "frames 0 to 11"),
        ({"around": "montain"}, 'did you mean "mountain"'),
        ({"around": "1", "between": "2,3"}, "either --around"),
        ({"around": "1", "novel": True}, "either --around"),
        ({"between": "1"}, "1 places; give two"),
        ({"between": "1,2,3,4"}, "give two"),
        ({"between": "1,2,3", "middle": "pair"}, "is given"),
        ({"between": "1,2", "frames": 2}, "at least 3"),
        ({"count": 0}, "--count"),
        ({"around": "1", "hold": 0}, "--hold"),
        ({"around": "1", "noise": 2.0}, "--noise"),
        ({"around": "1", "layers": (1,)}, "in w"),
        ({"novel": True, "candidates": 10}, "--candidates"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    options: dict[str, object], says: str, source: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=says):
        explore(replace(Explore(source, tmp_path / "out"), **options), LOOK)  # type: ignore[arg-type]
    assert sorted(tmp_path.iterdir()) == before


def test_no_pair_apart_takes_the_place_of_its_source_or_of_a_video_that_is_no_proxy(
    source: Path, tmp_path: Path
) -> None:
    walks = explore(Explore(source, tmp_path / "ways", between="1,5", count=2, frames=4, sheet=False), LOOK).pairs
    before = walks[0].path.read_bytes()
    with pytest.raises(InputError, match="ways_01: is the sequence that this is made of"):
        explore(Explore(walks[0].path, tmp_path / "ways", count=2, frames=4, sheet=False), LOOK)
    assert walks[0].path.read_bytes() == before
    (tmp_path / "new_02.mp4").write_bytes(b"holiday")
    with pytest.raises(InputError, match=r"new_02\.mp4: there already"):
        explore(Explore(source, tmp_path / "new", count=2, frames=4, sheet=False), LOOK)
    assert not (tmp_path / "new_01.npy").exists()


def test_no_journey_stands_still(tmp_path: Path) -> None:
    """Frames of one hold are one place, and a sequence of one place has nowhere to go."""
    for name, places in (("held", 2), ("one", 1)):
        with PairWriter(tmp_path / name, (DIM,), 4 * places, Facts(model="tulip")) as writer:
            writer.write(np.random.RandomState(0).randn(places, DIM).repeat(4, 0))
            writer.close()
    ways = Explore(tmp_path / "held", tmp_path / "ways", between="1,2", count=2, frames=9, sheet=False)
    for between in ("1,2", "0,4,5"):
        with pytest.raises(InputError, match="are the same place"):
            explore(replace(ways, between=between), LOOK)
    assert len(explore(replace(ways, between="1,5,2"), LOOK).pairs) == 2
    with pytest.raises(InputError, match="one place alone"):
        explore(replace(ways, source=tmp_path / "one", between=None), LOOK)


def test_moments_are_frames_clocks_seconds_and_marks(source: Path) -> None:
    pair = open_pair(source)
    assert moments("3, 00:00:00:05,0.3s,face", pair, "--around") == (3, 5, 7, 7)


def test_the_command_writes_pairs_with_their_proxies(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"latenz journey explore {source} --between 4,7 --count 2 --frames 6 --size 32x32 -o {tmp_path / 'ways'}"
    monkeypatch.setattr("sys.argv", words.split())
    assert engine.cli.run() == 0
    assert "ways_01 to ways_02: 12 frames; ways.png" in capsys.readouterr().out
    for n in (1, 2):
        pair = open_pair(tmp_path / f"ways_{n:02d}")
        assert pair.proxy is not None and pair.facts.digest and pair.facts.psi == 0.9
