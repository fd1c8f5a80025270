"""Laws of files of pictures: what goes in comes out, at its time and in its colours, twice the same, or not at all."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.stage.outputs.video import SOUND_HZ, VIDEO, open_output

SIZE = (64, 48)
Frame = NDArray[np.uint8]


def ramp(number: int, size: tuple[int, int] = SIZE) -> Frame:
    """A soft picture that differs from its neighbours."""
    y, x = np.mgrid[: size[1], : size[0]]
    frame = np.stack([40 + 2 * x, 60 + 2 * y, np.full_like(x, 20 + 15 * number)], 2)
    return np.clip(frame, 0, 255).astype(np.uint8)


def write(
    path: Path, count: int = 6, fps: float = 30.0, size: tuple[int, int] = SIZE, sound: Path | None = None
) -> Path:
    output = open_output(path, size, fps, count, sound=sound, notes={"latenz.seed": "7"})
    for number in range(count):
        output.write(ramp(number, size))
    output.close()
    assert [p for p in path.parent.iterdir() if "part" in p.name] == []
    return path


def pictures(path: Path) -> list[Frame]:
    """What a player would show: decoded with the colours the file says it has."""
    with av.open(str(path)) as file:
        return [
            frame.reformat(format="rgb24", src_colorspace="ITU709", src_color_range="MPEG").to_ndarray()
            for frame in file.decode(video=0)
        ]


def song(path: Path, seconds: float, channels: int = 1, rate_hz: int = 44_100) -> Path:
    """A tone of 440 Hz, the same in every channel."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    soundfile.write(path, np.tile(0.5 * np.sin(2 * np.pi * 440 * t)[:, None], (1, channels)), rate_hz)
    return path


def heard(path: Path) -> tuple[NDArray[np.float32], int]:
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        blocks = [frame.to_ndarray() for frame in file.decode(stream)]
        return np.concatenate(blocks, 1), stream.rate


@pytest.mark.parametrize("ending", VIDEO)
@pytest.mark.parametrize("size", [(64, 48), (65, 47)])
def test_a_video_holds_every_frame_in_its_size_and_colours(ending: str, size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / f"a{ending}", size=size)
    seen = pictures(path)
    assert len(seen) == 6 and all(frame.shape == (size[1], size[0], 3) for frame in seen)
    for number, frame in enumerate(seen):
        # 4:2:0 halves the colour's resolution and crf 16 is near-transparent: a wrong matrix or range is off by 10 and more
        assert np.abs(frame.astype(int) - ramp(number, size)).mean() < 3.0


@pytest.mark.parametrize(
    ("fps", "exact"),
    [(30, Fraction(30)), (25, Fraction(25)), (30000 / 1001, Fraction(30000, 1001)), (12.5, Fraction(25, 2))],
)
def test_the_rate_is_exact(fps: float, exact: Fraction, tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "a.mp4", fps=fps))) as file:
        stream = file.streams.video[0]
        assert stream.average_rate == exact and stream.frames == 6
        times = [frame.pts * frame.time_base for frame in file.decode(stream)]
    assert times == [n / exact for n in range(6)]


