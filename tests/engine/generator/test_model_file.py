"""A model file is whole or not there, says what it is, and a broken or hostile one is refused with a reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.generator import model_file, statistics, tensor_file
from engine.generator.latent import Latent
from engine.generator.mapping import StyleLatent
from engine.generator.stylegan2_spec import StyleGAN2Spec
from tests.engine.generator.foreign_files import Arrays, small

ABOUT = model_file.About("Tiny", "nobody's", {"file": "tiny.pkl", "sha256": "0" * 64})


def written(path: Path, architecture: str = "stylegan2", **more: Any) -> tuple[Any, Arrays]:
    spec, tensors = small(architecture, **more)
    model_file.write(path, spec, tensors, ABOUT, statistics.measure(spec, tensors, 300))
    return spec, tensors


def split(path: Path) -> tuple[dict[str, Any], bytes]:
    """The header and the data of a file."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def put(path: Path, header: Any, data: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize("architecture", ["stylegan2", "stylegan3", "stylegan3-r", "biggan", "progan"])
def test_what_was_written_is_read(tmp_path: Path, architecture: str) -> None:
    path = tmp_path / "m.safetensors"
    spec, tensors = written(path, architecture)
    got, arrays = model_file.read_tensors(path)
    assert got == spec
    for name, array in tensors.items():
        assert np.array_equal(arrays[name], array) and not arrays[name].flags.writeable
    header, info = model_file.read_header(path), model_file.info(path)
    assert header.about == ABOUT and info.name == "Tiny" and info.hash == header.hash
    assert header.hash == model_file.weights_hash(model_file.weights(path)) == model_file.weights_hash(tensors)
    assert (info.z_dim, info.w_dim, info.num_ws, info.width) == (spec.z_dim, spec.w_dim, spec.num_ws, spec.width)
    assert info.extra["gflop"] > 0 and 0 < info.extra["parameters"] <= sum(a.size for a in tensors.values())
    json.dumps(dict(info.extra), allow_nan=False)


