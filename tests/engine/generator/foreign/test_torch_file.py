"""Both of torch's formats are read whole, and only as torch writes them."""

import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import ModelError
from engine.generator.foreign.read import read
from engine.generator.foreign.values import Stub
from tests.engine.generator.foreign.forge import (
    MAGIC,
    SYSTEM,
    VERSION,
    archive,
    legacy,
    loaded,
    persistent,
    pickled,
    refusal,
    storage,
    tensor,
    text,
)  # fmt: skip
from tests.engine.generator.golden import golden

FOUR = struct.pack("<4f", 1, 2, 3, 4)
PICKLES = ("sg2_32_sg3repo_modern", "sg2_64_cond3_clamp", "sg2_64_uncond", "sg3r_64_xform", "sg3t_64_uncond")


def state_of(module: Stub, prefix: str = "") -> dict[str, np.ndarray]:
    """A pickled module's tensors by their names."""
    state = module.args[0]["state"]
    found = {prefix + n: a for kind in ("_parameters", "_buffers") for n, a in state[kind].items() if a is not None}
    for name, inner in state["_modules"].items():
        found |= state_of(inner, f"{prefix}{name}.") if inner is not None else {}
    return found


def check(tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    for name, fact in facts.items():
        array = tensors[name]
        assert list(array.shape) == fact["shape"] and array.dtype.name == fact["dtype"], name
        assert hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() == fact["sha256"], name
        assert not array.flags.writeable


@pytest.mark.parametrize("name", PICKLES)
def test_every_tensor_of_a_golden_pickle_is_read_to_the_bit(name: str) -> None:
    value = read(golden(f"{name}.pkl"))
    for part, facts in json.loads(golden(f"{name}.json").read_text())["tensors"].items():
        if facts:
            check(state_of(value[part]), facts)


@pytest.mark.parametrize(
    ("file", "facts"),
    [("pggan_32.pth", "pggan_32.json"), ("biggan_deep_32/pytorch_model.bin", "biggan_deep_32/golden.json")],
)
def test_every_tensor_of_a_golden_torch_file_is_read_to_the_bit(file: str, facts: str) -> None:
    check(read(golden(file)), json.loads(golden(facts).read_text())["tensors"])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_torch_saves_is_what_we_read(tmp_path: Path, zipped: bool, protocol: int) -> None:
    import argparse

    import torch

    path = tmp_path / "x.pt"
    whole = torch.arange(24.0).reshape(2, 3, 4)
    kinds = [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.uint8, torch.bool]
    saved = {
        "whole": whole, "part": whole[1, :, 1:3], "turned": whole.permute(2, 1, 0), "empty": torch.zeros(0, 3), "one": torch.tensor(7.0),
        "last": torch.randn(2, 4, 3, 3).to(memory_format=torch.channels_last), "weight": torch.nn.Parameter(whole),
        **{str(kind): torch.tensor([0, 1, 1]).to(kind) for kind in kinds},
    }  # fmt: skip
    args = argparse.Namespace(size=256, path=Path("a/b"), device=torch.device("cpu"))
    torch.save({"g": saved, "args": args}, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    value = read(path)
    for name, theirs in saved.items():
        wide = theirs.detach().float() if theirs.dtype == torch.bfloat16 else theirs.detach()
        assert np.array_equal(value["g"][name], wide.numpy()) and value["g"][name].dtype == wide.numpy().dtype, name
    assert np.shares_memory(value["g"]["whole"], value["g"]["part"])
    assert value["args"]["size"] == 256 and value["args"]["path"].args == ("a", "b")


def test_unsigned_kinds_of_newer_torch_are_read(tmp_path: Path) -> None:
    import torch

    torch.save({"a": torch.tensor([1, 65535]).to(torch.uint16)}, tmp_path / "x.pt")
    assert read(tmp_path / "x.pt")["a"].tolist() == [1, 65535]


def test_a_whole_module_is_refused_with_what_to_do(tmp_path: Path) -> None:
    import torch

    torch.save(torch.nn.Linear(2, 2), tmp_path / "x.pt")
    with pytest.raises(ModelError, match=r"x\.pt: refused: it asks for torch\.nn\.modules\.linear\.Linear"):
        read(tmp_path / "x.pt")
    module = b"(" + text("module") + b"Nccollections\nOrderedDict\n" + text("x") + text("y") + b"tQ"
    assert "save its state_dict()" in refusal(legacy(module, {}))


def test_a_file_of_the_older_format_is_read_to_its_end() -> None:
    body = tensor(persistent("FloatStorage", "7", 4), 1, (2,), (2,))
    whole = legacy(body, {"7": (4, FOUR)})
    assert loaded(whole).tolist() == [2, 4]
    assert "1 bytes follow its end" in refusal(whole + b"x")
    for length in range(len(MAGIC), len(whole)):
        refusal(whole[:length])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (legacy(persistent("FloatStorage", "7", 4), {"7": (5, FOUR)}), "holds 5 elements where 4 are claimed"),
        (legacy(persistent("FloatStorage", "7", 4), {"7": (-1, FOUR)}), "holds -1 elements"),
        (legacy(persistent("FloatStorage", "7", 2**39), {"7": (2**39, FOUR)}), "in the middle of its tensors"),
        (legacy(persistent("FloatStorage", "7", 2**40), {"7": (2**40, FOUR)}), "length is absurd"),
        (legacy(persistent("FloatStorage", "7", 4), {}), "list of storages"),
        (legacy(persistent("FloatStorage", "7", 4), {"8": (4, FOUR)}), 'holds "8"'),
        (legacy(persistent("FloatStorage", "../7", 4), {"../7": (4, FOUR)}), "key is no number"),
        (legacy(persistent("Tensor", "7", 4), {"7": (4, FOUR)}), "asks for torch.Tensor"),
        (legacy(persistent("Size", "7", 4), {"7": (4, FOUR)}), "unknown type"),
        (legacy(b"K\1Q", {}), "id is no tuple"),
        (legacy(b"(" + text("storage") + b"tQ", {}), "unknown kind"),
        (legacy(b"(" + persistent("FloatStorage", "7", 4) + persistent("IntStorage", "7", 4) + b"t", {"7": (4, FOUR)}), "in two ways"),
        (MAGIC + b"\x80\x02K\5." + SYSTEM + b"N.].", "unknown version"),
        (MAGIC + VERSION + b"\x80\x02}" + text("little_endian") + b"\x89s." + b"N.].", "big-endian"),
        (MAGIC + VERSION + b"N." + b"N.].", "big-endian"),
        (MAGIC + VERSION + SYSTEM + b"N.N.", "list of storages"),
        (pickled(storage("FloatStorage", 4, FOUR[:-1])), "in the middle of its tensors (byte"),
        (pickled(b"ctorch.storage\n_load_from_bytes\n", b"C\5hello\x85R"), "a storage within"),
        (pickled(b"ctorch.storage\n_load_from_bytes\n", text("hello"), b"\x85R"), "not made of bytes"),
        (pickled(b"ctorch.storage\n_load_from_bytes\nC\0\x85R"), "in the middle"),
    ],
)  # fmt: skip
def test_an_older_file_that_does_not_hold_together_is_refused(data: bytes, why: str) -> None:
    assert why in refusal(data)