@pytest.mark.parametrize("ending", VIDEO)
def test_a_video_says_that_it_is_bt_709(ending: str, tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / f"a{ending}"))) as file:
        context = file.streams.video[0].codec_context
        tags = [
            int(tag) for tag in (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        ]
        assert tags == [1, 1, 1, 1]  # ITU-T H.273: BT.709, BT.709, BT.709, limited range


@pytest.mark.parametrize(
    ("ending", "seconds", "channels"), [(".mp4", 3.0, 1), (".mp4", 3.0, 2), (".mkv", 3.0, 2), (".mov", 0.4, 1)]
)
def test_sound_is_muxed_and_cut_to_the_pictures(ending: str, seconds: float, channels: int, tmp_path: Path) -> None:
    path = write(tmp_path / f"a{ending}", count=30, sound=song(tmp_path / "song.wav", seconds, channels))
    samples, rate_hz = heard(path)
    assert rate_hz == SOUND_HZ and len(samples) == channels
    wanted_s = min(1.0, seconds)
    assert samples.shape[1] / rate_hz == pytest.approx(wanted_s, abs=0.05)  # AAC pads to whole blocks of 21 ms
    middle = samples[0, rate_hz // 10 : round(wanted_s * 0.8 * rate_hz)]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate_hz / len(middle) == pytest.approx(440, abs=rate_hz / len(middle))
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
    assert len(pictures(path)) == 30


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.npy"])
def test_twice_the_same_frames_are_twice_the_same_bytes(name: str, tmp_path: Path) -> None:
    sound = song(tmp_path / "song.wav", 1.0)
    files = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        files.append(write(tmp_path / folder / name, sound=sound))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_folder_holds_exact_pictures_that_know_what_drew_them(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", count=3)
    assert sorted(p.name for p in folder.iterdir()) == ["000000.png", "000001.png", "000002.png"]
    for number, path in enumerate(sorted(folder.iterdir())):
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), ramp(number))
            assert image.info["latenz.seed"] == "7" and image.info["latenz.frame"] == str(number)


def test_an_array_is_frames_by_height_by_width_by_three(tmp_path: Path) -> None:
    array = np.load(write(tmp_path / "a.npy", count=4), allow_pickle=False)
    assert array.dtype == np.uint8
    assert np.array_equal(array, np.stack([ramp(n) for n in range(4)]))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.npy", "frames"])
def test_what_is_abandoned_leaves_nothing_and_what_was_there_stays(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    output = open_output(path, SIZE, 30.0, 6)
    output.write(ramp(0))
    output.abort()
    assert list(tmp_path.iterdir()) == []
    write(path, count=2)
    before = _content(path)
    output = open_output(path, SIZE, 30.0, 6)
    output.write(ramp(3))
    assert _content(path) == before, "the former result stays while the next one is made"
    output.abort()
    assert _content(path) == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.mp4", "a.npy", "frames"])
def test_a_whole_result_replaces_the_former_one(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, count=4)
    former = _content(path)
    write(path, count=2)
    assert _content(path) != former and list(tmp_path.iterdir()) == [path]
    if path.is_dir():
        assert len(list(path.iterdir())) == 2, "no pictures of the former one are left between the new ones"


def test_what_a_crash_left_is_in_nobody_s_way(tmp_path: Path) -> None:
    (tmp_path / ".frames.part").mkdir()
    (tmp_path / ".frames.part" / "000099.png").write_bytes(b"old")
    assert len(list(write(tmp_path / "frames", count=2).iterdir())) == 2
    (tmp_path / ".a.part.mp4").write_bytes(b"old")
    assert len(pictures(write(tmp_path / "a.mp4"))) == 6


def test_outputs_that_cannot_be_are_told_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"no sound")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "sea.png").write_bytes(b"mine")
    (tmp_path / "folder.mp4").mkdir()
    write(tmp_path / "silent.mkv")
    before = sorted(tmp_path.rglob("*"))
    for name, sound, said in (
        ("a.gif", None, r"a.gif: cannot write .gif; give .mp4, .mov, .mkv, .npy, or a folder"),
        ("none/a.mp4", None, r"none/a.mp4: no folder .*none; make it first"),
        ("file", None, "file: is a file; name a new folder"),
        ("mine", None, "mine: holds other files"),
        ("holiday", None, "holiday: holds other files"),
        ("..", None, "a folder without a name"),
        ("folder.mp4", None, "folder.mp4: is a folder; name a file in it"),
        ("a.mp4", tmp_path / "song.wav", "song.wav: not a sound file"),
        ("a.mp4", tmp_path / "silent.mkv", "silent.mkv: not a sound file"),
        ("a.mp4", tmp_path / "none.wav", "none.wav: not a sound file"),
    ):
        with pytest.raises(InputError, match=said):
            open_output(tmp_path / name, SIZE, 30.0, 6, sound=sound)
        assert sorted(tmp_path.rglob("*")) == before


def _content(path: Path) -> object:
    return {p.name: p.read_bytes() for p in path.iterdir()} if path.is_dir() else path.read_bytes()


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_a_video_says_what_drew_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    output = open_output(path, (32, 32), 10.0, 2, notes={"latenz.seed": "7", "latenz.backend": "eager, 1 thread"})
    for _ in range(2):
        output.write(np.zeros((32, 32, 3), np.uint8))
    output.close()
    with av.open(str(path)) as file:
        notes = {key.lower(): value for key, value in file.metadata.items()}
    assert notes["latenz.seed"] == "7" and notes["latenz.backend"] == "eager, 1 thread"


@pytest.mark.parametrize("width", [80, 96, 128, 176])
def test_the_same_pictures_are_the_same_bytes_whatever_lies_in_memory(width: int, tmp_path: Path) -> None:
    numbers = np.random.RandomState(0)
    frames = []
    for _ in range(6):
        coarse = Image.fromarray(numbers.randint(90, 160, (12, width // 8, 3), np.uint8))
        frames.append(np.asarray(coarse.resize((width, 96), Image.Resampling.BICUBIC)))

    def film(path: Path) -> bytes:
        output = open_output(path, (width, 96), 25.0, len(frames))
        for frame in frames:
            output.write(frame)
        output.close()
        return path.read_bytes()

    once = film(tmp_path / "a.mp4")
    for _ in range(60):
        kept = [numbers.bytes(numbers.randint(1, 100_000)) for _ in range(10)]  # and then let go
        assert len(kept) == 10 and film(tmp_path / "b.mp4") == once
