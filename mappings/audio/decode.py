"""Sound files as a stream of 48 kHz frames, a packet at a time, round and round when looped."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mappings.errors import FeedError

RATE_HZ = 48_000
SUFFIXES = {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff", ".wma", ".mp4", ".mkv", ".mov"}


class Decoder:
    """Reads any file FFmpeg reads; one or two channels. Opening checks that there is sound in it.

    Deterministic: the blocks depend on the file alone. A damaged packet is left out and counted.
    """

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        self.path = path
        self.damaged = 0
        self._loop = loop
        self._container, self._stream = _open(path)
        self.channels = 1 if self._stream.codec_context.channels == 1 else 2
        self._blocks = self._decode()
        self._first: NDArray[np.float32] | None = next(self._blocks, None)
        if self._first is None:
            self.close()
            raise FeedError(f"{path}: there is no sound in this file")

    def next(self) -> NDArray[np.float32] | None:
        """The next block (frames, channels) in -1..1; None at the end."""
        block, self._first = self._first, None
        return block if block is not None else next(self._blocks, None)

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def _decode(self) -> Iterator[NDArray[np.float32]]:
        while True:
            heard = False
            for block in self._pass():
                heard = heard or len(block) > 0
                yield block
            if not self._loop or not heard:
                return
            self._rewind()

    def _rewind(self) -> None:
        import av

        try:
            self._container.seek(0)
            self._stream.codec_context.flush_buffers()
        except av.FFmpegError:  # a format without a way back
            self._container.close()
            self._container, self._stream = _open(self.path)

    def _pass(self) -> Iterator[NDArray[np.float32]]:
        """The file once."""
        import av

        resampler = av.AudioResampler(format="flt", layout="mono" if self.channels == 1 else "stereo", rate=RATE_HZ)
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.damaged += 1
                continue
            for frame in frames:
                frame.pts = None  # gaps in a file's time stamps are not silence
                yield from self._blocks_of(resampler.resample(frame))
        yield from self._blocks_of(resampler.resample(None))

    def _blocks_of(self, frames: list[Any]) -> Iterator[NDArray[np.float32]]:
        for frame in frames:
            if frame.samples:
                yield frame.to_ndarray().reshape(-1, self.channels)


def _open(path: Path) -> tuple[Any, Any]:
    """The file and its first sound stream; FeedError says what is wrong with it."""
    import av

    if not path.is_file():
        names = [p.name for p in path.parent.iterdir() if p.suffix.lower() in SUFFIXES] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise FeedError(f"{path}: there is no such sound file{hint}")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        why = "it is empty" if path.stat().st_size == 0 else str(error.strerror or error)
        raise FeedError(
            f"{path}: not a sound file that can be read ({why}); give a WAV, FLAC, MP3, M4A or OGG"
        ) from None
    if not container.streams.audio:
        container.close()
        raise FeedError(f"{path}: there is no sound in this file")
    return container, container.streams.audio[0]
