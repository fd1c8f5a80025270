"""Packets for the OSC tests: the files of tests/data/osc, and builders of messages and bundles."""

import struct
from pathlib import Path
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

DATA = Path(__file__).parents[1] / "data" / "osc"


def packets(name: str) -> dict[str, bytes]:
    """The packets of a file, by name."""
    lines = (DATA / name).read_text().splitlines()
    pairs = (line.split(":") for line in lines if not line.startswith("#"))
    return {label: bytes.fromhex(digits) for label, digits in pairs}


def message(address: str, *args: Any, tags: str = "") -> bytes:
    """A message as python-osc builds it; `tags` where the types are not to be guessed."""
    builder = OscMessageBuilder(address)
    for index, arg in enumerate(args):
        builder.add_arg(arg, tags[index] if tags else None)
    dgram: bytes = builder.build().dgram
    return dgram


def bundle(*elements: bytes, timetag: int = 1) -> bytes:
    """A bundle of whatever bytes are given."""
    parts = (struct.pack(">i", len(element)) + element for element in elements)
    return b"#bundle\0" + struct.pack(">Q", timetag) + b"".join(parts)
