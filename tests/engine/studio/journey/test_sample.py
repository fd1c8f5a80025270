"""Laws of samples: unbiased, the same for the same seed, few of them the first of many; what conditional ones carry."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, ModelError
from engine.studio.journey.burn import read_bars
from engine.studio.journey.drawing import info_of
from engine.studio.journey.pair import Pair, open_pair
from engine.studio.journey.sample import Wanted, places, sample
from engine.studio.journey.snapshots import names_of, snapshots_of
from tests.engine.studio.journey.small import left_over, model_of, pictures

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {
        "plain": model_of(folder, "plain"), "classes": model_of(folder, "classes", classes=5),
        "biggan": model_of(folder, "biggan", architecture="biggan", classes=4),
    }  # fmt: skip


def drawn(folder: Path, model: str, count: int = 6, **more: object) -> Pair:
    """A pair without a proxy."""
    return sample(replace(Wanted((model,), folder / "a", count, proxy=False), **more))  # type: ignore[arg-type]


def test_samples_are_one_stream_of_the_seed(tmp_path: Path) -> None:
    pair = drawn(tmp_path, "tulip", 70, seed=3)
    assert (pair.rows == np.random.RandomState(3).randn(70, 512).astype(np.float32)).all()
    assert pair.rows.dtype == np.float32 and pair.facts.seed == 3
    assert Path(tmp_path / "a.npy").is_file() and not (tmp_path / "a.mp4").exists() and left_over(tmp_path) == []


@given(st.integers(1, 150), st.integers(0, 2**32 - 1))
def test_the_first_of_many_are_the_few(count: int, seed: int) -> None:
    info = info_of("tulip")
    few, many = (
        np.concatenate([z for z, _ in places(info, Wanted(("tulip",), Path("a"), n, seed=seed))]) for n in (count, 200)
    )
    assert (few == many[:count]).all()


def test_held_samples_are_repeated_rows(tmp_path: Path) -> None:
    pair = drawn(tmp_path, "tulip", 3, hold=4, fps=Fraction(30))
    assert len(pair) == 12 and (pair.rows[::4] == drawn(tmp_path, "tulip", 3).rows).all()
    assert (pair.rows[1::4] == pair.rows[::4]).all() and (pair.rows[3::4] == pair.rows[::4]).all()


def test_w_is_what_z_is_mapped_to(tmp_path: Path, models: dict[str, str]) -> None:
    pair = drawn(tmp_path, models["plain"], 5, space="w")
    info = info_of(models["plain"])
    assert pair.space == "w" and pair.rows.shape == (5, info.num_ws, info.w_dim)
    assert pair.facts.psi == 1.0


def test_conditional_samples_are_of_a_random_class_each_in_the_same_z(tmp_path: Path, models: dict[str, str]) -> None:
    pair = drawn(tmp_path, models["classes"], 60)
    assert pair.classes is not None and (pair.classes.sum(1) == 1).all() and (pair.classes.max(1) == 1).all()
    assert set(pair.classes.argmax(1)) == set(range(5))
    one = drawn(tmp_path, models["classes"], 60, class_=2)
    assert one.classes is not None and (one.classes.argmax(1) == 2).all() and (one.rows == pair.rows).all()
    turns = drawn(tmp_path, models["classes"], 12, all_classes=True, hold=2)
    assert turns.classes is not None and turns.classes.argmax(1)[::2].tolist() == [n % 5 for n in range(12)]


def test_biggan_is_cut_off_at_two_and_made_shorter_by_psi(tmp_path: Path, models: dict[str, str]) -> None:
    pair = drawn(tmp_path, models["biggan"], 200)
    assert 1.9 < np.abs(pair.rows).max() <= 2.0
    half = drawn(tmp_path, models["biggan"], 200, psi=0.5)
    assert np.allclose(half.rows, np.array(pair.rows) / 2)


def test_a_second_sample_of_the_same_name_replaces_the_first(tmp_path: Path, models: dict[str, str]) -> None:
    drawn(tmp_path, models["classes"])
    drawn(tmp_path, models["plain"], 3)
    assert len(open_pair(tmp_path / "a")) == 3 and open_pair(tmp_path / "a").classes is None


def test_what_cannot_be_sampled_is_said(tmp_path: Path, models: dict[str, str]) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"count": 10**7}, "frames in all"), ({"psi": 3.0}, "--psi"), ({"class_": 1}, "no classes"),
        ({"all_classes": True}, "no classes"), ({"hold": 0}, "frames"),
    ]  # fmt: skip
    for more, said in cases:
        with pytest.raises(InputError, match=said):
            drawn(tmp_path, "tulip", **more)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="classes 0 to 4"):
        drawn(tmp_path, models["classes"], class_=5)
    with pytest.raises(ModelError, match="another shape"):
        sample(Wanted((models["plain"], models["classes"]), tmp_path / "a", 3))
    assert list(tmp_path.iterdir()) == []


def test_snapshots_are_found_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10", "9", "100", "b2", "b10"):
        (tmp_path / f"{name}.safetensors").touch()
    (tmp_path / "grid.png").touch()
    found = snapshots_of([str(tmp_path)])
    assert names_of(found) == ("9", "10", "100", "b2", "b10")
    assert snapshots_of(["tulip", *found[:1]]) == ("tulip", found[0])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="without models"):
        snapshots_of([str(tmp_path / "empty")])


def test_the_command_writes_a_pair_and_its_proxy(tmp_path: Path, run: Run) -> None:
    out = str(tmp_path / "first")
    asked = ["journey", "sample", "--model", "tulip", "--frames", "4", "--hold", "2", "--size", "64x64", "-o", out]
    code, said, _ = run(*asked, "--fps", "29.97", "--burn", "bars")
    assert code == 0 and "8 frames at 29.97" in said
    pair = open_pair(tmp_path / "first")
    assert pair.facts.fps == Fraction(30000, 1001) and pair.facts.model == "tulip" and pair.proxy is not None
    assert [read_bars(picture) for picture in pictures(pair.proxy)] == list(range(8))


def test_the_command_says_what_is_missing_or_wrong(tmp_path: Path, run: Run) -> None:
    out = str(tmp_path / "a")
    for asked, said in (
        ([], "nothing to sample"), (["--model", "tulip", "--fps", "fast"], "--fps fast"),
        (["--model", "tulip", "--burn", "lable"], 'did you mean "label"'), (["--model", "tulip", "--space", "x"], "z or w"),
    ):  # fmt: skip
        code, _, err = run("journey", "sample", "--frames", "2", "-o", out, *asked)
        assert code == 2 and said in err
    assert list(tmp_path.iterdir()) == []
