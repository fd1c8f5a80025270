"""Laws of pairs: what replaces what, where their models are found again, and what a full disk says."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, ModelError
from engine.latent.sequence_file import Facts
from engine.studio.journey.drawing import info_of
from engine.studio.journey.moved import check_model
from engine.studio.journey.pair import Pair, PairWriter, check_place, named, open_pair
from tests.engine.studio.journey.made import write_pair, write_proxied, write_video
from tests.engine.studio.journey.small import left_over, model_of

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("name", ["", ".", "..", "/"])
def test_what_is_no_name_is_said(name: str) -> None:
    with pytest.raises(InputError, match="no name of a sequence; give one"):
        named(Path(name))


@pytest.mark.parametrize("name", ["a.b", "a b", "blüte", "a.b.npy", "a.b.mp4", "a.classes"])
def test_names_may_have_dots_and_spaces(tmp_path: Path, name: str) -> None:
    pair = write_pair(tmp_path / name, 4, classes=3)
    stem = name.removesuffix(".npy").removesuffix(".mp4")
    assert {path.name for path in tmp_path.iterdir()} == {f"{stem}.npy", f"{stem}.json", f"{stem}.classes.npy"}
    for given in (stem, f"{stem}.npy", f"{stem}.mp4", f"{stem}.json"):
        assert np.array_equal(open_pair(tmp_path / given).rows, pair.rows)


def test_the_proxy_of_a_sequence_that_is_replaced_goes_with_it(tmp_path: Path) -> None:
    write_proxied(tmp_path / "a", 6)
    assert write_pair(tmp_path / "a", 9).proxy is None
    assert not (tmp_path / "a.mp4").exists()


def test_a_video_that_is_no_proxy_is_not_taken_for_one(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 6)
    with pytest.raises(InputError, match=r"a\.mp4: there already, and no proxy.*move it, give another name"):
        write_pair(tmp_path / "a", 6)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert check_place(tmp_path / "a", proxy=True) == tmp_path / "a.mp4"


def test_a_sequence_is_not_replaced_by_what_is_made_of_it(tmp_path: Path) -> None:
    source = write_pair(tmp_path / "a", 6).path
    with pytest.raises(InputError, match="give another name"):
        check_place(tmp_path / "a", [source.with_suffix(".json")])


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    count, width = 5_000_000, free // (5_000_000 * 4) + 1000
    with pytest.raises(InputError, match="no room for .* MB"):
        PairWriter(tmp_path / "a", (width,), count, Facts())
    assert left_over(tmp_path) == [] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["rows", "classes"])
def test_the_frame_that_cannot_be_drawn_is_named(tmp_path: Path, part: str) -> None:
    pair = write_pair(tmp_path / "a", 2000, classes=3)
    assert pair.check_finite() is pair
    path = tmp_path / ("a.npy" if part == "rows" else "a.classes.npy")
    rows = np.load(path)
    rows[1500, 2] = np.nan
    np.save(path, rows)
    with pytest.raises(InputError, match="frame 1500 holds numbers that are not finite"):
        open_pair(tmp_path / "a").check_finite()


@pytest.mark.parametrize(
    "asked",
    [
        ("render", "a", "-o", "out.mp4"), ("layers", "a", "-o", "out"), ("smooth", "a", "--leg-s", "0.2", "-o", "out"),
        ("explore", "a", "--around", "1", "-o", "out"), ("grid", "a", "--snapshots", "tulip", "-o", "out.png"),
    ],
)  # fmt: skip
def test_nothing_is_made_of_numbers_that_are_not_finite(tmp_path: Path, run: Run, asked: tuple[str, ...]) -> None:
    write_pair(tmp_path / "a", 3, (512,), Facts(model="tulip"))
    np.save(tmp_path / "a.npy", np.full((3, 512), np.inf, np.float32))
    status, _, told = run("journey", *asked, "--size", "64x64")
    assert status == 2 and "frame 0 holds numbers that are not finite" in told
    assert {path.name for path in tmp_path.iterdir()} == {"a.npy", "a.json"}


def test_lost_class_weights_are_said(tmp_path: Path, run: Run) -> None:
    model = model_of(tmp_path, "m", classes=3)
    info = info_of(model)
    write_pair(tmp_path / "a", 3, (info.z_dim,), Facts(model=model, model_hash=info.hash), classes=3)
    (tmp_path / "a.classes.npy").unlink()
    status, _, told = run("journey", "render", "a", "-o", "out.npy")
    assert status == 2 and "a.classes.npy, which its model draws it with, is missing" in told
    assert run("journey", "render", "a", "-o", "out.npy", "--class", 1)[0] == 0


def moved(folder: Path, name: str = "m", snapshots: int = 0) -> tuple[Path, Path]:
    """A pair and its models, made in one folder and moved to another: where both were, and where both are."""
    was, now = folder / "was", folder / "now"
    (was / "grown").mkdir(parents=True)
    model = model_of(was, name)
    more = tuple(model_of(was / "grown", f"k{i}", seed=i) for i in range(snapshots))
    info = info_of(model)
    write_pair(was / "a", 3, (info.z_dim,), Facts(model=model, model_hash=info.hash, snapshots=more))
    was.rename(now)
    return was, now


def model_in(pair: Pair) -> Path:
    check_model(pair.facts, pair.path)
    return Path(pair.facts.model)


def test_a_pair_finds_its_model_beside_it_wherever_both_are(tmp_path: Path) -> None:
    was, now = moved(tmp_path, snapshots=2)
    assert not was.exists()
    pair = open_pair(now / "a")
    assert model_in(pair) == now / "m.safetensors"
    assert [Path(name) for name in pair.facts.snapshots] == [now / "grown" / f"k{i}.safetensors" for i in range(2)]


def test_a_model_that_was_renamed_is_known_by_its_hash(tmp_path: Path) -> None:
    _, now = moved(tmp_path)
    model_of(now, "another", seed=7)
    (now / "no.safetensors").write_bytes(b"nothing")
    (now / "m.safetensors").rename(now / "other name.safetensors")
    assert model_in(open_pair(now / "a")) == now / "other name.safetensors"


def test_a_model_that_is_nowhere_or_another_is_said(tmp_path: Path) -> None:
    _, now = moved(tmp_path)
    (now / "m.safetensors").unlink()
    with pytest.raises(ModelError, match="neither there nor beside the sequence; put it beside, or give --model M"):
        model_in(open_pair(now / "a"))
    model_of(now, "m", seed=5)  # of the same name, and another
    with pytest.raises(ModelError, match="neither there nor beside"):
        model_in(open_pair(now / "a"))
    pair = open_pair(now / "a")
    there = replace(pair.facts, model=str(now / "m.safetensors"))
    with pytest.raises(ModelError, match=r"not the model that it was made with.*--model .*m\.safetensors"):
        check_model(there, pair.path)


def test_a_moved_pair_is_rendered_and_smoothed_from_the_command_line(tmp_path: Path, run: Run) -> None:
    moved(tmp_path)
    assert run("journey", "render", "now/a", "-o", "film.npy")[0] == 0
    (tmp_path / "now/m.safetensors").unlink()
    status, _, told = run("journey", "render", "now/a", "-o", "film.npy")
    assert status == 2 and "neither there nor beside" in told and "Traceback" not in told
    assert run("journey", "smooth", "now/a", "--leg-s", "0.2", "--no-proxy", "-o", "b")[0] == 0
    assert open_pair(tmp_path / "b").facts.model_hash == open_pair(tmp_path / "now/a").facts.model_hash


@pytest.mark.parametrize(
    "asked",
    [("--size", "65x64"), ("--psi", "9"), ("--psi", "nan"), ("--device", "foo"), ("--class", "3"), ("-o", "a"), ("-o", "")],
)  # fmt: skip
@pytest.mark.parametrize("verb", [("explore", "--around", "1", "--count", "2"), ("smooth", "--leg-s", "0.2")])
def test_what_cannot_be_is_said_before_anything_is_written(
    tmp_path: Path, run: Run, verb: tuple[str, ...], asked: tuple[str, str]
) -> None:
    write_pair(tmp_path / "a", 3, (512,), Facts(model="tulip"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    status, _, told = run("journey", verb[0], "a", *verb[1:], "--size", "64x64", "-o", "out", *asked)
    assert status == 2 and "Traceback" not in told and len(told.strip().splitlines()) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--size", "65x64"), "even numbers"), (("--audio", "none.wav"), "no such file"),
        (("--audio", "bad.wav"), "not a sound file"),
    ],
)  # fmt: skip
def test_a_proxy_that_cannot_be_is_said_before_a_sample_is_written(
    tmp_path: Path, run: Run, asked: tuple[str, str], said: str
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    status, _, told = run("journey", "sample", "--model", "tulip", "--frames", 3, "--size", "64x64", "-o", "a", *asked)
    assert status == 2 and said in told
    assert [path.name for path in tmp_path.iterdir()] == ["bad.wav"]
