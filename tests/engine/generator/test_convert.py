"""`latenz convert`: foreign checkpoints become models of our own, whole or not at all, and nothing of theirs runs."""

import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.cli
from engine.errors import InputError, ModelError
from engine.generator import convert, model_file
from engine.generator.foreign.read import read
from engine.generator.foreign.values import Stub
from engine.generator.foreign.write import Wanted, write
from engine.studio.inspect import inspect
from scripts.nvidia_pickle import record
from scripts.nvidia_pickle import write as write_pickle
from tests.engine.generator.foreign_files import (
    biggan_folder,
    dump,
    progan_pth,
    rosinality_pt,
    small,
    tensorflow_pickle,
)
from tests.engine.generator.golden import assert_near, golden

STYLE = ("sg2_32_sg3repo_modern", "sg2_64_uncond", "sg2_64_cond3_clamp", "sg3t_64_uncond", "sg3r_64_xform")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    spec, tensors = small("progan")
    return progan_pth(tmp_path / "faces.pth", tensors)


@pytest.mark.parametrize("case", STYLE)
def test_every_tensor_of_a_genuine_pickle_comes_through_bit_by_bit(tmp_path: Path, case: str) -> None:
    said = json.loads(golden(f"{case}.json").read_text())["tensors"]["G_ema"]
    out = convert.convert(golden(f"{case}.pkl"), tmp_path / "m.safetensors")
    weights = model_file.weights(out)
    assert weights and set(weights) <= set(said)
    for name, array in weights.items():
        assert list(array.shape) == said[name]["shape"]
        assert sha256(np.ascontiguousarray(array, "<f4").tobytes()).hexdigest() == said[name]["sha256"], name
    left_out = set(said) - set(weights)
    assert all(name.endswith("resample_filter") for name in left_out)
    assert np.array_equal(weights["mapping.w_avg"], np.load(golden(f"{case}.npz"))["w_avg"])


def test_a_genuine_biggan_folder_comes_through_with_its_effective_weights(tmp_path: Path) -> None:
    out = convert.convert(golden("biggan_deep_32"), tmp_path / "m.safetensors")
    weights, arrays = model_file.weights(out), np.load(golden("biggan_deep_32") / "golden.npz")
    names = [name for name in arrays if name.startswith("effective_weight:")]
    assert len(names) > 3
    for name in names:
        mine = weights[f"{name.partition(':')[2]}.weight"]
        assert_near(mine, arrays[name][: len(mine)], 1e-5, name)


def test_a_progressive_gan_keeps_its_tensors(tmp_path: Path) -> None:
    said = json.loads(golden("pggan_32.json").read_text())["tensors"]
    said = said.get("state_dict", said)
    weights = model_file.weights(convert.convert(golden("pggan_32.pth"), tmp_path / "m.safetensors"))
    for name, array in weights.items():
        assert sha256(np.ascontiguousarray(array).tobytes()).hexdigest() == said[name]["sha256"]


def test_the_model_says_what_it_was_and_whose(checkpoint: Path) -> None:
    out = convert.convert(checkpoint)
    assert out == checkpoint.with_suffix(".safetensors")
    about = model_file.read_header(out).about
    assert about.name == "faces" and "author" in about.licence
    assert about.provenance["file"] == "faces.pth"
    assert about.provenance["sha256"] == sha256(checkpoint.read_bytes()).hexdigest()
    assert about.provenance["container"] == "GAN Dissection .pth"


def test_an_average_that_a_file_lacks_is_measured(tmp_path: Path) -> None:
    spec, tensors = small("stylegan2")
    out = convert.convert(rosinality_pt(tmp_path / "m.pt", tensors, average=False))
    arrays = model_file.read_tensors(out)[1]
    assert np.array_equal(arrays["mapping.w_avg"], arrays["latent.w_mean"]) and arrays["latent.w_mean"].any()


def test_our_own_output_is_written_anew_and_nothing_else_is(checkpoint: Path, tmp_path: Path) -> None:
    out = convert.convert(checkpoint)
    assert convert.convert(checkpoint) == out
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"precious")
    with pytest.raises(InputError, match="not made by latenz"):
        convert.convert(checkpoint, other)
    assert other.read_bytes() == b"precious"


