"""Pieces of a film, each a file of its own, and what puts them together: video, a folder of PNG, or one array."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, RoomError
from engine.stage.outputs.joined import count, join
from engine.stage.outputs.video import VIDEO, Coder, Output, open_output, open_sound, picture_name, png

Picture = NDArray[np.uint8]
SUFFIXES = {"video": ".mp4", "pictures": ".zip", "array": ".raw"}  # of pieces


@dataclass(frozen=True, slots=True)
class Reel:
    """What a film is.

    size : (width, height); frames : in all; every_key : each a key frame
    sound : cut to the length of the pictures (video only)
    """

    out: Path
    size: tuple[int, int]
    rate: Fraction
    frames: int
    every_key: bool = False
    sound: Path | None = None

    @property
    def kind(self) -> str:
        """video, pictures or array, by the name of what is written."""
        suffix = self.out.suffix.lower()
        return "video" if suffix in VIDEO else "array" if suffix == ".npy" else "pictures"


class Piece(Protocol):
    """Takes frames in order."""

    def write(self, frame: Picture) -> None:
        """Add one frame (height, width, 3)."""

    def close(self, whole: bool) -> None:
        """Let the file go; whole when all frames came."""


def open_piece(kind: str, path: Path, size: tuple[int, int], rate: Fraction, every_key: bool, first: int) -> Piece:
    """A piece of a film from frame `first` on."""
    if kind == "video":
        return VideoPiece(path, size, rate, every_key)
    return PicturePiece(path, first) if kind == "pictures" else ArrayPiece(path)


class VideoPiece:
    """H.264 from a key frame on."""

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, every_key: bool) -> None:
        import av

        self._file: Any = av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"})
        self._coder = Coder(self._file, size, rate, every_key)

    def write(self, frame: Picture) -> None:
        self._coder.write(frame)

    def close(self, whole: bool) -> None:
        if whole:
            self._coder.finish()
        self._file.close()


class PicturePiece:
    """PNG, in one uncompressed archive."""

    def __init__(self, path: Path, first: int) -> None:
        self._zip, self._next = zipfile.ZipFile(path, "w"), first

    def write(self, frame: Picture) -> None:
        self._zip.writestr(zipfile.ZipInfo(picture_name(self._next)), png(frame, self._next, {}))
        self._next += 1

    def close(self, whole: bool) -> None:
        self._zip.close()


class ArrayPiece:
    """The bytes of frames, one after another."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, frame: Picture) -> None:
        self._file.write(np.ascontiguousarray(frame).data)

    def close(self, whole: bool) -> None:
        self._file.close()


def assemble(pieces: Sequence[Path], reel: Reel) -> None:
    """Put the pieces together; what is written appears whole or not at all.

    RoomError where it does not hold every frame once, each a key frame where all should be.
    """
    if reel.kind == "video":
        join(pieces, reel.out, reel.rate, sound=reel.sound)
        frames, keys = count(reel.out, reel.out.suffix)
        if frames != reel.frames or (reel.every_key and keys != frames):
            raise RoomError(f"{reel.out}: {frames} frames, {keys} of them key frames; {reel.frames} were drawn")
        return
    output = open_output(reel.out, reel.size, float(reel.rate), reel.frames)
    try:
        for piece in pieces:
            _copy(piece, reel, output)
        output.close()
    except BaseException:
        output.abort()
        raise


def _copy(piece: Path, reel: Reel, output: Output) -> None:
    if reel.kind == "array":
        for frame in np.memmap(piece, np.uint8, "r").reshape(-1, reel.size[1], reel.size[0], 3):
            output.write(frame)
        return
    with zipfile.ZipFile(piece) as archive:
        for name in archive.namelist():
            (output.part / Path(name).name).write_bytes(archive.read(name))


def check_reel(reel: Reel) -> None:
    """InputError, before anything is drawn, for what cannot be written."""
    if reel.every_key and (reel.size[0] % 2 or reel.size[1] % 2):
        raise InputError(f"{reel.out}: {reel.size[0]}x{reel.size[1]}; the sides of a proxy are even numbers of pixels")
    if reel.sound is not None:
        if reel.kind != "video":
            raise InputError(f"--audio {reel.sound}: {reel.out} has no sound; give .mp4, .mov or .mkv")
        if not reel.sound.is_file():
            raise InputError(f"--audio {reel.sound}: no such file")
        open_sound(reel.sound).close()
    open_output(reel.out, (16, 16), float(reel.rate), 1).abort()
