"""The directory of a zip archive as torch writes it: stored records only, each where the directory says.

Stricter than a general zip reader on purpose: what two readers could understand differently is refused. Layout: PKWARE
APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end, also of zip64).
"""

import re
import struct

from engine.generator.foreign.refusal import RefusedError, shown

MAX_RECORDS = 100_000
PROGRAM = "convert the checkpoint that it was made from"
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_NAME = re.compile(rb"[^\x00-\x1f\x7f/\\:]+(/[^\x00-\x1f\x7f/\\:]+)*")
"""Its first part is what the file was called when it was saved: `epoch=3-step=100`, `faces (1)`."""
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_WIDE = 0xFFFFFFFF


def records(data: memoryview) -> dict[str, memoryview]:
    """The records of an archive by name, as views. RefusedError for everything that torch would not write."""
    count, start, stop = _bounds(data)
    found: dict[str, memoryview] = {}
    spans: list[tuple[int, int]] = [(start, len(data))]
    position = start
    for _ in range(count):
        name, first, size, offset, position = _entry(data, position, stop)
        if name in found:
            raise RefusedError(f'it holds "{shown(name)}" twice')
        found[name] = data[first : first + size]
        spans.append((offset, first + size))
    if position != stop:
        raise RefusedError("its directory is longer than its records", byte=position)
    spans.sort()
    if any(left[1] > right[0] for left, right in zip(spans, spans[1:], strict=False)):
        raise RefusedError("its records overlap")
    return found


def _bounds(data: memoryview) -> tuple[int, int, int]:
    """How many records there are, and where their directory starts and stops."""
    where = len(data) - _END.size
    if where < 0 or bytes(data[where : where + 4]) != b"PK\5\6":
        raise RefusedError("its end is missing: it is cut short, or a comment follows it")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, where)
    stop = where
    locator = where - _LOCATOR64.size
    if locator >= 0 and bytes(data[locator : locator + 4]) == b"PK\6\7":
        count, here, size, start, stop = _bounds64(data, locator)
    if disk or first_disk or here != count or comment:
        raise RefusedError("it is one of several volumes, or has a comment")
    if count > MAX_RECORDS:
        raise RefusedError(f"it holds {count} records; {MAX_RECORDS} are allowed")
    if start + size != stop:
        raise RefusedError("its directory is not where it says")
    return count, start, stop


def _bounds64(data: memoryview, locator: int) -> tuple[int, int, int, int, int]:
    _, disk, where, disks = _LOCATOR64.unpack_from(data, locator)
    if disk or disks > 1 or where + _END64.size != locator or bytes(data[where : where + 4]) != b"PK\6\6":
        raise RefusedError("its zip64 directory is not where it says")
    _, _size, _made, _needs, here_disk, first_disk, here, count, size, start = _END64.unpack_from(data, where)
    if here_disk or first_disk:
        raise RefusedError("it is one of several volumes")
    return count, here, size, start, where


def _entry(data: memoryview, position: int, stop: int) -> tuple[str, int, int, int, int]:
    """One entry of the directory: name, first byte, size, place of its own header, place of the next entry."""
    if position + _ENTRY.size > stop:
        raise RefusedError("its directory is cut short", byte=position)
    fields = _ENTRY.unpack_from(data, position)
    signature, _made, system, _needs, _, flags, method, _time, _date, _crc, packed, size = fields[:12]
    name_bytes, extra_bytes, comment_bytes, disk, _internal, external, offset = fields[12:]
    following = position + _ENTRY.size + name_bytes + extra_bytes + comment_bytes
    if signature != b"PK\1\2" or following > stop:
        raise RefusedError("its directory is damaged", byte=position)
    raw_name = bytes(data[position + _ENTRY.size : position + _ENTRY.size + name_bytes])
    extra = data[position + _ENTRY.size + name_bytes : following - comment_bytes]
    size, packed, offset = _wide(extra, size, packed, offset)
    name = _name(raw_name)
    if flags & _ENCRYPTED:
        raise RefusedError(f'its record "{shown(name)}" is encrypted')
    if name.partition("/")[2].startswith("code/"):
        raise RefusedError("it is a TorchScript program", remedy=PROGRAM)
    if method or packed != size:
        raise RefusedError(
            f'its record "{shown(name)}" is compressed, which torch never does',
            remedy="download the checkpoint again instead of packing it by hand",
        )
    kind = external >> 16 & 0o170000
    if disk or (system == 3 and kind not in (0, 0o100000)):
        raise RefusedError(f'its record "{shown(name)}" is a link, a folder or elsewhere')
    return name, _first(data, offset, raw_name, size), size, offset, following


def _name(raw: bytes) -> str:
    name = raw.decode("latin1")
    if not _NAME.fullmatch(raw) or any(part in (".", "..") for part in name.split("/")):
        raise RefusedError(f'its record "{shown(name)}" is named like no record of torch')
    return name


def _wide(extra: memoryview, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset of over 4 GB stand in a zip64 field, in this order and only where they are needed."""
    wanted = [value == _WIDE for value in (size, packed, offset)]
    if not any(wanted):
        return size, packed, offset
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        field = extra[position + 4 : position + 4 + length]
        if kind == 1 and len(field) >= 8 * sum(wanted):
            values = iter(struct.unpack_from(f"<{sum(wanted)}Q", field))
            size, packed, offset = (
                next(values) if wide else value for wide, value in zip(wanted, (size, packed, offset), strict=True)
            )
            return size, packed, offset
        position += 4 + length
    raise RefusedError("a record's zip64 sizes are missing")


def _first(data: memoryview, offset: int, name: bytes, size: int) -> int:
    """Where a record's bytes start; its own header must tell the same story as the directory."""
    if offset + _LOCAL.size > len(data):
        raise RefusedError("a record lies outside the file", byte=offset)
    fields = _LOCAL.unpack_from(data, offset)
    signature, method = fields[0], fields[4]
    name_bytes, extra_bytes = map(int, fields[-2:])
    behind = offset + _LOCAL.size + name_bytes
    if signature != b"PK\3\4" or method or bytes(data[behind - name_bytes : behind]) != name:
        raise RefusedError("a record's own header differs from the directory", byte=offset)
    first = behind + extra_bytes
    if first + size > len(data):
        raise RefusedError("a record is cut short", byte=offset)
    return first
