"""Directions and places on disk."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from engine.errors import ModelError
from engine.latent import directions, places
from engine.latent.directions import Direction, Directions
from engine.latent.places import Place, Places
from tests.engine.latent.rooms import INFO


def full() -> Directions:
    return Directions((
        Direction("zoom", np.arange(1.0, 25.0), "z", 1.0, None, "h1", "steer", {"slope": 0.9}),
        Direction("gloss", -np.eye(24)[2] * 7, "w", 2.5, (0, 5), "h1"),
    ))  # fmt: skip


def test_directions_come_back_as_they_were_saved(tmp_path: Path) -> None:
    path = tmp_path / "bank.safetensors"
    full().save(path)
    back = Directions.load(path)
    assert back.names == ("zoom", "gloss") == directions.read_names(path)
    for a, b in zip(full(), back, strict=True):
        assert (a.space, a.sigma, a.layers, a.model_hash, a.method, a.measures) == (
            b.space, b.sigma, b.layers, b.model_hash, b.method, b.measures)  # fmt: skip
        assert np.allclose(a.vector, b.vector, atol=1e-7)
        assert np.linalg.norm(b.vector) == pytest.approx(1.0, abs=1e-12)
    assert list(tmp_path.iterdir()) == [path]


def test_places_come_back_as_they_were_saved(tmp_path: Path) -> None:
    path = tmp_path / "places.safetensors"
    Places((Place("b", np.ones(24)), Place("a", np.ones((6, 24)), "w", "h1"))).save(path)
    back = Places.load(path)
    assert back.names == ("b", "a") == places.read_names(path)
    assert back["a"].space == "w" and back["a"].model_hash == "h1" and back["a"].latent.shape == (6, 24)


def test_the_later_name_wins_in_a_merge() -> None:
    other = Directions.of({"zoom": np.eye(24)[0], "fog": np.eye(24)[1]})
    both = full().merged(other)
    assert both.names == ("zoom", "gloss", "fog")
    assert np.array_equal(both["zoom"].vector, np.eye(24)[0])
    assert full().select(["gloss"]).names == ("gloss",)
    assert Places.of({"a": np.ones(3)}).merged(Places.of({"a": np.zeros(3)}))["a"].latent.sum() == 0.0


def test_a_wrong_name_gets_the_nearest_one() -> None:
    with pytest.raises(ModelError, match='no direction "glos"; did you mean "gloss"'):
        full()["glos"]
    with pytest.raises(ModelError, match='no place "x"; there are: none'):
        Places()["x"]


@pytest.mark.parametrize(
    ("direction", "message"),
    [
        (Direction("a", np.ones(24), model_hash="other"), 'direction "a" was learned on another model'),
        (Direction("a", np.ones(9)), 'direction "a" has 9 numbers in z; toy has 24'),
        (Direction("a", np.ones(24), "w", layers=(6,)), r'direction "a" moves layers \[6\]; toy has 0 to 5'),
    ],
)
def test_directions_that_do_not_fit_the_model_are_named(direction: Direction, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Directions((direction,)).check(INFO)


def test_places_that_do_not_fit_the_model_are_named() -> None:
    with pytest.raises(ModelError, match=r'place "a" has shape \(9,\) in z; toy has \(24,\)'):
        Places.of({"a": np.ones(9)}).check(INFO)
    with pytest.raises(ModelError, match='place "a" belongs to another model'):
        Places.of({"a": np.ones(24)}, model_hash="h2").check(INFO)


@pytest.mark.parametrize(
    ("name", "vector", "more", "message"),
    [
        ("a b", np.ones(3), {}, "cannot stand in an address"),
        ("a", np.zeros(3), {}, "give one that points"),
        ("a", np.array([1.0, np.nan]), {}, "give one that points"),
        ("a", np.ones((2, 2)), {}, "give one that points"),
        ("a", np.ones(3), {"sigma": 0.0}, "give a number above 0"),
        ("a", np.ones(3), {"space": "x"}, 'give "z" or "w"'),
    ],
)
def test_what_is_no_direction_is_refused(name: str, vector: np.ndarray, more: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Direction(name, vector, **more)


def raw(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a .safetensors"),
        (b"\xff" * 16, "a header of"),
        (raw(b"{nonsense"), "its header is no JSON"),
        (raw(b"[1, 2]"), "its header is no JSON object"),
        (raw(b"[" * 5000 + b"]" * 5000), "not a .safetensors"),
        (raw(json.dumps({f"t{i}": {} for i in range(5000)}).encode()), "5000 tensors; at most 4096"),
        (raw(b'{"direction/a": {"dtype": "F32", "shape": [-4]}}'), "no proper shape"),
        (raw(b'{"direction/a": {"dtype": "I64", "shape": [4]}}'), "F16, F32, F64 are allowed"),
        (raw(b'{"direction/a b": {"dtype": "F32", "shape": [4]}}'), "cannot stand in an address"),
        (raw(b'{"direction/a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}', b"1234"), "not a whole"),
        (raw(b'{"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"1234"), "holds no tensor"),
        (raw(b'{"__metadata__": {"latenz.directions": "3"}}'), "metadata latenz.directions is no JSON object"),
    ],
)
def test_broken_banks_say_what_is_wrong(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=message) as caught:
        Directions.load(path)
    assert "bad.safetensors" in str(caught.value)


def test_odd_metadata_is_an_error_and_none_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    save_file({"direction/a": np.ones(4, np.float32)}, path)
    assert Directions.load(path)["a"].sigma == 1.0
    for rows in ({"a": {"sigma": -1}}, {"a": {"sigma": "x"}}, {"a": 3}, [1], {"a": {"layers": 5}}):
        save_file(
            {"direction/a": np.ones(4, np.float32)}, path, {"latenz.directions": json.dumps({"directions": rows})}
        )
        with pytest.raises(ModelError, match=r"b\.safetensors"):
            Directions.load(path)
    save_file({"place/a": np.array([np.inf], np.float32)}, path)
    with pytest.raises(ModelError, match="not finite"):
        Places.load(path)
    with pytest.raises(ModelError, match="cannot be read"):
        Places.load(tmp_path / "none")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_bank_or_a_model_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    for content in (data, raw(data), raw(b'{"direction/a":' + data + b"}")):
        path.write_bytes(content)
        with pytest.raises(ModelError):
            Directions.load(path)
