"""Pictures to a file: video with sound, a folder of PNG, or one array. Written beside and renamed when whole."""

import io
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.paths import check_output, reserve

VIDEO = (".mp4", ".mov", ".mkv")
FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_OURS = re.compile(r"\d{6,}\.png")  # what a folder of pictures holds
MACROBLOCK = 16  # pixels across
SOUND_HZ = 48000


class Output(ABC):
    """Takes frames (height, width, 3) uint8 in order; `close` gives the result its name, `abort` leaves nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.stem}.part{path.suffix}")

    @abstractmethod
    def write(self, frame: NDArray[np.uint8]) -> None:
        """Add one frame."""

    @abstractmethod
    def _finish(self) -> None: ...

    def close(self) -> None:
        """Finish, and put the result where it was asked for."""
        self._finish()
        if self.path.is_dir():
            _remove(self.path)
        self.part.replace(self.path)

    def abort(self) -> None:
        """Leave nothing behind."""
        _remove(self.part)


def open_output(
    path: Path,
    size: tuple[int, int],
    fps: float,
    frames: int,
    *,
    sound: Path | None = None,
    notes: dict[str, str] | None = None,
) -> Output:
    """The output that a path asks for: .mp4 .mov .mkv, .npy, or a folder of PNG. size is (width, height).

    sound : muxed in, cut to the length of the pictures (video only).
    InputError for another ending, or a folder that is not there.
    """
    suffix = path.suffix.lower()
    if suffix in (*VIDEO, ".npy") and path.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    if suffix in (*VIDEO, ".npy", ".png", ""):
        check_output(path, folder=not suffix)
    if suffix in VIDEO:
        return Video(path, size, fps, frames, sound, notes or {})
    if suffix == ".npy":
        return Array(path, size, frames)
    if suffix == ".png":
        raise InputError(f"{path}: a render makes many pictures; name a folder, for example {path.stem}")
    if suffix == "":
        if path.is_file():
            raise InputError(f"{path}: is a file; name a new folder for the pictures")
        if path.is_dir() and not all(_OURS.fullmatch(p.name) for p in path.iterdir()):
            raise InputError(f"{path}: holds other files; name a new folder for the pictures")
        return Pictures(path, notes or {})
    raise InputError(f"{path}: cannot write {suffix}; give {', '.join(VIDEO)}, .npy, or a folder for PNG")


class Array(Output):
    """uint8, frames x height x width x 3, written straight to the disk."""

    def __init__(self, path: Path, size: tuple[int, int], frames: int) -> None:
        super().__init__(path)
        shape = (frames, size[1], size[0], 3)
        self._array = np.lib.format.open_memmap(self.part, mode="w+", dtype=np.uint8, shape=shape)
        self._next = 0
        try:
            reserve(self.part)
        except InputError:
            self.abort()
            raise

    def write(self, frame: NDArray[np.uint8]) -> None:
        self._array[self._next] = frame
        self._next += 1

    def _finish(self) -> None:
        self._array.flush()
        del self._array


class Pictures(Output):
    """000000.png, 000001.png, ... with what drew them in their text chunks."""

    def __init__(self, path: Path, notes: dict[str, str]) -> None:
        super().__init__(path)
        _remove(self.part)
        self.part.mkdir()
        self._notes = notes
        self._next = 0

    def write(self, frame: NDArray[np.uint8]) -> None:
        (self.part / picture_name(self._next)).write_bytes(png(frame, self._next, self._notes))
        self._next += 1

    def _finish(self) -> None:
        return


def picture_name(number: int) -> str:
    """What a frame is called in a folder of pictures."""
    return f"{number:06d}.png"


def png(frame: NDArray[np.uint8], number: int, notes: Mapping[str, str]) -> bytes:
    """A frame as PNG, with its number and what drew it in its text chunks."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in {**notes, "latenz.frame": str(number)}.items():
        info.add_text(key, value)
    packed = io.BytesIO()
    Image.fromarray(frame).save(packed, "PNG", pnginfo=info, compress_level=3)
    return packed.getvalue()


class Video(Output):
    """H.264 (BT.709) with AAC sound. The same frames give the same bytes: one encoder thread, no dates inside."""

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, frames: int, sound: Path | None, notes: dict[str, str]
    ) -> None:
        super().__init__(path)
        self._file = open_video(self.part, path.suffix, notes)
        self._coder = Coder(self._file, size, Fraction(fps).limit_denominator(1001))
        self._fps = fps
        self._sound = Sound(self._file, sound, frames / fps) if sound is not None else None

    def write(self, frame: NDArray[np.uint8]) -> None:
        self._coder.write(frame)
        if self._sound is not None:
            self._sound.until(self._coder.frames / self._fps)

    def _finish(self) -> None:
        self._coder.finish()
        if self._sound is not None:
            self._sound.finish()
        self._file.close()

    def abort(self) -> None:
        self._file.close()
        super().abort()


