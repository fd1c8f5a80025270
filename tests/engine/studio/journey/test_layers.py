"""Time paintings: what is laid over what, and where a still says that it is."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InputError
from engine.stage.outputs.picture import read_latent, read_text
from engine.studio.farm import Workers
from engine.studio.journey.drawing import Look
from engine.studio.journey.exposure import WAYS, Exposure, Way, srgb
from engine.studio.journey.layers import Layering, Walk, along, layers, walks_of
from engine.studio.journey.pair import Facts, Pair, PairWriter, write_facts
from engine.studio.learn.work import Stopped
from engine.studio.pace import between
from engine.studio.still import Still, still

LOOK = Look("tulip", (64, 64))


def walk(path: Path, frames: int = 12, seed: int = 1, share: float = 0.3) -> Pair:
    """A short way from one place towards another."""
    keys = np.random.RandomState(seed).randn(2, 512)
    with PairWriter(path, (512,), frames, Facts(Fraction(25), "tulip")) as writer:
        writer.write(between(keys, np.linspace(0.0, share, frames)).astype(np.float32))
        return writer.close()


def exposed(way: Way, pictures: list[np.ndarray]) -> np.ndarray:
    exposure = Exposure(way, len(pictures))
    for picture in pictures:
        exposure.add(picture)
    return exposure.picture()


@pytest.mark.parametrize("way", WAYS)
@given(seed=st.integers(0, 2**31))
def test_what_stands_still_stays_as_it_is(way: Way, seed: int) -> None:
    picture = np.random.RandomState(seed).randint(0, 256, (4, 5, 3)).astype(np.uint8)
    assert np.array_equal(exposed(way, [picture] * 5), picture)


@given(st.integers(0, 2**31), st.integers(1, 4))
def test_a_painting_lies_between_its_darkest_and_lightest_frames(seed: int, half: int) -> None:
    frames = list(np.random.RandomState(seed).randint(0, 256, (2 * half + 1, 4, 6, 3)).astype(np.uint8))
    for way in WAYS:
        found = exposed(way, frames)
        assert (found >= np.min(frames, 0)).all() and (found <= np.max(frames, 0)).all()


def test_the_mean_is_of_light_and_not_of_its_bytes() -> None:
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    middle = exposed("mean", [black, white, black])  # the middle weighs as much as both others
    assert middle[0, 0, 0] == srgb(np.array([0.5]))[0] == 188


def test_light_wins_in_light_and_dark_in_dark() -> None:
    dim, bright = np.full((1, 1, 3), 60, np.uint8), np.full((1, 1, 3), 160, np.uint8)
    found = {way: exposed(way, [dim, bright, dim, bright, dim])[0, 0, 0] for way in WAYS}
    assert 60 < found["dark"] < found["mean"] < found["veils"] < found["light"] < 160
    assert found["dark"] < 80 and found["light"] > 140


def test_each_column_of_a_slit_is_another_time() -> None:
    frames = [np.full((2, 5, 3), 50 * i, np.uint8) for i in range(5)]
    assert exposed("slit", frames)[0, :, 0].tolist() == [0, 50, 100, 150, 200]


@given(st.lists(st.integers(2, 90), min_size=1, max_size=4), st.sampled_from([0, 2, 3, 7, 30]))
def test_walks_hold_every_frame_once(lengths: list[int], frames: int) -> None:
    walks = walks_of(lengths, frames)
    for number, length in enumerate(lengths):
        own = [w for w in walks if w.pair == number]
        assert own[0].first == 0 and own[-1].last == length
        assert all(a.last == b.first for a, b in zip(own, own[1:], strict=False))
        assert all(w.last - w.first >= 2 for w in own)
        if frames:
            assert all(w.last - w.first == frames for w in own[:-1])
            assert own[-1].last - own[-1].first <= max(1.5 * frames, frames + 1)


def test_rows_along_a_walk_are_its_frames_where_they_fall_there(tmp_path: Path) -> None:
    pair = walk(tmp_path / "way")
    rows, classes = along(pair, Walk(0, 2, 7), 9)
    assert classes is None and rows.shape == (9, 512)
    assert np.allclose(rows[::2], pair.rows[2:7], atol=1e-6)
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths.min() > 0.99 * np.linalg.norm(pair.rows[2:7], axis=1).min()  # on the shell, not through the middle


def test_a_still_keeps_the_latent_of_its_middle(tmp_path: Path) -> None:
    pair = walk(tmp_path / "way", 11)
    out = tmp_path / "painting.png"
    assert layers([pair], LOOK, out) == [out]
    notes = read_text(out)
    assert notes["latenz.space"] == "z" and notes["latenz.layers"] == "veils of 9, frames 0 to 10 of way"
    latent = read_latent(notes["latenz.latent"])
    assert np.allclose(latent, pair.rows[5], atol=1e-6)
    np.save(tmp_path / "z.npy", latent)
    still(Still("tulip", tmp_path / "middle.png", z=tmp_path / "z.npy", size=(64, 64)))
    assert read_text(tmp_path / "middle.png")["latenz.model_hash"] == notes["latenz.model_hash"]


def test_a_walk_that_stands_still_paints_that_still(tmp_path: Path) -> None:
    row = np.random.RandomState(3).randn(1, 512).astype(np.float32)
    with PairWriter(tmp_path / "held", (512,), 4, Facts(model="tulip")) as writer:
        writer.write(np.repeat(row, 4, 0))
        pair = writer.close()
    layers([pair], LOOK, tmp_path / "painting.png", Layering("bloom", count=5))
    np.save(tmp_path / "z.npy", row)
    still(Still("tulip", tmp_path / "still.png", z=tmp_path / "z.npy", size=(64, 64)))
    with Image.open(tmp_path / "painting.png") as a, Image.open(tmp_path / "still.png") as b:
        assert np.abs(np.asarray(a).astype(int) - np.asarray(b.convert("RGB"))).max() <= 1


def test_two_processes_paint_the_stills_of_one(tmp_path: Path) -> None:
    pairs = [walk(tmp_path / "a", 12, 1), walk(tmp_path / "b", 9, 2)]
    one = layers(pairs, LOOK, tmp_path / "one", Layering(frames=6))
    two = layers(pairs, LOOK, tmp_path / "two", Layering(frames=6), workers=Workers(2))
    assert [path.name for path in one] == ["sheet.png", "01_a_0.png", "02_a_6.png", "03_b_0.png", "04_b_6.png"]
    assert [a.read_bytes() for a in one] == [b.read_bytes() for b in two]
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]


def test_several_walks_in_one_picture_are_a_sheet(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert layers([walk(tmp_path / "a")], LOOK, out, Layering("mean", 4, 3)) == [out]
    with Image.open(out) as image:
        assert image.width > 2 * 64 and image.height > 64


def test_class_weights_go_along(tmp_path: Path) -> None:
    rows = np.random.RandomState(1).randn(3, 8).astype(np.float32)
    with PairWriter(tmp_path / "way", (8,), 3, Facts(), classes=2) as writer:
        writer.write(rows, np.array([[1, 0], [0.5, 0.5], [0, 1]], np.float32))
        pair = writer.close()
    _, classes = along(pair, Walk(0, 0, 3), 5)
    assert classes is not None and np.allclose(classes[:, 1], [0, 0.25, 0.5, 0.75, 1])


def test_who_stops_goes_on_with_what_is_painted(tmp_path: Path) -> None:
    pair, out = walk(tmp_path / "a", 24), tmp_path / "paintings"
    told: list[int] = []
    with pytest.raises(Stopped):
        layers([pair], LOOK, out, Layering(frames=6), stop=lambda: bool(list(tmp_path.glob("*.parts/0*.png"))))
    layers([pair], LOOK, out, Layering(frames=6), tell=lambda what, done, of: told.append(done))
    assert told[0] == 1 and len(list(out.iterdir())) == 5


@pytest.mark.parametrize(
    ("out", "layering", "said"),
    [
        ("a.jpg", Layering(), "stills are .png"),
        ("gone/a.png", Layering(), "no folder"),
        ("a.png", Layering(frames=1), "two frames or more"),
        ("a.png", Layering(count=4), "an odd number"),
        ("mine", Layering(), "holds other files"),
    ],
)
def test_what_cannot_be_painted_is_said(out: str, layering: Layering, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear", "utf-8")
    pair = walk(tmp_path / "way")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=said):
        layers([pair], LOOK, tmp_path / out, layering)
    with pytest.raises(InputError, match="no name"):
        layers([pair], LOOK, Path())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_strangers_folder_in_the_place_of_chunks_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a.png.parts"
    folder.mkdir()
    (folder / "diary.txt").write_text("dear", "utf-8")
    with pytest.raises(InputError, match="holds other files"):
        layers([walk(tmp_path / "way")], LOOK, tmp_path / "a.png")
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]


def test_a_folder_of_stills_is_replaced_and_one_of_other_pictures_is_not(tmp_path: Path) -> None:
    pair, out = walk(tmp_path / "way"), tmp_path / "paintings"
    layers([pair], LOOK, out, Layering(frames=4, count=3))
    assert len(layers([pair], LOOK, out, Layering(count=3))) == len(list(out.iterdir())) == 2
    (out / "holiday.png").write_bytes((out / "sheet.png").read_bytes())
    with pytest.raises(InputError, match="holds other files"):
        layers([pair], LOOK, out, Layering(count=3))
    assert (out / "holiday.png").is_file()


def test_walks_of_another_psi_are_refused_unless_one_is_given(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    for name, psi in (("a", 1.0), ("b", 0.5)):
        pair = walk(tmp_path / name, 4)
        write_facts(pair.path, replace(pair.facts, psi=psi))
    ask = "journey", "layers", "a", "b", "--count", "3", "--size", "32x32", "-o", "p"
    assert run(*ask)[0] == 2 and "--psi" in run(*ask)[2]
    assert run(*ask, "--psi", "0.7")[0] == 0
