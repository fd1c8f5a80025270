"""Pickles and archives put together by hand, opcode by opcode."""

import struct
import zipfile
from io import BytesIO
from typing import Any

import pytest

from engine.errors import ModelError
from engine.generator.foreign.read import read_bytes


def loaded(data: bytes) -> Any:
    """What the reader makes of these bytes."""
    return read_bytes(memoryview(data), "forged.pkl")


def refusal(data: bytes) -> str:
    """Why the reader refuses these bytes."""
    with pytest.raises(ModelError) as caught:
        loaded(data)
    said = str(caught.value)
    assert said.startswith("forged.pkl: refused: ")
    return said.removeprefix("forged.pkl: refused: ")


def text(value: str) -> bytes:
    """BINUNICODE."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def long(value: int) -> bytes:
    """LONG1."""
    return b"\x8a\x10" + value.to_bytes(16, "little", signed=True)


def numbers(*values: int) -> bytes:
    """A tuple of integers."""
    return b"(" + b"".join(map(long, values)) + b"t"


def raw(value: bytes) -> bytes:
    """BINBYTES."""
    return b"B" + struct.pack("<I", len(value)) + value


STORAGE = b"ctorch.storage\n_load_from_bytes\n"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
VERSION = b"\x80\x02M\xe9\x03."
SYSTEM = b"\x80\x02}" + text("little_endian") + b"\x88s."


def persistent(kind: str, key: str, count: int, *, zipped: bool = False) -> bytes:
    """A persistent id and the opcode that asks for it."""
    tail = b"tQ" if zipped else b"NtQ"
    return (
        b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cuda:0") + long(count) + tail
    )


def legacy(body: bytes, storages: dict[str, tuple[int, bytes]]) -> bytes:
    """A file in torch's older format."""
    keys = b"\x80\x02](" + b"".join(map(text, storages)) + b"e."
    data = b"".join(struct.pack("<q", count) + content for count, content in storages.values())
    return MAGIC + VERSION + SYSTEM + b"\x80\x02" + body + b"." + keys + data


def storage(kind: str, count: int, content: bytes) -> bytes:
    """A storage as NVIDIA's pickles hold it."""
    return STORAGE + raw(legacy(persistent(kind, "0", count), {"0": (count, content)})) + b"\x85R"


def tensor(stored: bytes, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """A tensor over a storage."""
    hooks = b"ccollections\nOrderedDict\n)R"
    return REBUILD + b"(" + stored + long(offset) + numbers(*size) + numbers(*stride) + b"\x89" + hooks + b"tR"


def pickled(*parts: bytes) -> bytes:
    """A whole pickle of protocol 3."""
    return b"\x80\x03" + b"".join(parts) + b"."


def archive(
    body: bytes, records: dict[str, bytes], *, prefix: str = "archive/", method: int = zipfile.ZIP_STORED
) -> bytes:
    """A file in torch's newer format."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr(f"{prefix}data.pkl", body)
        for name, content in records.items():
            made.writestr(prefix + name, content)
    return file.getvalue()
