"""The command line, in this process."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import engine.cli


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """`latenz ARGUMENTS` in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["latenz", *map(str, arguments)])
        status = engine.cli.run()
        told = capsys.readouterr()
        return status, told.out, told.err

    return call
