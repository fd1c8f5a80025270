"""Torch's two file formats: a row of five pickles with raw data behind them (until 1.5), or a zip archive.

Both hold one pickle whose tensors point at storages by a persistent id: `("storage", type, key, location, elements)`,
in the older format with a sixth part. The location (`cuda:0`) does not matter: everything is read into memory.
"""

import re
from collections.abc import Callable
from typing import Any

from engine.generator.foreign import zip_directory
from engine.generator.foreign.known import Reading
from engine.generator.foreign.opcodes import read_pickle
from engine.generator.foreign.refusal import RefusedError, shown
from engine.generator.foreign.tensors import STORAGE_NAMES, Storage, item_bytes
from engine.generator.foreign.values import Named

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
MAX_ELEMENTS = 2**40
_KEY = re.compile(r"[0-9]{1,20}")
_WHOLE_MODULE = "it holds a whole Python object instead of weights; save its state_dict() and convert that"

Find = Callable[[str, str, int], Storage]


def read_legacy(data: memoryview, reading: Reading) -> Any:
    """The object of a file in the older format, whose five pickles and raw data fill `data` to its end.

    The storages' sizes stand in the object and their bytes behind it, so the object is read twice: once to learn what
    it points at, then with the bytes in place.
    """
    magic, position = read_pickle(data, reading)
    version, position = read_pickle(data, reading, position=position)
    system, start = read_pickle(data, reading, position=position)
    if magic != MAGIC or type(magic) is not int:
        raise RefusedError("it is no torch file: its magic number is wrong")
    if type(version) is not int or version != VERSION:
        raise RefusedError("it is of an unknown version of torch's format")
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise RefusedError("it was written on a big-endian machine", remedy="save it again on an ordinary one")
    claims: dict[str, Storage] = {}

    def survey(key: str, kind: str, length: int) -> Storage:
        claim = claims.setdefault(key, Storage(kind, length, None, reading.budget))
        return _same(claim, kind, length)

    _, position = read_pickle(data, reading, position=start, persistent=_by(survey))
    keys, position = read_pickle(data, reading, position=position)
    storages = _raw_storages(data, position, keys, claims, reading)

    def find(key: str, kind: str, length: int) -> Storage:
        return _same(storages[key], kind, length)

    return read_pickle(data, reading, position=start, persistent=_by(find))[0]


def _raw_storages(
    data: memoryview, position: int, keys: Any, claims: dict[str, Storage], reading: Reading
) -> dict[str, Storage]:
    """The storages behind the pickles: for each key the number of its elements, then their bytes."""
    if not isinstance(keys, list) or len(keys) != len(claims) or not all(isinstance(key, str) for key in keys):
        raise RefusedError("its list of storages is not the one that its tensors use")
    storages: dict[str, Storage] = {}
    for key in keys:
        if key not in claims or key in storages:
            raise RefusedError(f'its list of storages holds "{shown(key)}"')
        claim, start = claims[key], position + 8
        length = int.from_bytes(data[position:start], "little", signed=True)
        if length != claim.length:
            raise RefusedError(f"a storage holds {length} elements where {claim.length} are claimed", byte=position)
        position = start + length * item_bytes(claim.kind)
        if position > len(data):
            raise RefusedError("it ends in the middle of its tensors", byte=start)
        storages[key] = Storage(claim.kind, length, data[start:position], reading.budget)
    if position != len(data):
        raise RefusedError(f"{len(data) - position} bytes follow its end", byte=position)
    return storages


def load_storage(data: memoryview, reading: Reading) -> Storage:
    """A storage that stands as a whole torch file inside a pickle."""
    try:
        storage = read_legacy(data, reading)
    except RefusedError as refused:
        raise refused.inside("a storage within") from None
    if not isinstance(storage, Storage):
        raise RefusedError("a storage within holds something else")
    return storage


def read_zip(data: memoryview, reading: Reading) -> Any:
    """The object of a file in the newer format."""
    records = zip_directory.records(data)
    if not any(name.endswith("data.pkl") for name in records):
        raise RefusedError(
            "it is a zip archive without a torch file's data.pkl", remedy="unpack it first and convert what is inside"
        )
    prefix = next(iter(records)).partition("/")[0] + "/"
    if not all(name.startswith(prefix) for name in records):
        prefix = ""
    if prefix + "constants.pkl" in records:
        raise RefusedError("it is a TorchScript program", remedy=zip_directory.PROGRAM)
    if prefix + "data.pkl" not in records:
        raise RefusedError("its data.pkl is not where torch puts it")
    order = records.get(prefix + "byteorder")
    if order is not None and bytes(order[:8]) != b"little":
        raise RefusedError("it was written on a big-endian machine", remedy="save it again on an ordinary one")
    storages: dict[str, Storage] = {}

    def find(key: str, kind: str, length: int) -> Storage:
        if key not in storages:
            record = records.get(f"{prefix}data/{key}")
            if record is None:
                raise RefusedError(f"its storage {key} is missing")
            storages[key] = Storage(kind, length, record, reading.budget)
        return _same(storages[key], kind, length)

    pickle = records[prefix + "data.pkl"]
    try:
        value, end = read_pickle(pickle, reading, persistent=_by(find))
        if end != len(pickle):
            raise RefusedError(f"{len(pickle) - end} bytes follow its end", byte=end)
    except RefusedError as refused:
        raise refused.inside("its data.pkl") from None
    return value


def _by(find: Find) -> Callable[[Any], Storage]:
    """The answer to persistent ids, which are checked part by part before `find` sees them."""

    def answer(pid: Any) -> Storage:
        if not isinstance(pid, tuple) or not pid or not isinstance(pid[0], str):
            raise RefusedError("a persistent id is no tuple")
        if pid[0] == "module":
            raise RefusedError(_WHOLE_MODULE, remedy="")
        if pid[0] != "storage" or len(pid) not in (5, 6) or (len(pid) == 6 and pid[5] is not None):
            raise RefusedError("a persistent id is of an unknown kind")
        named, key, length = pid[1], pid[2], pid[4]
        if not isinstance(named, Named) or named.name not in _STORAGES:
            raise RefusedError("a storage is of an unknown type")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise RefusedError("a storage's key is no number")
        if type(length) is not int or not 0 <= length < MAX_ELEMENTS:
            raise RefusedError("a storage's length is absurd")
        return find(key, _STORAGES[named.name], length)

    return answer


_STORAGES = STORAGE_NAMES | {"torch.storage.UntypedStorage": "|u1"}


def _same(storage: Storage, kind: str, length: int) -> Storage:
    if storage.kind != kind or storage.length != length:
        raise RefusedError("one storage is claimed in two ways")
    return storage