@pytest.mark.parametrize("name, said", [("m.pkl", "as .safetensors"), ("none/m.safetensors", "no folder")])
def test_where_it_cannot_be_written_is_said_before_the_work(checkpoint: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        convert.convert(checkpoint, checkpoint.parent / name)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        convert.convert(tmp_path / "none.pkl")
    with pytest.raises(ModelError, match="no pytorch_model"):
        convert.convert(tmp_path)


def test_a_model_of_ours_needs_no_conversion(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model_file.write(path, *small("progan"), model_file.About("m"))
    with pytest.raises(ModelError, match="already; play it as it is"):
        convert.convert(path, tmp_path / "other.safetensors")


@pytest.mark.parametrize("number, status", [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
def test_an_end_in_the_middle_leaves_nothing(checkpoint: Path, tmp_path: Path, number: str, status: int) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "engine", "convert", str(checkpoint), "-o", str(out / "m.safetensors")]
    running = subprocess.Popen(command, cwd=Path(engine.cli.__file__).parents[2], stderr=subprocess.DEVNULL)
    try:
        while running.poll() is None and not list(out.iterdir()):
            time.sleep(0.005)
        running.send_signal(getattr(signal, number))
        assert running.wait(30) == status
    finally:
        running.kill()
        running.wait()
    assert not list(out.iterdir())


def test_a_name_that_is_no_path_and_a_cache_that_cannot_be_made_are_said(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for out in None, checkpoint.with_suffix(".safetensors"):
        with pytest.raises(ModelError, match="cannot be read"):
            convert.convert(checkpoint.with_name("a" * 300), out)
        with pytest.raises(ModelError, match="no such file"):
            convert.convert(checkpoint / "x.pkl", out)
    monkeypatch.setenv("LATENZ_CACHE", str(checkpoint / "cache"))
    assert convert.convert(checkpoint).exists()
    with pytest.raises(InputError, match="set LATENZ_CACHE"):
        convert.cached(checkpoint)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_a_pipe_is_neither_read_nor_written(checkpoint: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)
    with pytest.raises(ModelError, match="no ordinary file"):
        convert.convert(pipe, tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="not made by latenz"):
        convert.convert(checkpoint, pipe)


@pytest.mark.skipif(sys.platform != "linux", reason="no disk that is always full")
def test_a_disk_that_takes_no_model_is_named_and_nothing_stays(checkpoint: Path, tmp_path: Path) -> None:
    script = (
        "import resource, sys, engine.cli; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "sys.argv = ['latenz', 'convert', sys.argv[1]]; engine.cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", script, str(checkpoint)], capture_output=True, text=True)
    assert done.returncode == 2 and "its model cannot be written (File too large)" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) in (["faces.pth"], ["cache", "faces.pth"])


def test_a_config_that_cannot_be_handed_on_is_refused(tmp_path: Path) -> None:
    folder = biggan_folder(tmp_path / "big", *small("biggan", classes=4))
    text = (folder / "config.json").read_text()
    for more in "[" + "1e15," * 3000 + "1]", '"' + "x" * 20_000 + '"', "[" * 970 + "]" * 970:
        (folder / "config.json").write_text(f'{text[:-1]}, "more": {more}}}')
        with pytest.raises(ModelError, match="at most 16 KiB"):
            convert.convert(folder)


def test_no_word_of_a_file_steers_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    folder = biggan_folder(tmp_path / "\x1b]0;mine\x07", *small("biggan", classes=4))
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    torch.save(state | {"\x1b[2J.weight_orig": torch.zeros(2, 2)}, folder / "pytorch_model.bin")
    monkeypatch.setattr("sys.argv", ["latenz", "convert", str(folder)])
    assert engine.cli.run() == 2
    told = capsys.readouterr().err.rstrip("\n")
    assert told.isprintable() and "\\x1b[2J lacks the vectors" in told
    with pytest.raises(ModelError, match=r"\\x1b\[2J lacks"):
        convert.convert(folder, tmp_path / "m.safetensors")


def test_upstream_exact_is_kept_for_biggan_and_refused_for_others(checkpoint: Path, tmp_path: Path) -> None:
    folder = biggan_folder(tmp_path / "big", *small("biggan", classes=4))
    out = convert.convert(folder, upstream_exact=True)
    assert out == tmp_path / "big.safetensors" and model_file.read_header(out).spec.as_json()["upstream_exact"] is True
    with pytest.raises(ModelError, match="upstream-exact is for BigGAN"):
        convert.convert(checkpoint, upstream_exact=True)


def test_a_biggan_in_safetensors_is_converted_too(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    spec, tensors = small("biggan", classes=4)
    folder = biggan_folder(tmp_path / "big", spec, tensors)
    save_file(torch.load(folder / "pytorch_model.bin", weights_only=True), folder / "model.safetensors")
    (folder / "pytorch_model.bin").unlink()
    for source in folder, folder / "model.safetensors":
        assert convert.is_foreign(source)
        assert model_file.read_header(convert.playable(source)).spec == spec


def test_a_checkpoint_is_converted_once_for_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    assert convert.converted(checkpoint) is None
    first = convert.cached(checkpoint)
    made = first.stat().st_mtime_ns
    copy = Path(shutil.copy(checkpoint, tmp_path / "copy.pth"))
    assert convert.cached(copy) == first == convert.playable(checkpoint) == convert.converted(checkpoint)
    assert first.stat().st_mtime_ns == made
    first.write_bytes(first.read_bytes()[:-5])
    assert convert.cached(checkpoint) == first and model_file.read_header(first).about.name == "faces"
    tensors = small("progan")[1]
    tensors["layer1.wscale.b"] += 1
    assert convert.cached(progan_pth(checkpoint, tensors)) != first


def test_our_own_models_are_played_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model_file.write(path, *small("progan"), model_file.About("m"))
    assert not convert.is_foreign(path) and convert.playable(path) == path


def test_two_at_once_both_get_a_whole_model(checkpoint: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(convert.cached(checkpoint))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and found[0] == found[1]
    assert model_file.read_header(found[0]) and [p.name for p in found[0].parent.iterdir()] == [found[0].name]


def test_the_command_says_what_it_made_and_why_it_refuses(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["latenz", *map(str, arguments)])
        status = engine.cli.run()
        return status, capsys.readouterr().err

    status, told = run("convert", checkpoint)
    assert status == 0 and "Progressive GAN 16x16" in told and "author" in told and "GFLOP" in told
    (checkpoint.parent / "list.pkl").write_bytes(b"]q\x00.")
    status, told = run("convert", checkpoint.parent / "list.pkl")
    assert status == 2 and told.startswith("list.pkl: refused: not a checkpoint: it holds a list")
    assert not (checkpoint.parent / "list.safetensors").exists()


HOSTILE = (
    "02_posix_system_in_ckpt.pkl", "12_persistent_module_src.pkl", "20_torch_legacy_exec.bin", "47_zip_bomb_deflate.pth",
    "68_missing_g_ema.pkl", "71_self_referencing_dict.pkl",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries, folder = tmp_path / "canaries", tmp_path / "here"
    canaries.mkdir(), folder.mkdir()
    monkeypatch.setenv("GAN_CANARY_DIR", str(canaries))
    source = Path(shutil.copy(golden("hostile") / name, folder / name))
    with pytest.raises(ModelError, match=f"^{name.replace('.', '[.]')}: refused: ") as caught:
        convert.convert(source)
    assert "\n" not in str(caught.value)
    assert [p.name for p in folder.iterdir()] == [name] and not list(canaries.iterdir())


@pytest.mark.parametrize("value", [np.nan, 1e300])
def test_weights_that_are_no_numbers_are_refused_by_name(tmp_path: Path, value: float) -> None:
    spec, tensors = small("stylegan2")
    wide = tensors["synthesis.b8.conv1.bias"].astype(np.float64)
    wide[3] = value
    tensors["synthesis.b8.conv1.bias"] = wide  # type: ignore[assignment]
    write_pickle(tmp_path / "m.pkl", spec, tensors)
    with pytest.raises(ModelError, match=r"synthesis\.b8\.conv1\.bias holds values that are no numbers"):
        convert.convert(tmp_path / "m.pkl")


def test_a_checkpoint_is_inspected_through_its_converted_form(checkpoint: Path, tmp_path: Path) -> None:
    data = inspect(str(checkpoint))
    assert data["kind"] == "model" and data["architecture"] == "Progressive GAN" and data["size"] == [16, 16]
    assert data["parameters"] > 0 and data["gflop_per_frame"] > 0 and data["intact"] and "author" in data["licence"]
    assert data["was"]["file"] == "faces.pth" and data["bytes"] == checkpoint.stat().st_size
    again = inspect(str(convert.convert(checkpoint)))
    assert again["hash"] == data["hash"]
    json.dumps(data, allow_nan=False)


def test_a_biggan_folder_is_inspected_with_its_classes(tmp_path: Path) -> None:
    data = inspect(str(biggan_folder(tmp_path / "big", *small("biggan", classes=4))))
    assert data["architecture"] == "BigGAN-deep" and data["classes"] == 4 and not data["any_size"]


def test_a_changed_weight_shows_when_a_model_is_inspected(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model_file.write(path, *small("progan"), model_file.About("m"))
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(bytes(raw))
    assert inspect(str(path))["intact"] is False


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every place in plain data that can be given another value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            _places(value[key], found)
    elif isinstance(value, tuple):
        for inner in value:
            _places(inner, found)
    elif isinstance(value, Stub):
        _places(value.args, found)
        _places(value.state, found)
    return found


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 3, 10**400, 0.5, math.nan, math.inf, "", "a", "lrelu", b"x", (), [], [[]], {}, {1: 2},
    {"_modules": {}}, Stub("x.y"), np.zeros(3), np.zeros((2, 2), "f4"), np.zeros(0), np.zeros((), "i8"),
)  # fmt: skip
KINDS: dict[str, Callable[[Path], Path]] = {
    "stylegan2": lambda path: _pickled(path, "stylegan2"),
    "stylegan3": lambda path: _pickled(path, "stylegan3"),
    "tensorflow": lambda path: tensorflow_pickle(path / "m.pkl", small("stylegan2")[1]),
    "rosinality": lambda path: rosinality_pt(path / "m.pt", small("stylegan2")[1]),
    "progan": lambda path: progan_pth(path / "m.pth", small("progan")[1], wrapped=True),
    "biggan": lambda path: biggan_folder(path / "m", *small("biggan", classes=2)) / "pytorch_model.bin",
}


def _pickled(path: Path, architecture: str) -> Path:
    dump({"G_ema": record(*small(architecture))}, path / "m.pkl", 4)
    return path / "m.pkl"


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_plain_data_with_an_odd_part_is_refused_or_makes_a_model(
    genuine: dict[str, Path], kind: str, seed: int
) -> None:
    config = small("biggan", classes=2)[0].as_json() if kind == "biggan" else None
    found = {"data": read(genuine[kind])}
    random = np.random.RandomState(seed)
    for _ in range(random.randint(1, 3)):
        places = _places(found, [])
        place, key = places[random.randint(len(places))]
        if isinstance(place, dict) and random.randint(4) == 0:
            place[f"x{random.randint(9)}"] = place.pop(key)
        else:
            place[key] = ODD[random.randint(len(ODD))]
    try:
        header = write(found.get("data"), io.BytesIO(), Wanted("m", "0" * 64, "m", config))
    except ModelError as error:
        assert len(str(error)) < 1000
        return
    assert header.parameters > 0


def test_a_switch_that_is_no_switch_is_off(genuine: dict[str, Path]) -> None:
    def fp16_blocks(switch: Any) -> int:
        data = read(genuine["stylegan2"])
        for place, key in _places(data, []):
            if key == "use_fp16":
                place[key] = switch
        return int(write(data, io.BytesIO(), Wanted("m", "0" * 64, "m", None)).spec.as_json()["num_fp16_res"])

    assert fp16_blocks(True) == fp16_blocks(np.True_) > 0
    assert fp16_blocks(False) == fp16_blocks(np.ones(3)) == fp16_blocks("yes") == 0


def test_what_a_killed_conversion_left_in_the_cache_is_swept(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    old, young = folder / ".m.0.part", folder / ".m.1.part"
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (time.time() - 7200.0,) * 2)
    made = convert.cached(checkpoint)
    assert set(folder.iterdir()) == {made, young}, "another conversion may be at work on the young one"