def test_a_storage_within_a_storage_is_refused() -> None:
    inner = storage("FloatStorage", 4, FOUR)
    outer = (
        b"ctorch.storage\n_load_from_bytes\nB"
        + struct.pack("<I", len(legacy(inner, {})))
        + legacy(inner, {})
        + b"\x85R"
    )
    assert "holds another torch file" in refusal(pickled(outer))


BODY = pickled(tensor(persistent("FloatStorage", "0", 4, zipped=True), 0, (4,), (1,)))
GOOD = {"data/0": FOUR, "version": b"3\n", "byteorder": b"little"}


@pytest.mark.parametrize(
    "prefix",
    ["archive/", "network-snapshot-000100/", "", "epoch=3-step=100/", "faces (1)/", "it's [1], #2@home~/", "modèle/"],
)
def test_an_archive_is_read_whatever_its_folder_is_called(prefix: str) -> None:
    assert loaded(archive(BODY, GOOD, prefix=prefix)).tolist() == [1, 2, 3, 4]


def with_entry(change: dict[str, Any], name: str = "archive/x", content: bytes = b"x") -> bytes:
    """A good archive with one more entry that is not as torch writes it."""
    file = io.BytesIO(archive(BODY, GOOD))
    with zipfile.ZipFile(file, "a") as made:
        entry = zipfile.ZipInfo(name)
        for attribute, value in change.items():
            setattr(entry, attribute, value)
        made.writestr(entry, content)
    return file.getvalue()


def patched(data: bytes, find: bytes, offset: int, value: bytes) -> bytes:
    at = data.rindex(find) + offset
    return data[:at] + value + data[at + len(value) :]