def open_video(part: Path, suffix: str, notes: Mapping[str, str]) -> Any:
    """An empty video file of the kind that `suffix` names, without dates inside."""
    import av

    options = {"fflags": "+bitexact"}
    if suffix.lower() != ".mkv":
        options["movflags"] = "+faststart+use_metadata_tags"
    file: Any = av.open(str(part), "w", format=FORMATS[suffix.lower()], options=options)
    for key, value in notes.items():
        file.metadata[key] = value
    return file


class Coder:
    """Pictures to H.264 in a file that is open.

    every_key : each frame a key frame, so that editors cut anywhere
    """

    def __init__(self, file: Any, size: tuple[int, int], rate: Fraction, every_key: bool = False) -> None:
        self.frames, self._file, self._rate = 0, file, rate
        even = size[0] % 2 == 0 and size[1] % 2 == 0
        stream: Any = file.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p" if even else "yuv444p"  # 4:2:0 needs even sides
        stream.codec_context.thread_count = 1
        stream.options = {"crf": "16", "preset": "veryfast", "flags": "+bitexact"}
        if -(-size[0] // MACROBLOCK) % 8:
            # x264's macroblock tree reads eight at a time, past the end of such a row into memory that may hold
            # anything: the same pictures then give other bytes. Without it a film is a third larger.
            stream.options["x264-params"] = "mbtree=0"
        if every_key:
            stream.codec_context.gop_size = 1
            stream.codec_context.max_b_frames = 0
            stream.options = {"crf": "18", "preset": "superfast", "flags": "+bitexact+cgop"}
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1
        self._stream = stream

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Add one (height, width, 3) picture."""
        import av

        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = picture.reformat(
            format=self._stream.pix_fmt, dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
        )
        picture.pts = self.frames
        picture.time_base = 1 / self._rate
        self._file.mux(self._stream.encode(picture))
        self.frames += 1

    def finish(self) -> None:
        """Give out what the encoder still holds."""
        self._file.mux(self._stream.encode(None))


def open_sound(path: Path) -> Any:
    """A sound file, opened with PyAV. InputError for what has no sound that can be read."""
    import av

    try:
        file = av.open(str(path))
        if not file.streams.audio:
            file.close()
            raise ValueError("no sound in it")
    except (av.FFmpegError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: not a sound file that can be read ({why}); give .wav, .flac, .mp3 or .m4a") from None
    return file


class Sound:
    """Decodes a sound file and encodes it beside the pictures, as far as they have come."""

    def __init__(self, file: Any, path: Path, seconds: float) -> None:
        import av

        self._file = file
        self._input = open_sound(path)
        channels = self._input.streams.audio[0].codec_context.channels
        self._frames = self._input.decode(audio=0)
        # One channel stays one: spread over two it would lose 3 dB.
        self._layout = "mono" if channels == 1 else "stereo"
        self._stream = file.add_stream("aac", rate=SOUND_HZ, layout=self._layout)
        self._stream.codec_context.thread_count = 1
        self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=SOUND_HZ)
        self._samples = 0
        self._limit = round(seconds * SOUND_HZ)

    def until(self, time_s: float) -> None:
        """Encode up to this time."""
        while self._samples < min(self._limit, time_s * SOUND_HZ):
            frame = next(self._frames, None)
            if frame is None:
                self._limit = self._samples
                return
            frame.pts = None
            for part in self._resampler.resample(frame):
                self._encode(part)

    def _encode(self, frame: Any) -> None:
        import av

        left = self._limit - self._samples
        if left <= 0:
            return
        if frame.samples > left:
            cut = av.AudioFrame.from_ndarray(np.ascontiguousarray(frame.to_ndarray()[:, :left]), "fltp", self._layout)
            cut.sample_rate = SOUND_HZ
            frame = cut
        frame.pts = self._samples
        frame.time_base = Fraction(1, SOUND_HZ)
        self._samples += frame.samples
        self._file.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Encode what is left and flush."""
        self.until(float("inf"))
        self._file.mux(self._stream.encode(None))
        self._input.close()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
