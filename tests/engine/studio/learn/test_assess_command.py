"""`latenz learn assess`: what it writes, and what it says of bad input."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli import main as _commands  # noqa: F401  # registers every command
from engine.cli.app import app
from engine.errors import InputError
from engine.latent.directions import Directions
from tests.engine.generator.golden import golden

FEW = ["--places", "16", "--steps", "1", "--batch", "4", "--threads", "1", "--side", "32"]


def called(*words: object) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(app, ["learn", "assess", *map(str, words)])
    return done.exit_code, done.output, done.exception


def test_a_conditional_models_classes_get_their_banks_and_strips(tmp_path: Path) -> None:
    out = tmp_path / "light.safetensors"
    model = golden("biggan_deep_32")
    words = [
        "--model",
        model,
        "--assessor",
        "brightness",
        "--hold",
        "redness",
        "--each-class",
        "--class",
        1,
        "--class",
        2,
    ]
    code, said, error = called(*words, *FEW, "--name", "light", "-o", out, "--json")
    assert code == 0, (said, error)
    told = json.loads(said[said.index("{") : said.rindex("}") + 1])
    bank = Directions.load(out)
    assert bank.names == ("light@1", "light@2")
    assert all(d.model_hash and "brightness, redness=0" in d.method for d in bank)
    assert [row["class"] for row in told["directions"]] == [1, 2]
    assert {"slope", "r2", "monotone", "chance", "deviations", "sigma_per_deviation"} <= set(bank["light@1"].measures)
    assert out.with_suffix(".png").stat().st_size > 1000
    assert not list(tmp_path.glob("*.work.safetensors"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--assessor", "brightnes"], 'did you mean "brightness"'),
        (["--assessor", "hue", "--assessor", "hue=2"], "asked for twice"),
        (["--assessor", "hue", "--hold", "hue"], "asked for twice, or held too"),
        (["--assessor", "hue", "--layers", "77"], "--layers 77: tulip has 0 to"),
        (["--assessor", "hue", "--space", "w", "--shell"], "--shell keeps the length of z"),
        (["--assessor", "hue", "--each-class"], "--each-class: tulip has no classes"),
        (["--assessor", "hue", "--without", "bloon"], 'did you mean "bloom"'),
        (["--assessor", "gone.onnx"], "gone.onnx: no such file"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(tmp_path: Path, words: list[str], said: str) -> None:
    _, _, error = called("--model", "tulip", *words, *FEW, "-o", tmp_path / "x.safetensors")
    assert isinstance(error, InputError) and said in str(error)
    assert not list(tmp_path.iterdir())
