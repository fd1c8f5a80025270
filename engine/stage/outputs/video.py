"""Pictures to a file: video with sound, a folder of PNG, or one array. Written beside and renamed when whole."""

import shutil
from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.paths import check_output

VIDEO = (".mp4", ".mov", ".mkv")
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
        check_output(path)
    if suffix in VIDEO:
        return Video(path, size, fps, frames, sound, notes or {})
    if suffix == ".npy":
        return Array(path, size, frames)
    if suffix == ".png":
        raise InputError(f"{path}: a render makes many pictures; name a folder, for example {path.stem}")
    if suffix == "":
        if path.is_file():
            raise InputError(f"{path}: is a file; name a new folder for the pictures")
        if path.is_dir() and any(path.iterdir()) and not all(p.suffix == ".png" for p in path.iterdir()):
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
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        for key, value in {**self._notes, "latenz.frame": str(self._next)}.items():
            info.add_text(key, value)
        Image.fromarray(frame).save(self.part / f"{self._next:06d}.png", pnginfo=info, compress_level=3)
        self._next += 1

    def _finish(self) -> None:
        return


class Video(Output):
    """H.264 (BT.709) with AAC sound. The same frames give the same bytes: one encoder thread, no dates inside."""

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, frames: int, sound: Path | None, notes: dict[str, str]
    ) -> None:
        import av

        super().__init__(path)
        rate = self._rate = Fraction(fps).limit_denominator(1001)
        options = {"fflags": "+bitexact"}
        if path.suffix.lower() != ".mkv":
            options["movflags"] = "+faststart+use_metadata_tags"
        self._file = av.open(str(self.part), "w", options=options)
        for key, value in notes.items():
            self._file.metadata[key] = value
        even = size[0] % 2 == 0 and size[1] % 2 == 0
        self._stream: Any = self._file.add_stream("libx264", rate=rate)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p" if even else "yuv444p"  # 4:2:0 needs even sides
        self._stream.codec_context.thread_count = 1
        self._stream.options = {"crf": "16", "preset": "veryfast", "flags": "+bitexact"}
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1
        self._fps = fps
        self._frames = 0
        self._sound = _Sound(self._file, sound, frames / fps) if sound is not None else None

    def write(self, frame: NDArray[np.uint8]) -> None:
        import av

        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = picture.reformat(
            format=self._stream.pix_fmt, dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
        )
        picture.pts = self._frames
        picture.time_base = 1 / self._rate
        self._file.mux(self._stream.encode(picture))
        self._frames += 1
        if self._sound is not None:
            self._sound.until(self._frames / self._fps)

    def _finish(self) -> None:
        self._file.mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.finish()
        self._file.close()

    def abort(self) -> None:
        self._file.close()
        super().abort()


class _Sound:
    """Decodes a sound file and encodes it beside the pictures, as far as they have come."""

    def __init__(self, file: Any, path: Path, seconds: float) -> None:
        import av

        self._file = file
        try:
            self._input = av.open(str(path))
            channels = self._input.streams.audio[0].codec_context.channels
            self._frames = self._input.decode(audio=0)
        except (av.FFmpegError, IndexError, ValueError) as error:
            raise InputError(f"{path}: not a sound file that can be read ({error})") from None
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
