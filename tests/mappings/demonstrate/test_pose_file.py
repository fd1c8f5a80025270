"""Poses and their file: what is written is read again, and what is broken is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.demonstrate import Poses
from mappings.demonstrate.pose_file import FILE_BYTES, dump, lines, load, parse
from mappings.demonstrate.poses import BOUND, POSES
from mappings.errors import PosesError

addresses = st.sampled_from([f"/s/{name}" for name in "abcd"])
numbers = st.floats(-1e13, 1e13)


@st.composite
def taught(draw: st.DrawFn) -> Poses:
    poses = Poses()
    for _ in range(draw(st.integers(0, 6))):
        signals = draw(st.dictionaries(addresses, numbers, min_size=1))
        controls = draw(st.dictionaries(st.sampled_from(["/c/x", "/c/y", "/c/z"]), numbers, min_size=1))
        poses = poses.added(signals, controls, {a: (v - 1.0, v + 1.0) for a, v in signals.items()})
    return poses


def same(a: Poses, b: Poses) -> bool:
    """Bit for bit, not-a-number being itself."""
    pairs = ((a.x, b.x), (a.y, b.y), (a.seen, b.seen))
    return (a.signals, a.controls) == (b.signals, b.controls) and all(np.array_equal(*p, equal_nan=True) for p in pairs)


def three() -> Poses:
    poses = Poses()
    for i in range(3):
        poses = poses.added({"/osc/x": i / 3, "/osc/y": 0.5}, {"/direction/bloom": float(i)}, {"/osc/x": (0.0, 1.0)})
    return poses


@given(taught())
def test_what_is_written_is_read_again_bit_for_bit(poses: Poses) -> None:
    data = json.loads("".join(lines(poses)))
    assert same(parse(data, "x"), poses) and same(parse(dump(poses), "x"), poses)


@given(taught())
def test_a_pose_knows_only_what_there_was(poses: Poses) -> None:
    more = poses.added({"/s/new": 1.5}, {"/c/new": 2.5}, {})
    assert len(more) == len(poses) + 1
    assert more.x[-1, more.signals.index("/s/new")] == 1.5 and more.y[-1, more.controls.index("/c/new")] == 2.5
    assert np.isnan(more.x[:-1, more.signals.index("/s/new")]).all()
    assert same(more.without_last().without_last(), more.without_last()) == (len(poses) == 0)


@given(taught())
def test_what_a_signal_has_been_includes_every_pose(poses: Poses) -> None:
    known = parse(dump(poses), "x")
    if len(known):
        low, high = np.nanmin(known.x, 0), np.nanmax(known.x, 0)
        assert (known.seen[:, 0] <= low).all() and (known.seen[:, 1] >= high).all()


def test_the_file_has_a_pose_a_line(tmp_path: Path) -> None:
    path = tmp_path / "poses.json"
    path.write_text("".join(lines(three())), "utf-8")
    assert path.read_text("utf-8").splitlines()[3] == '{"signals": [0.0, 0.5], "controls": [0.0]},'
    assert same(load(path), three())


def broken(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "poses.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PosesError) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(str(path)) and len(said) < 500
    return said.removeprefix(str(path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"poses", "version"', '"take", "version"', "not a file of poses"),
        ('"version": 1', '"version": 2', "version 2; 1 is allowed: a newer latenz wrote it"),
        ('"version": 1', '"version": true', "version True"),
        ('"/osc/y"]', '"/osc/x"]', '"/osc/x" stands there twice'),
        ('"/osc/y"]', '"osc"]', "'osc'; an address such as"),
        ('"/osc/y"]', "7]", "'7'; an address such as"),
        ("[0.666666667, 0.5]", "[0.666666667]", ":6: pose 3: 1 signals; 2 are named above"),
        ("[0.666666667, 0.5]", '[0.666666667, "x"]', ":6: pose 3: signals[1] is 'x'; a number within"),
        ("[0.666666667, 0.5]", "[0.666666667, true]", ":6: pose 3: signals[1] is 'True'"),
        ("[0.333333333, 0.5]", "[1e13, 0.5]", ":5: pose 2: signals[0] is"),
        ("[0.333333333, 0.5]", "[NaN, 0.5]", "NaN is no number that can be learned from"),
        ("[0.333333333, 0.5]", "[Infinity, 0.5]", "Infinity is no number"),
        ('"controls": [2.0]', '"controls": {}', ":6: pose 3: no list of controls; 1 are named above"),
        ("[0.0, 1.0]", "[1.0, 0.0]", "seen[0] is [1.0, 0.0]; [least, greatest] is allowed"),
        ("[[0.0, 1.0], [0.5, 0.5]]", "[]", '"seen" must hold'),
    ],
)
def test_a_wrong_file_is_refused_by_name(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = "".join(lines(three()))
    assert old in text
    assert said in broken(tmp_path, text.replace(old, new))


def test_a_file_cut_off_says_where(tmp_path: Path) -> None:
    text = "".join(lines(three()))
    said = broken(tmp_path, text[: text.index("0.666666667")])
    assert said.startswith(":6: not JSON") and "it was cut off" in said and "move it away" in said


@given(at=st.integers(0, 400), byte=st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_read_or_refused(at: int, byte: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = "".join(lines(three())).encode()
    path = tmp_path_factory.mktemp("damaged") / "poses.json"
    path.write_bytes(whole[:at] + byte + whole[at + 1 :])
    try:
        poses = load(path)
    except PosesError as error:
        assert str(path) in str(error)
    else:
        assert not np.isinf(poses.x).any() and np.nanmax(np.abs(poses.x), initial=0) <= BOUND


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100000,
        '{"latenz": "poses"}',
        '{"latenz":"poses","version":1,"signals":[]}',
        b"\xff\xfe",
        "9" * 9000,
    ],
)
def test_what_is_no_file_of_poses_is_refused(text: str | bytes, tmp_path: Path) -> None:
    broken(tmp_path, text)


def test_too_large_and_too_many_are_refused(tmp_path: Path) -> None:
    assert f"{FILE_BYTES} are allowed" in broken(tmp_path, b" " * (FILE_BYTES + 1))
    data = dump(three())
    data["poses"] = data["poses"][:1] * (POSES + 1)
    assert f"at most {POSES}" in broken(tmp_path, json.dumps(data))
    data["signals"] = [f"/s/{i}" for i in range(300)]
    assert "at most 256" in broken(tmp_path, json.dumps(data))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PosesError, match="cannot be read"):
        load(tmp_path / "none.json")


def test_a_file_that_somebody_laid_out_anew_still_names_lines(tmp_path: Path) -> None:
    data = dump(three())
    data["poses"][1]["controls"] = []
    assert "pose 2" in broken(tmp_path, json.dumps(data, indent=1))
    assert ":1: pose 2" in broken(tmp_path, json.dumps(data))
