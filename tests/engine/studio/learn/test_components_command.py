"""`latenz learn components` leaves a bank and its picture, and says by name what it refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from engine import cli
from engine.latent.directions import Directions
from tests.engine.generator.golden import golden

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command; its exit status."""

    def learn(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["latenz", "learn", "components", "--threads", "1", *words])
        return cli.run()

    return learn


def test_a_bank_and_a_picture_are_left_and_more_is_added(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, model = tmp_path / "found.safetensors", str(golden("pggan_32.pth"))
    assert run("--model", model, "--count", "2", "--samples", "200", "-o", str(out), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [d["name"] for d in told["directions"]] == ["c01", "c02"] and told["bank"] == str(out)
    bank = Directions.load(out)
    assert bank.names == ("c01", "c02") and bank["c01"].model_hash and bank["c01"].space == "z"
    assert bank["c01"].method == "components of layer:layer1" and bank["c01"].measures["correlation"] > 0.5
    with Image.open(tmp_path / "found.png") as picture:
        assert picture.format == "PNG" and picture.width > 400
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.png", "found.safetensors"]
    assert run("--model", model, "--of", "sefa", "--count", "1", "--name", "s", "--add", "-o", str(out)) == 0
    assert "s01: sigma 1 in z" in capsys.readouterr().out
    assert Directions.load(out).names == ("c01", "c02", "s01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--of", "layer:b9"), "has no layer 'b9'"),
        (("--of", "everything"), "give w, z, sefa, or layer:NAME"),
        (("--layers", "0-20"), "has 0 to 9"),
        (("--without", "huee"), "hue"),
        (("--class", "3"), "no classes"),
    ],
)
def test_what_is_refused_is_said_and_leaves_nothing(
    words: tuple[str, ...], said: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--model", "tulip", "-o", str(tmp_path / "found.safetensors"), *words) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_weights_is_refused(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--model", "silk", "-o", str(tmp_path / "found.safetensors")) == 2
    assert "no weights to learn from" in capsys.readouterr().err
