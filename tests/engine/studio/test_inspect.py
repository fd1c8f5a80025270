"""`latenz inspect` knows every kind of file it may meet, and says so of anything else without falling over."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.errors import EngineError, InputError
from engine.generator.catalog import model_directions
from engine.stage.outputs.picture import latent_text, save_png
from engine.studio.inspect import inspect
from engine.studio.strips import draw_strip
from mappings.errors import MappingError
from tests.shows.live import ROOT, SHOWS

TAKE = ROOT / "tests" / "data" / "takes" / "plain.take"


def test_a_show_is_told_by_name_by_folder_and_by_file(tmp_path: Path) -> None:
    shutil.copytree(SHOWS / "plain", tmp_path / "plain")
    by_folder, by_file = inspect(str(tmp_path / "plain")), inspect(str(tmp_path / "plain" / "show.toml"))
    assert by_folder == by_file and by_folder["kind"] == "show"
    assert by_folder["routes"][0] == {"from": "/clock/breath", "to": "/direction/bloom", "shape": []}
    assert by_folder["effects"] == ["feedback.fs"] and by_folder["size"] == [160, 120]
    assert inspect("first_light")["title"] == "First Light"


def test_a_model_is_told_with_what_it_is_and_whose(tmp_path: Path) -> None:
    data = inspect("silk:3")
    assert data["kind"] == "model" and data["z_dim"] == 128 and data["any_size"]
    assert data["licence"] == "Apache-2.0" and data["hash"] and data["provenance"]
    assert set(data["bands"]) == {"coarse", "middle", "fine"}
    json.dumps(data, allow_nan=False)


def test_a_take_is_told_with_its_length_and_addresses() -> None:
    data = inspect(str(TAKE))
    assert data["kind"] == "take" and data["header"]["show"] == "plain" and not data["cut"]
    assert 3.0 < data["seconds"] < 4.0 and "/osc/poke" in data["addresses"] and data["bytes"] == TAKE.stat().st_size


def test_a_take_that_was_cut_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "cut.take.part"
    path.write_bytes(TAKE.read_bytes()[:20_000])
    data = inspect(str(path))
    assert data["kind"] == "take" and data["cut"] and 0 < data["seconds"] < 3


def test_a_bank_of_directions_is_told_by_its_names(tmp_path: Path) -> None:
    path = tmp_path / "bank.safetensors"
    model_directions("silk").save(path)
    data = inspect(str(path))
    assert data["kind"] == "directions" and "direction/bloom" in data["tensors"]
    assert data["tensors"]["direction/bloom"]["shape"] == [128]
    json.dumps(data, allow_nan=False)


def test_a_sequence_and_a_picture_are_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((30, 128), np.float32))
    assert inspect(str(tmp_path / "a.npy")) == {
        "file": str(tmp_path / "a.npy"), "bytes": (tmp_path / "a.npy").stat().st_size,
        "kind": "sequence", "shape": [30, 128], "dtype": "float32",
    }  # fmt: skip
    save_png(
        tmp_path / "a.png",
        np.zeros((4, 6, 3), np.uint8),
        {"latenz.seed": "7", "latenz.z": "[1.5]", "latenz.latent": latent_text(np.zeros((1, 3, 8))), "other": "x"},
    )
    data = inspect(str(tmp_path / "a.png"))
    assert data["kind"] == "picture" and data["size"] == [6, 4]
    assert data["notes"] == {"latenz.seed": 7, "latenz.z": [1.5], "latenz.latent": {"shape": [1, 3, 8]}}


def test_what_it_does_not_know_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "archive.npz", a=np.zeros(3))
    (tmp_path / "archive.npz").rename(tmp_path / "zip.npy")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.save(tmp_path / "text.npy", np.array(["a"]))
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    (tmp_path / "big.safetensors").write_bytes((1 << 60).to_bytes(8, "little"))
    (tmp_path / "list.safetensors").write_bytes((2).to_bytes(8, "little") + b"[]")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "empty.take").write_bytes(b"")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises((InputError, MappingError), match=path.name) as told:
            inspect(str(path))
        assert "\n" not in str(told.value)
    with pytest.raises(InputError, match="nosuch: no such file, show or model"):
        inspect("nosuch")


@given(st.binary(max_size=200), st.sampled_from([".safetensors", ".npy", ".png", ".take", ""]))
def test_no_bytes_whatever_make_it_fall_over(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"noise{ending}"
    path.write_bytes(data)
    try:
        assert inspect(str(path))["kind"]
    except (EngineError, MappingError) as error:
        assert path.name in str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["__metadata__", "a"]), inner),
    )
)
def test_no_header_of_a_safetensors_makes_it_fall_over(
    tmp_path_factory: pytest.TempPathFactory, header: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "header.safetensors"
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    try:
        assert inspect(str(path))["kind"]
    except InputError as error:
        assert path.name in str(error)


def test_a_strip_is_drawn_of_a_show_a_sequence_and_a_model(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.RandomState(1).randn(50, 16))
    for name in (str(SHOWS / "plain"), str(tmp_path / "a.npy"), "silk"):
        draw_strip(name, tmp_path / "s.png", 1.0)
        with Image.open(tmp_path / "s.png") as image:
            assert min(image.size) > 100 and len(image.convert("RGB").getcolors(1 << 24) or []) > 10
    with pytest.raises(InputError, match=r"none/s.png: no folder"):
        draw_strip("silk", tmp_path / "none" / "s.png", 1.0)