def test_other_programs_can_read_it_too(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    path = tmp_path / "m.safetensors"
    tensors = written(path)[1]
    assert np.array_equal(load_file(path)["synthesis.b4.const"], tensors["synthesis.b4.const"])


def test_the_statistics_are_those_of_w(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    spec, tensors = written(path, classes=3)
    random = np.random.RandomState(9)
    latent: Latent = StyleLatent(spec, tensors)
    classes = np.eye(3)[random.randint(3, size=4000)]
    w = latent.w(random.randn(4000, spec.z_dim), 1.0, classes)[:, 0]
    arrays = model_file.read_tensors(path)[1]
    spread = w.std(axis=0).mean()
    assert np.abs(arrays["latent.w_mean"] - w.mean(axis=0)).max() < 0.3 * spread
    covariance = arrays["latent.w_covariance"]
    assert np.linalg.norm(covariance - np.cov(w.T)) < 0.2 * np.linalg.norm(covariance)
    said = model_file.read_header(path).statistics
    assert said["spectrum"] == sorted(said["spectrum"], reverse=True) and len(said["spectrum"]) == 16
    assert np.isclose(said["sigma"] ** 2, np.trace(covariance), rtol=1e-3)


@pytest.mark.parametrize("more", [{"w_dim": 4096, "mapping": (1, 4096)}, {"w_dim": 1024, "mapping": (1024,) * 20}])
def test_a_mapping_that_would_take_minutes_is_refused(more: dict[str, Any]) -> None:
    spec = StyleGAN2Spec(z_dim=16, channels=(1, 1), **more)
    tensors = {name: np.broadcast_to(np.float32(0), shape) for name, shape in spec.shapes().items()}
    with pytest.raises(ModelError, match="its mapping has"):
        statistics.measure(spec, tensors)


def test_models_without_a_mapping_have_no_statistics(tmp_path: Path) -> None:
    written(tmp_path / "m.safetensors", "progan")
    assert model_file.read_header(tmp_path / "m.safetensors").statistics == {}
    assert "latent.w_mean" not in model_file.read_tensors(tmp_path / "m.safetensors")[1]


def test_the_hash_is_of_the_weights_alone(tmp_path: Path) -> None:
    spec, tensors = small("progan")
    first = model_file.write(tmp_path / "a.safetensors", spec, tensors, ABOUT)
    again = model_file.write(tmp_path / "b.safetensors", spec, tensors, model_file.About("another"))
    assert first.hash == again.hash
    tensors["layer1.wscale.b"] = tensors["layer1.wscale.b"] + np.float32(1e-3)
    assert model_file.weights_hash(tensors) != first.hash


def test_nothing_is_left_where_writing_fails(tmp_path: Path) -> None:
    spec, tensors = small("progan")
    del tensors["layer1.wscale.b"]
    with pytest.raises(ModelError, match=r"layer1\.wscale\.b"):
        model_file.write(tmp_path / "m.safetensors", spec, tensors, ABOUT)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_stays_whole_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), tensor_file.whole(path) as file:
        file.write(b"new")
        _ = 1 / 0
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F64"])
def test_weights_of_another_width_are_read_as_float32(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "m.safetensors"
    spec, tensors = written(path, "progan")
    header, _ = split(path)
    data = b""
    for name in sorted(tensors):
        array = tensors[name].astype("<f4")
        raw = {"F16": array.astype("<f2"), "F64": array.astype("<f8"), "BF16": (array.view("<u4") >> 16).astype("<u2")}
        part = raw[dtype].tobytes()
        header[name] |= {"dtype": dtype, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    put(path, header, data)
    arrays = model_file.read_tensors(path)[1]
    for name, array in tensors.items():
        assert arrays[name].dtype == np.float32
        np.testing.assert_allclose(arrays[name], array, rtol=1e-2, atol=1e-3)


def _remade(**changes: Any) -> Any:
    """A change of the model's own description."""

    def change(header: dict[str, Any]) -> None:
        row = json.loads(header["__metadata__"]["latenz.model"])
        row |= changes
        header["__metadata__"]["latenz.model"] = json.dumps(row)

    return change


def _tensor(name: str, **changes: Any) -> Any:
    return lambda header: header[name].update(changes)


STYLEGAN2 = StyleGAN2Spec(16, 16, (8, 8), (16,)).as_json()
BROKEN: dict[str, tuple[Any, str]] = {
    "no model": (lambda h: h["__metadata__"].clear(), "not a model of latenz"),
    "no metadata": (lambda h: h.pop("__metadata__"), "not a model of latenz"),
    "metadata is a list": (lambda h: h.update(__metadata__=[1]), "metadata is not a table"),
    "metadata holds numbers": (lambda h: h.update(__metadata__={"latenz.model": 3}), "metadata is not a table"),
    "a description that is no JSON": (lambda h: h["__metadata__"].update({"latenz.model": "{"}), "not JSON"),
    "another version": (_remade(version=99), "version 1"),
    "no family": (_remade(family=None), "no family"),
    "an architecture that steers the terminal": (
        _remade(family="stylegan2", architecture={"\x1b[2J" * 999: 1}), "does not describe",
    ),
    "a word that steers the terminal": (
        _remade(family="stylegan2", architecture=STYLEGAN2 | {"architecture": "\x1b[2J"}), "its architecture is",
    ),
    "a strange family": (_remade(family="os.system"), "no family 'os.system'"),
    "no architecture": (_remade(architecture=[]), "no family and architecture"),
    "another architecture": (_remade(architecture={"z_dim": 3, "channels": [5]}), "layer"),
    "an absurd architecture": (_remade(architecture={"z_dim": 10**30, "channels": [5]}), "z_dim"),
    "no hash": (_remade(hash="../../x"), "no hash"),
    "a missing tensor": (lambda h: h.pop("output_16x16.wscale.b"), "begins at byte|take"),
    "another shape": (_tensor("layer1.wscale.b", shape=[12, 2]), r"layer1\.wscale\.b is \[12, 2\]"),
    "a shape too large": (_tensor("layer1.wscale.b", shape=[2**40]), "no sizes"),
    "a shape that is not of its bytes": (_tensor("layer1.wscale.b", shape=[25]), "which is not what"),
    "a negative shape": (_tensor("layer1.wscale.b", shape=[-1]), "no sizes"),
    "a true shape": (_tensor("layer1.wscale.b", shape=[True]), "no sizes"),
    "many axes": (_tensor("layer1.wscale.b", shape=[24] + [1] * 20), "no sizes"),
    "an unknown type": (_tensor("layer1.wscale.b", dtype="O"), "of type"),
    "a type that is a list": (_tensor("layer1.wscale.b", dtype=["F32"]), "of type"),
    "whole numbers": (_tensor("layer1.wscale.b", dtype="I32"), "not floating point"),
    "offsets the wrong way round": (_tensor("layer1.wscale.b", data_offsets=[96, 0]), "which is not what"),
    "offsets past the end": (_tensor("layer1.wscale.b", data_offsets=[2**33, 2**33 + 96]), "begins at byte"),
    "a row that is no table": (lambda h: h.update({"layer1.wscale.b": 3}), "does not give dtype"),
    "a strange word in a row": (_tensor("layer1.wscale.b", more=1), "does not give dtype"),
    "a name with a control character": (lambda h: h.update({"a\x1b[2J": h.pop("layer1.wscale.b")}), "is called"),
    "another name": (lambda h: h.update(other=h.pop("layer1.wscale.b")), r"layer1\.wscale\.b \[24\] is missing"),
}  # fmt: skip


@pytest.mark.parametrize("change, said", BROKEN.values(), ids=BROKEN)
def test_a_header_that_does_not_hold_together_is_refused_and_says_why(tmp_path: Path, change: Any, said: str) -> None:
    path = tmp_path / "m.safetensors"
    written(path, "progan")
    header, data = split(path)
    change(header)
    put(path, header, data)
    with pytest.raises(ModelError, match=said) as caught:
        model_file.read_tensors(path)
    assert "\x1b" not in str(caught.value) and str(path) in str(caught.value) and len(str(caught.value)) < 1000


BYTES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "its header would be 0 bytes"),
    "a length beyond everything": (b"\xff" * 64, "up to 4 MiB"),
    "a header cut short": ((100).to_bytes(8, "little") + b"{}", "ends within its header"),
    "not JSON": ((2).to_bytes(8, "little") + b"{{", "not JSON"),
    "not UTF-8": ((4).to_bytes(8, "little") + b'"\xff"}', "not JSON"),
    "not a table": ((2).to_bytes(8, "little") + b"[]", "not a table"),
    "a name twice": ((15).to_bytes(8, "little") + b'{"a":1,"a":2}  ', "one name twice"),
    "not a number": ((12).to_bytes(8, "little") + b'{"a":NaN}   ', "not JSON"),
    "deep": ((100_000).to_bytes(8, "little") + b"[" * 100_000, "not JSON"),
    "bytes behind it": ((2).to_bytes(8, "little") + b"{}" + b"x" * 9, "the file has 9"),
}


@pytest.mark.parametrize("data, said", BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_model_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=said):
        model_file.read_header(path)


def test_a_header_with_too_many_tensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    row = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    put(path, {f"t{i}": row for i in range(5000)}, b"1234")
    with pytest.raises(ModelError, match="lists 5000 tensors"):
        model_file.read_header(path)


def test_two_tensors_over_the_same_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    row = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    put(path, {"a": row, "b": row}, b"1234")
    with pytest.raises(ModelError, match="not where the tensor before it ends"):
        model_file.read_header(path)


@pytest.mark.parametrize("odd", [10**400, float("nan"), float("inf"), "1", True, [1.0]])
def test_statistics_of_a_stranger_are_numbers_or_left_out(tmp_path: Path, odd: Any) -> None:
    path = tmp_path / "m.safetensors"
    written(path)
    header, data = split(path)
    _remade(latent={"samples": odd, "sigma": odd, "spectrum": [1.0, odd]})(header)
    put(path, header, data)
    assert model_file.read_header(path).statistics == {}


def test_texts_of_a_stranger_are_shown_without_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    spec, tensors = small("progan")
    model_file.write(path, spec, tensors, model_file.About("\x1b]0;owned\x07" * 500, "\x1b[31mfree", {"\r": "\n"}))
    about = model_file.read_header(path).about
    assert "\x1b" not in about.name + about.licence and len(about.name) <= model_file.TEXT
    assert about.provenance == {"": ""}


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "m.safetensors"
    written(path, "stylegan2")
    return path


@given(data=st.data())
def test_a_mutated_file_is_refused_or_read_as_a_model(whole_file: Path, data: st.DataObject) -> None:
    """Bytes changed, cut out or put in, in the header above all: a ModelError, or a model with every tensor."""
    raw = bytearray(whole_file.read_bytes())
    length = 8 + int.from_bytes(raw[:8], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(length + 64, len(raw) - 1)))
        what = data.draw(st.sampled_from(["set", "cut", "insert"]))
        if what == "set":
            raw[at] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del raw[at : at + data.draw(st.integers(1, 32))]
        else:
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=8))
    path = whole_file.with_name("mutated.safetensors")
    path.write_bytes(bytes(raw))
    try:
        spec, arrays = model_file.read_tensors(path)
    except ModelError:
        return
    finally:
        path.unlink()
    for name, shape in spec.shapes().items():
        assert arrays[name].shape == shape


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([10**30, -1, 0, 1e308, 2**31]), st.floats(), st.text(max_size=3),
    st.lists(st.integers(-1, 9), max_size=4), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@pytest.mark.parametrize("architecture", ["stylegan2", "stylegan3", "biggan", "progan"])
@given(data=st.data())
def test_an_odd_architecture_is_refused_or_has_sizes(architecture: str, data: st.DataObject) -> None:
    spec = small(architecture)[0]
    row = json.loads(json.dumps(spec.as_json()))
    place: Any = row
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(ODD)
    try:
        got = type(spec).of_json(row)
        shapes = got.shapes()
    except ModelError:
        return
    assert got.width > 0 and got.height > 0 and all(isinstance(n, int) and n > 0 for s in shapes.values() for n in s)
    got.gflop(got.width, got.height), got.bands(), got.controls()