WHOLE = archive(BODY, GOOD)
ARCHIVES = {
    "a missing storage": (archive(BODY, {}), "storage 0 is missing"),
    "a short storage": (archive(BODY, {"data/0": FOUR[:8]}), "holds 8 bytes"),
    "a long storage": (archive(BODY, {"data/0": FOUR * 2}), "holds 32 bytes"),
    "a big-endian archive": (archive(BODY, {**GOOD, "byteorder": b"big"}), "big-endian"),
    "a program": (archive(BODY, {**GOOD, "constants.pkl": b"N."}), "TorchScript"),
    "a compressed archive": (archive(BODY, GOOD, method=zipfile.ZIP_DEFLATED), "is compressed"),
    "a second pickle": (archive(BODY + b"N.", GOOD), "2 bytes follow its end"),
    "another folder": (with_entry({}, "other/x"), "data.pkl is not where"),
    "a climbing name": (with_entry({}, "archive/../x"), "named like no record"),
    "an absolute name": (with_entry({}, "/archive/x"), "named like no record"),
    "a drive": (with_entry({}, "C:x"), "named like no record"),
    "a backslash": (patched(with_entry({}, "archive/xyz"), b"archive/xyz", 8, b"\\"), "named like no record"),
    "a name with a zero": (patched(with_entry({}, "archive/xyz"), b"archive/xyz", 9, b"\0"), "named like no record"),
    "a folder": (with_entry({}, "archive/x/", b""), "named like no record"),
    "a symbolic link": (with_entry({"external_attr": 0o120777 << 16}), "is a link"),
    "a device": (with_entry({"external_attr": 0o020666 << 16}), "is a link"),
    "an encrypted record": (patched(WHOLE, b"PK\1\2", 8, b"\1\0"), "is encrypted"),
    "a comment": (WHOLE[:-2] + b"\3\0abc", "end is missing"),
    "a lie about a comment": (WHOLE[:-2] + b"\3\0", "has a comment"),
    "a cut archive": (WHOLE[:-1], "end is missing"),
    "a directory elsewhere": (patched(WHOLE, b"PK\5\6", 16, b"\1\0\0\0"), "not where it says"),
    "too many records": (patched(WHOLE, b"PK\5\6", 8, b"\xff\0\xff\0"), "cut short"),
    "too few records": (patched(WHOLE, b"PK\5\6", 8, b"\1\0\1\0"), "longer than its records"),
    "a second volume": (patched(WHOLE, b"PK\5\6", 4, b"\1\0"), "several volumes"),
    "a record outside": (patched(WHOLE, b"PK\1\2", 42, b"\xff\xff\xff\x7f"), "outside the file"),
    "records that overlap": (patched(WHOLE, b"PK\1\2", 42, b"\0\0\0\0"), "differs from the directory"),
    "a size beyond the end": (patched(WHOLE, b"PK\1\2", 20, b"\xff\xff\xff\x7f" * 2), "cut short"),
    "a size without its zip64 field": (patched(WHOLE, b"PK\1\2", 20, b"\xff" * 8), "zip64 sizes are missing"),
    "a huge zip64 directory": (
        WHOLE[:-22] + b"PK\6\6" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, 2**40, 2**40, 46 << 40, 0)
        + b"PK\6\7" + struct.pack("<LQL", 0, len(WHOLE) - 22, 1) + WHOLE[-22:],
        "1099511627776 records",
    ),
    "a zip64 directory elsewhere": (
        WHOLE[:-22] + b"PK\6\7" + struct.pack("<LQL", 0, 2**63, 1) + WHOLE[-22:], "zip64 directory is not where",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_that_torch_would_not_write_is_refused(kind: str) -> None:
    data, why = ARCHIVES[kind]
    assert why in refusal(data)


def test_two_records_of_one_name_or_one_place_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = with_entry({}, "archive/data.pkl", b"N.")
    assert "twice" in refusal(twice)
    shared = archive(BODY, {"data/0": FOUR, "data/1": FOUR})
    entry = shared.rindex(b"PK\1\2")
    first = shared.index(b"archive/data/0") - 30
    moved = shared[: entry + 42] + struct.pack("<L", first) + shared[entry + 46 :]
    assert "differs" in refusal(moved)
    both = moved[: entry + 46] + b"archive/data/0" + moved[entry + 60 :]
    assert "twice" in refusal(both)


def test_a_program_is_told_from_a_checkpoint_packed_by_hand() -> None:
    file = io.BytesIO(WHOLE)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("archive/code/__torch__.py", "def forward(self): pass\n" * 9)
    assert "it is a TorchScript program" in refusal(file.getvalue())


def test_a_zip_of_something_else_says_to_unpack_it() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("network.pkl", pickled(b"}"))
    assert "unpack it first" in refusal(file.getvalue())
