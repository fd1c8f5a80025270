"""The smallest ONNX file that says something of a picture: the mean of each channel. Written byte by byte (protobuf)."""

from pathlib import Path

FLOAT = 1


def mean_network(path: Path, shape: tuple[int | str, ...] = ("n", 3, 8, 8)) -> Path:
    """Pictures of this shape -> (n, 3, 1, 1), their GlobalAveragePool."""
    node = _text(1, "pictures") + _text(2, "means") + _text(4, "GlobalAveragePool")
    means = (shape[0], 3, 1, 1)
    graph = (
        _part(1, node) + _text(2, "means") + _part(11, _value("pictures", shape)) + _part(12, _value("means", means))
    )
    opset = _text(1, "") + _number(2, 13)
    path.write_bytes(_number(1, 8) + _part(7, graph) + _part(8, opset))
    return path


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    sides = b"".join(_part(1, _text(2, s) if isinstance(s, str) else _number(1, s)) for s in shape)
    return _text(1, name) + _part(2, _part(1, _number(1, FLOAT) + _part(2, sides)))


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
