"""Every hostile file meets what its manifest expects, directly and through the confined child, and leaves no trace."""

import json
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ModelError
from engine.generator.convert import convert
from engine.generator.foreign.read import read
from tests.engine.generator.golden import golden

READ_AS_DATA = {
    "12_persistent_module_src.pkl", "67_wrong_top_level.pkl", "68_missing_g_ema.pkl", "69_meta_wrong_version.pkl",
    "70_unknown_class.pkl",
}  # fmt: skip
"""These are plain data; that they are no checkpoint is for those to say who know what one is."""
LIMIT_S = 10
LIMIT_BYTES = 2 << 30


def manifest() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(golden("hostile/manifest.json").read_text())
    return listed


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a file that runs would show it."""
    folder = tmp_path / "canaries"
    folder.mkdir()
    monkeypatch.setenv("GAN_CANARY_DIR", str(folder))
    return folder


def test_every_hostile_file_is_refused_or_is_plain_data(canaries: Path) -> None:
    for entry in manifest():
        began = time.perf_counter()
        name = entry["file"]
        if name in READ_AS_DATA:
            read(golden(f"hostile/{name}"))
        else:
            with pytest.raises(ModelError, match=f"^{name}: refused: "):
                read(golden(f"hostile/{name}"))
        assert time.perf_counter() - began < LIMIT_S, name
    assert not list(canaries.iterdir())


def test_the_refusal_names_what_was_asked_for() -> None:
    with pytest.raises(ModelError) as caught:
        read(golden("hostile/02_posix_system_in_ckpt.pkl"))
    said = (
        "02_posix_system_in_ckpt.pkl: refused: it asks for posix.system (a pickle can run programs; latenz never does)"
    )
    assert str(caught.value) == said


def test_nothing_of_a_hostile_file_comes_through_the_confined_child(
    tmp_path: Path, canaries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def attempt(entry: dict[str, Any]) -> tuple[str, float, str]:
        began = time.perf_counter()
        try:
            convert(golden(f"hostile/{entry['file']}"), out / f"{entry['file']}.safetensors")
        except ModelError as error:
            return entry["file"], time.perf_counter() - began, str(error)
        return entry["file"], time.perf_counter() - began, ""

    with ThreadPoolExecutor(2) as pool:
        for name, took_s, said in pool.map(attempt, manifest()):
            assert took_s < LIMIT_S and said.startswith(f"{name}: refused: "), f"{name}: {took_s:.1f} s, {said}"
            assert "\n" not in said and len(said) < 600
    assert not list(canaries.iterdir()) and not list(out.iterdir()) and not list(here.iterdir())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 < LIMIT_BYTES
    assert not Path("/tmp/gan_zip_escape.txt").exists() and not Path("/abs_escape.txt").exists()
