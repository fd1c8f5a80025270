"""Laws of films: every frame once and in its place, the same bytes whoever draws them, and on after a kill."""

import json
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from engine.errors import InputError, ModelError
from engine.studio.farm import Workers
from engine.studio.journey import film as module
from engine.studio.journey.beside import Beside
from engine.studio.journey.burn import read_bars
from engine.studio.journey.drawing import Drawing, Look
from engine.studio.journey.film import Style, film, proxy_of
from engine.studio.journey.pair import Facts, Pair, PairWriter, kdenlive_digest, open_pair
from engine.studio.journey.rates import Rated, frames_at
from engine.studio.learn.work import Stopped
from tests.engine.studio.journey.small import LOOK, left_over, model_of, pair_of, pictures

RATES = [Fraction(25), Fraction(30000, 1001), Fraction(24), Fraction(60), Fraction(25, 2)]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few frames."""
    monkeypatch.setattr(module, "FRAMES", 5)
    monkeypatch.setattr(module, "LEAST_FRAMES", 5)


@pytest.mark.parametrize("fps", RATES)
def test_a_proxy_has_each_frame_once_as_a_key_frame_at_a_constant_rate(fps: Fraction, tmp_path: Path) -> None:
    pair = proxy_of(pair_of(tmp_path, 13, fps=fps), LOOK, "bars")
    assert pair.proxy is not None
    with av.open(str(pair.proxy)) as file:
        stream = file.streams.video[0]
        packets = [packet for packet in file.demux(stream) if packet.size]
        assert [packet.is_keyframe for packet in packets] == [True] * 13
        assert [packet.pts * packet.time_base * fps for packet in packets] == list(range(13))
        assert stream.average_rate == fps and stream.frames == 13
        assert stream.duration * stream.time_base == 13 / fps
        assert stream.codec_context.pix_fmt == "yuv420p" and not stream.codec_context.has_b_frames
    assert [read_bars(picture) for picture in pictures(pair.proxy)] == list(range(13))
    head = pair.proxy.read_bytes()
    assert head.find(b"moov") < head.find(b"mdat")
    assert left_over(tmp_path) == []


def test_a_pair_knows_its_proxy(tmp_path: Path) -> None:
    pair = proxy_of(pair_of(tmp_path), LOOK)
    again = open_pair(tmp_path / "way")
    assert again.facts == pair.facts and again.facts.proxy == "way.mp4"
    assert again.facts.digest == kdenlive_digest(tmp_path / "way.mp4")


def test_the_bytes_are_the_same_each_time_and_whoever_draws_them(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 17)
    alone = film(pair, LOOK, tmp_path / "a.mp4", Style("label", True)).read_bytes()
    assert film(pair, LOOK, tmp_path / "b.mp4", Style("label", True)).read_bytes() == alone
    two = film(pair, LOOK, tmp_path / "c.mp4", Style("label", True), workers=Workers(2))
    assert two.read_bytes() == alone


def test_a_film_looks_as_its_rows_are_drawn(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 11)
    drawing = Drawing(LOOK)
    wanted = drawing.pictures(np.array(pair.rows))
    drawing.close()
    found = np.load(film(pair, LOOK, tmp_path / "film.npy"))
    assert found.shape == (11, 64, 64, 3) and (found == wanted).all()
    for n, shown in enumerate(pictures(film(pair, LOOK, tmp_path / "a.mp4"))):
        far = np.abs(shown.astype(int) - wanted).mean((1, 2, 3))
        assert far.argmin() == n and far[n] < 10.0  # colour has a quarter of the pixels


def test_a_folder_of_pictures_holds_each_frame_under_its_number(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 12)
    array = np.load(film(pair, LOOK, tmp_path / "film.npy"))
    folder = film(pair, LOOK, tmp_path / "stills")
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"{n:06d}.png" for n in range(12)]
    for n, file in enumerate(files):
        with Image.open(file) as image:
            assert (np.asarray(image) == array[n]).all() and image.info["latenz.frame"] == str(n)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_a_final_has_its_sound_cut_to_the_pictures(ending: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", np.sin(np.arange(4 * 44100) / 20) * 0.3, 44100)
    out = film(pair_of(tmp_path, 23), LOOK, tmp_path / f"a{ending}", Style(sound=tmp_path / "song.wav"))
    assert len(pictures(out)) == 23
    with av.open(str(out)) as file:
        heard = sum(frame.samples for frame in file.decode(audio=0)) / 48000
    assert heard == pytest.approx(23 / 25, abs=0.05)


def test_a_film_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 17)
    whole = film(pair, LOOK, tmp_path / "a.mp4").read_bytes()
    asked = iter([False, False])
    with pytest.raises(Stopped):
        film(pair, LOOK, tmp_path / "b.mp4", stop=lambda: next(asked, True))
    kept = sorted((tmp_path / "b.mp4.parts").glob("*.mp4"))
    assert len(kept) == 2 and not (tmp_path / "b.mp4").exists()
    times = [path.stat().st_mtime_ns for path in kept]
    told: list[tuple[str, int, int]] = []

    def tell(what: str, done: int, of: int) -> None:
        told.append((what, done, of))
        assert [path.stat().st_mtime_ns for path in kept] == times

    assert film(pair, LOOK, tmp_path / "b.mp4", tell=tell).read_bytes() == whole
    assert told[0] == ("drawing", 10, 17) and told[-1] == ("drawing", 17, 17)
    assert not (tmp_path / "b.mp4.parts").exists()


def test_chunks_of_rows_that_were_since_changed_are_not_used(tmp_path: Path) -> None:
    asked = iter([False])
    with pytest.raises(Stopped):
        film(pair_of(tmp_path, 11), LOOK, tmp_path / "b.mp4", stop=lambda: next(asked, True))
    other = pair_of(tmp_path, 11, seed=1)
    found = film(other, LOOK, tmp_path / "b.mp4").read_bytes()
    assert found == film(other, LOOK, tmp_path / "c.mp4").read_bytes()


def test_equal_rows_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.repeat(np.random.RandomState(0).randn(3, 512), 4, 0)
    with PairWriter(tmp_path / "held", (512,), 12, Facts(model="tulip")) as writer:
        writer.write(z)
        pair = writer.close()
    drawing = Drawing(LOOK)
    seen = list(drawing.each(np.array(pair.rows)))
    drawing.close()
    assert len({id(picture) for picture in seen}) == 3
    found = np.load(film(pair, LOOK, tmp_path / "film.npy"))
    assert (found == np.array(seen)).all()


def test_another_rate_lasts_as_long_and_keeps_the_frames_that_both_have(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 20)
    once = np.load(film(pair, LOOK, tmp_path / "film.npy"))
    twice = np.load(film(pair, LOOK, tmp_path / "b.npy", Style(fps=Fraction(50))))
    assert len(twice) == 40 and (twice[::2] == once).all()
    assert (twice[1:-1:2] != once[:-1]).any((1, 2, 3)).all()


def test_latents_between_frames_keep_their_length_and_still_ones_their_bits(tmp_path: Path) -> None:
    numbers = np.random.RandomState(0)
    z = numbers.randn(512) + 0.2 * numbers.randn(6, 512)
    z[3] = z[2]
    with PairWriter(tmp_path / "a", (512,), 6, Facts()) as writer:
        writer.write(z)
        pair = writer.close()
    rated = Rated(pair.path, None, Fraction(25), Fraction(75))
    rows = np.concatenate([rows for rows, _ in rated.blocks(0, rated.frames)])
    assert (rows[::3] == pair.rows).all() and (rows[6:10] == pair.rows[2]).all()
    assert (rows[1] != rows[0]).any() and (rows[1] != rows[2]).any()
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths.min() >= 0.999 * np.linalg.norm(z, axis=1).min()
    assert lengths.max() <= 1.001 * np.linalg.norm(z, axis=1).max()


def test_before_a_cut_the_frame_before_it_stays(tmp_path: Path) -> None:
    with PairWriter(tmp_path / "a", (512,), 4, Facts()) as writer:
        writer.write(np.random.RandomState(0).randn(4, 512))
        pair = writer.close()
    rated = Rated(pair.path, None, Fraction(25), Fraction(50))
    rows = np.concatenate([rows for rows, _ in rated.blocks(0, 8)])
    assert (rows == np.repeat(pair.rows, 2, 0)).all()


def test_any_part_of_a_sequence_is_that_part_of_the_whole(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 20)
    rated = Rated(pair.path, None, Fraction(25), Fraction(60))
    whole = np.concatenate([rows for rows, _ in rated.blocks(0, rated.frames)])
    assert len(whole) == frames_at(20, Fraction(25), Fraction(60)) == 48
    for first, last in ((0, 1), (5, 23), (30, 48)):
        part = np.concatenate([rows for rows, _ in rated.blocks(first, last)])
        assert (part == whole[first:last]).all()


def test_class_weights_go_along(tmp_path: Path) -> None:
    model = model_of(tmp_path, "m", classes=3)
    weights = np.eye(3)[[0, 1, 2, 2]]
    with PairWriter(tmp_path / "a", (16,), 4, Facts(model=model), classes=3) as writer:
        writer.write(np.tile(np.random.RandomState(0).randn(1, 16), (4, 1)), weights)
        pair = writer.close()
    found = np.load(film(pair, Look(model), tmp_path / "film.npy"))
    assert (found[0] != found[1]).any() and (found[1] != found[2]).any() and (found[2] == found[3]).all()
    rated = Rated(pair.path, tmp_path / "a.classes.npy", Fraction(25), Fraction(50))
    mixed = np.concatenate([classes for _, classes in rated.blocks(0, 8) if classes is not None])
    assert np.allclose(mixed.sum(1), 1.0) and np.allclose(mixed[1], [0.5, 0.5, 0.0])


def test_w_is_drawn_as_it_is(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 6)
    drawing = Drawing(LOOK)
    w = drawing.w(np.array(pair.rows), psi=1.0)
    drawing.close()
    with PairWriter(tmp_path / "w", w.shape[1:], 6, Facts(model="tulip")) as writer:
        writer.write(w)
        same = writer.close()
    a, b = (np.load(film(p, LOOK, tmp_path / "x.npy")) for p in (pair, same))
    assert np.abs(a.astype(int) - b).max() <= 1


def test_a_model_of_one_size_is_scaled(tmp_path: Path) -> None:
    model = model_of(tmp_path, "m", architecture="biggan", classes=4)
    with PairWriter(tmp_path / "a", (8,), 2, Facts(model=model), classes=4) as writer:
        writer.write(np.random.RandomState(0).randn(2, 8), np.eye(4)[:2])
        pair = writer.close()
    assert np.load(film(pair, Look(model, (96, 64)), tmp_path / "film.npy")).shape == (2, 64, 96, 3)


def test_what_cannot_be_done_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    pair = pair_of(tmp_path)
    (tmp_path / "file").write_text("x")
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: proxy_of(pair, replace(LOOK, size=(65, 64))), "even numbers"),
        (lambda: film(pair, LOOK, tmp_path / "a.gif"), "cannot write .gif"),
        (lambda: film(pair, LOOK, Path()), "no name of a film"),
        (lambda: film(pair, LOOK, tmp_path / ".."), "no name of a film"),
        (lambda: film(pair, LOOK, tmp_path / "no" / "a.mp4"), "no folder"),
        (lambda: film(pair, LOOK, tmp_path / "film.npy", Style(sound=tmp_path / "file")), "has no sound"),
        (lambda: film(pair, LOOK, tmp_path / "a.mp4", Style(sound=tmp_path / "none.wav")), "no such file"),
        (lambda: film(pair, LOOK, tmp_path / "a.mp4", Style(sound=tmp_path / "file")), "not a sound file"),
        (lambda: film(pair, LOOK, tmp_path / "way.npy"), "is the sequence itself"),
        (lambda: film(pair, replace(LOOK, class_=1), tmp_path / "a.mp4"), "no classes"),
    ]
    for call, said in cases:
        with pytest.raises(InputError, match=said):
            call()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "way.json", "way.npy"]


def test_a_strangers_folder_in_the_place_of_chunks_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a.mp4.parts"
    folder.mkdir()
    (folder / "diary.txt").write_text("dear", "utf-8")
    with pytest.raises(InputError, match="holds other files"):
        film(pair_of(tmp_path), LOOK, tmp_path / "a.mp4")
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]


def test_rows_of_another_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="draws"):
        film(pair_of(tmp_path), Look(model_of(tmp_path, "m")), tmp_path / "a.mp4")


def test_work_beside_keeps_its_order_and_tells_what_went_wrong() -> None:
    done: list[int] = []
    beside = Beside(done.append, ahead=2)
    for n in range(50):
        beside.put(n)
    beside.close()
    assert done == list(range(50))

    def broken(n: int) -> None:
        raise ValueError(n)

    beside = Beside(broken, ahead=2)
    with pytest.raises(ValueError, match="0"):
        for n in range(50):
            beside.put(n)
    with pytest.raises(ValueError, match="0"):
        beside.close()
    assert not any(thread.name == "beside" for thread in threading.enumerate())


@pytest.mark.real
def test_ffprobe_sees_a_constant_rate_and_the_exact_length(
    tmp_path: Path, program: Callable[[str], str]
) -> None:  # fmt: skip
    pair = proxy_of(pair_of(tmp_path, 13, fps=Fraction(30000, 1001)), LOOK)
    said = subprocess.run(
        [program("ffprobe"), "-v", "error", "-count_packets", "-show_streams", "-of", "json", str(pair.proxy)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    stream = json.loads(said)["streams"][0]
    assert stream["r_frame_rate"] == stream["avg_frame_rate"] == "30000/1001"
    assert stream["nb_frames"] == stream["nb_read_packets"] == "13" and float(stream["start_time"]) == 0.0


def test_a_pair_of_snapshots_has_a_grid_for_a_proxy(tmp_path: Path) -> None:
    models = tuple(model_of(tmp_path, f"m{n}", seed=n) for n in range(3))
    facts = Facts(model=models[0], snapshots=models)
    with PairWriter(tmp_path / "a", (16,), 3, facts) as writer:
        writer.write(np.random.RandomState(0).randn(3, 16))
        pair: Pair = writer.close()
    shown = pictures(proxy_of(pair, Look(models[0], (192, 64)), "none").path.with_suffix(".mp4"))
    assert len(shown) == 3 and shown[0].shape == (64, 192, 3)
    cells = [shown[0][20:, 64 * n : 64 * (n + 1)] for n in range(3)]
    assert all(np.abs(cells[0].astype(int) - cell).mean() > 5 for cell in cells[1:])
