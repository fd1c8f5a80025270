"""Stills as PNG files that carry where they came from, so that a folder of stills is a folder of places."""

import base64
import binascii
import io
import secrets
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from engine.errors import InputError

_MAX_LATENT_BYTES = 1 << 22


def save_png(path: Path, pixels: NDArray[np.uint8], text: Mapping[str, str] | None = None) -> None:
    """Write (height, width, 3 or 4) uint8 as a PNG with text chunks; appears whole or not at all.

    text : by convention "latenz.seed", "latenz.model", "latenz.model_hash", "latenz.latent" (see `latent_text`)
    """
    chunks = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        chunks.add_itxt(key, value, zip=len(value) > 200)
    path = Path(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        Image.fromarray(pixels).save(beside, "PNG", pnginfo=chunks, compress_level=4)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def read_text(path: Path) -> dict[str, str]:
    """The text chunks of a picture; InputError when it is not one."""
    try:
        with Image.open(path) as image:
            image.load()
            return {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: not a picture that can be read: {error}") from error


def latent_text(latent: NDArray[np.floating]) -> str:
    """A latent as text: base64 of a float32 .npy, so that any program with numpy can read it."""
    packed = io.BytesIO()
    np.save(packed, np.asarray(latent, np.float32), allow_pickle=False)
    return base64.b64encode(packed.getvalue()).decode("ascii")


def read_latent(text: str) -> NDArray[np.float32]:
    """What `latent_text` wrote; InputError for anything else."""
    try:
        if len(text) > _MAX_LATENT_BYTES:
            raise ValueError("it is too long")
        array = np.load(io.BytesIO(base64.b64decode(text, validate=True)), allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError("expected finite float32 numbers")
    except (ValueError, EOFError, OSError, MemoryError, SyntaxError, binascii.Error) as error:
        raise InputError(f"the picture's latent cannot be read: {error}") from error
    return array
