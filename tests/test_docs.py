"""The commands in the documents run as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")

COMMANDS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), 1)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a song and a checkpoint in it, as the documents assume."""
    path = tmp_path_factory.mktemp("docs")
    subprocess.run([sys.executable, ROOT / "scripts" / "tune.py", path / "song.wav", "6"], check=True)
    small = ["--resolution", "64", "--channel-base", "1024", "--channel-max", "32", "--z-dim", "64", "--pickle"]
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "random_model.py", *small, "-o", path / "network.pkl"], check=True
    )
    return path


@pytest.mark.real
@pytest.mark.parametrize("block", COMMANDS)
def test_a_block_of_commands_runs(block: str, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "latenz", f"a ```sh block holds latenz commands only (use ```text for others): {line}"
        done = subprocess.run(
            [sys.executable, "-m", "engine", *words[1:]],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=170,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_are_there(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links {target}, which is not there"


def test_every_page_is_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for page in PAGES[1:]:
        assert f"docs/{page.name}" in text, f"README.md does not link docs/{page.name}"
