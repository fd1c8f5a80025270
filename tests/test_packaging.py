"""The wheel is whole: built, unpacked elsewhere and run from there, it finds its shows and effects."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import needed
from tests.shows.live import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel. Needs hatchling, not the network."""
    needed("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it lies in a site-packages of its own."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


def latenz(installed: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the installed command from another folder; the checkout is out of sight."""
    code = "import sys; from engine.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(installed), "LATENZ_CACHE": str(folder / "cache")}
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_the_wheel_holds_every_module_show_and_effect(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    data = {
        f"engine/_data/{path.relative_to(ROOT)}"
        for kind in ("shaders", "presets")
        for path in (ROOT / kind).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    modules = {
        str(path.relative_to(ROOT))
        for package in ("engine", "mappings")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".npz")
    }
    assert any(name.endswith("first_light/show.toml") for name in data)
    assert any(name.endswith("feedback.fs") for name in data)
    assert data <= names and modules <= names, sorted((data | modules) - names)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        tops = {name.partition("/")[0] for name in file.namelist()}
        metadata = next(file.read(n).decode() for n in file.namelist() if n.endswith("METADATA"))
        points = next(file.read(n).decode() for n in file.namelist() if n.endswith("entry_points.txt"))
        assert not [name for name in file.namelist() if name.endswith(".pyc") or "__pycache__" in name]
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "mappings"}
    assert "latenz = engine.cli:main" in points
    assert "Requires-Python: <3.14,>=3.11" in metadata and "License-File: LICENSE" in metadata


def test_an_installed_wheel_finds_its_own_shows_and_effects(installed: Path, tmp_path: Path) -> None:
    code = "from engine.paths import data_dir; print(data_dir('shaders')); print(data_dir('presets'))"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-P", "-c", code]
    told = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.split() == [str(installed / "engine" / "_data" / kind) for kind in ("shaders", "presets")]
    for show in ("first_light", "score"):
        done = latenz(installed, tmp_path, "check", show)
        assert done.returncode == 0 and done.stderr == "", done.stderr
    assert str(installed) in latenz(installed, tmp_path, "check", "mosaic", "--json").stdout


def test_an_installed_wheel_plays_in_all_its_processes(installed: Path, tmp_path: Path) -> None:
    # A folder that is played from may hold files called like our modules: they must not be loaded.
    (tmp_path / "mappings.py").write_text("raise SystemExit('not this one')\n")
    done = latenz(
        installed, tmp_path, "play", "first_light", "--headless", "--seconds", "0.5", "--size", "96x64",
        "--osc", "127.0.0.1:0", "--snapshot", "last.png",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "starting it again" not in done.stderr and " 0 black" in done.stderr
    assert (tmp_path / "last.png").stat().st_size > 1000


def test_an_installed_wheel_makes_a_show(installed: Path, tmp_path: Path) -> None:
    assert latenz(installed, tmp_path, "new", "mine").returncode == 0
    done = latenz(installed, tmp_path, "check", "mine")
    assert done.returncode == 0 and "feedback.fs" in done.stdout
