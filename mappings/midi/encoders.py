"""Endless knobs: what a relative controller's byte says about how far it was turned."""

from enum import StrEnum


class Mode(StrEnum):
    """The four ways in which makers write a turn into seven bits, by their names in Ableton Live."""

    SIGNED = "signed"  # signed bit: 1..64 right, 65..127 left
    SIGNED2 = "signed2"  # signed bit 2: 65..127 right, 1..64 left
    OFFSET = "offset"  # binary offset: 64 is still, 65..127 right, 63..1 left
    TWOS = "twos"  # two's complement: 1..64 right, 127..65 left


def turn(mode: Mode, byte: int) -> int:
    """Detents turned, right positive. byte : 0..127"""
    match mode:
        case Mode.OFFSET:
            return byte - 64 if byte else 0
        case Mode.TWOS:
            return byte if byte <= 64 else byte - 128
        case Mode.SIGNED:
            return byte if byte <= 64 else 64 - byte
        case Mode.SIGNED2:
            return -byte if byte <= 64 else byte - 64
