"""Mutations of genuine checkpoints, fed to the reader in one confined process.

A case is a number: the same number makes the same bytes from the same files. Allowed outcomes are plain data and
ModelError, in time and in memory, and nothing outside the process.
"""

import json
import os
import pickletools
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from engine.errors import ModelError
from engine.generator.foreign import sandbox
from engine.generator.foreign.read import read_bytes
from engine.generator.foreign.values import Named, Stub
from tests.engine.generator.golden import golden

ROOT = Path(__file__).resolve().parents[4]
SEEDS = ROOT / "tests" / "data" / "foreign" / "fuzz_seeds.json"
LIMIT_S = 10
MEMORY_BYTES = 1 << 30
SMALL = sorted((ROOT / "tests" / "data" / "foreign").glob("t*_*.p*"))
GENUINE = (
    "pggan_32.pth", "sg2_32_sg3repo_modern.pkl", "sg2_64_cond3_clamp.pkl", "sg3r_64_xform.pkl",
    "biggan_deep_32/pytorch_model.bin",
)  # fmt: skip
HOSTILE = (
    "13_nested_storage_pickle.pkl", "15_persid_type_gadget.pkl", "19_persid_plain.pkl", "31_billion_laughs.pkl",
    "37_huge_claimed_tensor.pkl", "39_stride0_expand.pkl", "40_negative_stride_offset.pkl",
    "41_storage_numel_mismatch.pkl", "42_numpy_reconstruct_huge.pkl", "43_numpy_object_dtype.pkl",
    "45_zip_missing_record.pth", "46_zip_short_record.pth", "50_zip_storage_key_traversal.pth",
    "70_unknown_class.pkl", "71_self_referencing_dict.pkl",
)  # fmt: skip
OPCODES = [opcode.code.encode("latin1") for opcode in pickletools.opcodes]
EXTREMES = (0, 1, 2, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1)
NAMES = (
    b"cposix\nsystem\n", b"cbuiltins\neval\n", b"cbuiltins\ngetattr\n", b"c_codecs\nencode\n", b"cnumpy\nndarray\n",
    b"ccollections\nOrderedDict\n", b"cbuiltins\nset\n", b"ctorch\nFloatStorage\n", b"cnumpy\ndtype\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch.storage\n_load_from_bytes\n", b"cnumpy.core.multiarray\nscalar\n",
    b"cnumpy.core.multiarray\n_reconstruct\n", b"ccopyreg\n_reconstructor\n", b"cargparse\nNamespace\n",
    b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n", b"cdnnlib.tflib.network\nNetwork\n", b"ctorch\nSize\n",
)  # fmt: skip


@dataclass(frozen=True)
class Base:
    """A genuine file, and where its opcodes are."""

    name: str
    data: bytes
    opcodes: tuple[int, ...]


def bases() -> list[Base]:
    """The small files of the tests, then golden and hostile ones."""
    return [_base(path) for path in (*SMALL, *map(golden, GENUINE), *(golden(f"hostile/{name}") for name in HOSTILE))]


def _base(path: Path) -> Base:
    data = path.read_bytes()
    starts: list[int] = []
    position = data.find(b"data.pklFB") + 128 if data[:2] == b"PK" else 0
    while position < len(data) and data[position : position + 1] in (b"\x80", b"("):
        try:
            for _, _, at in pickletools.genops(data[position:]):
                starts.append(position + (at or 0))
        except (ValueError, IndexError, UnicodeDecodeError):
            break
        position = starts[-1] + 1
    return Base(path.name, data, tuple(starts) or (0,))


def case(number: int, files: list[Base]) -> tuple[str, bytes]:
    """What case `number` is: the file it starts from, and the mutated bytes."""
    chance = random.Random(number)
    small = len(SMALL)
    base = chance.choice(files[:small] if chance.random() < 0.6 else files)
    data = bytearray(base.data)
    for _ in range(chance.choice((1, 1, 1, 1, 2, 5))):
        chance.choice(MUTATIONS)(data, base, files, chance)
    return base.name, bytes(data)


def _at(data: bytearray, base: Base, chance: random.Random) -> int:
    """A place: mostly an opcode's, sometimes any."""
    if chance.random() < 0.8:
        return min(chance.choice(base.opcodes), max(0, len(data) - 1))
    return chance.randrange(max(1, len(data)))


def flip(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 4, 16))):
        if data:
            data[min(len(data) - 1, _at(data, base, chance) + chance.randrange(6))] ^= 1 << chance.randrange(8)


def retype(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    if data:
        at = _at(data, base, chance)
        data[at : at + 1] = chance.choice(OPCODES)


def insert(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    piece = b"".join(chance.choice(OPCODES) for _ in range(chance.randrange(1, 5)))
    at = _at(data, base, chance)
    data[at:at] = chance.choice((piece, chance.choice(NAMES), b"h" + bytes([chance.randrange(256)]), b"2", b"(", b"0"))


def call(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    argument = chance.choice(
        (b")", b"(t", b"N\x85", b"]\x85", b"h\x01\x85", b"K\x05\x85", b"U\x01b\x85", b"h\x02h\x03\x86")
    )
    at = _at(data, base, chance)
    data[at:at] = chance.choice(NAMES) + argument + chance.choice((b"R", b"\x81", b"R}b", b"\x81}b", b"}\x92", b"0"))


def remove(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    at = _at(data, base, chance)
    del data[at : at + chance.choice((1, 2, 5, 50))]


def repeat(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    at, length = _at(data, base, chance), chance.choice((1, 2, 8, 100, 2000))
    data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))


def truncate(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    if chance.random() < 0.3:
        del data[_at(data, base, chance) :]


def splice(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    other = chance.choice(files)
    start, length = chance.choice(other.opcodes), chance.choice((4, 30, 300, 5000))
    at = _at(data, base, chance)
    data[at : at + chance.choice((0, length))] = other.data[start : start + length]


def resize(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    """Claims: an extreme number where one may stand."""
    width = chance.choice((1, 2, 4, 8))
    number = (chance.choice(EXTREMES) + chance.choice((-1, 0, 1))) % (1 << 8 * width)
    at = _at(data, base, chance) + chance.choice((1, 1, 1, 0, 2, 8))
    data[at : at + width] = number.to_bytes(width, "little")


def integer(data: bytearray, base: Base, files: list[Base], chance: random.Random) -> None:
    at = _at(data, base, chance)
    number = chance.choice(EXTREMES) * chance.choice((1, 1, -1))
    data[at : at + chance.choice((0, 1, 2, 5))] = b"\x8a\x09" + struct.pack("<q", number) + b"\0"


MUTATIONS = (flip, flip, retype, insert, call, remove, repeat, truncate, splice, resize, integer)
LEAVES = (type(None), bool, int, float, str, bytes, memoryview, Named)


def walk(value: Any) -> None:
    """A plain recursive walk, as those who take the data may do it; every number of every array is looked at."""
    if isinstance(value, dict):
        for part in value.values():
            walk(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            walk(part)
    elif isinstance(value, Stub):
        walk(value.args)
        walk(value.state)
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "biuf"
        assert not value.flags.writeable or not value.size
        with np.errstate(all="ignore"):
            np.sum(value, dtype=np.float64)
    else:
        assert isinstance(value, LEAVES), type(value)


def attempt(number: int, files: list[Base]) -> str:
    """The outcome of one case: "data", "refused", or what went wrong."""
    name, data = case(number, files)
    try:
        walk(read_bytes(memoryview(data), name))
    except ModelError as error:
        said = str(error)
        proper = said.startswith(f"{name}: refused: ") and len(said) < 600 and "more memory" not in said
        return "refused" if proper else said
    except Exception:
        return traceback.format_exc()
    return "data"


def _too_long(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"over {LIMIT_S} s")


def worker(numbers: list[int], start: int, seconds: float) -> None:
    """In a process of its own: the given cases, then those from `start` on until the time is over.

    The standard output begins with the number of the case in work, and ends with the findings.
    """
    files = bases()
    signal.signal(signal.SIGALRM, _too_long)
    sandbox.confine(MEMORY_BYTES, int(seconds) * 2 + 60, 1 << 20)
    counts: Counter[str] = Counter()
    slowest, findings = (0.0, 0), {}
    until, number = time.perf_counter() + seconds, start
    while numbers or time.perf_counter() < until:
        here = numbers.pop() if numbers else number
        number += here == number
        os.pwrite(1, b"%20d\n" % here, 0)
        signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
        began = time.perf_counter()
        outcome = attempt(here, files)
        slowest = max(slowest, (round(time.perf_counter() - began, 3), here))
        counts[outcome if outcome in ("data", "refused") else "wrong"] += 1
        if outcome not in ("data", "refused"):
            findings[here] = outcome
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    told = {"counts": counts, "slowest": slowest, "findings": findings, "next": number, "peak_mib": peak_mib}
    os.pwrite(1, json.dumps(told).encode(), 21)


def fuzz(numbers: list[int], start: int, seconds: float) -> dict[str, Any]:
    """What the worker found; a worker that died is a finding too."""
    code = f"from {__name__} import worker; worker({numbers!r}, {start}, {seconds})"
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=told, stderr=errors, timeout=2 * seconds + 120, check=False
        )
        told.seek(0), errors.seek(0)
        number, _, report = told.read().decode().partition("\n")
        if done.returncode or not report:
            last = errors.read().decode(errors="replace")[-2000:]
            return {"counts": {}, "findings": {number.strip(): f"ended with {done.returncode}: {last}"}}
        result: dict[str, Any] = json.loads(report)
        return result
