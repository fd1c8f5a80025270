"""Models of random weights can be made of every family, and what they draw is neither black, flat nor saturated."""

from pathlib import Path

import numpy as np
import pytest

from engine.generator import convert, model_file
from engine.generator.catalog import How
from engine.generator.network import Network
from scripts import random_model

SIZES = {
    "stylegan2": (64, 1024, 64), "stylegan3": (32, 512, 32), "stylegan3-r": (32, 512, 32), "biggan": (32, 0, 128),
    "progan": (64, 1024, 64),
}  # fmt: skip


def made(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["random_model.py", *map(str, arguments)])
    random_model.main()


@pytest.mark.parametrize("architecture", random_model.ARCHITECTURES)
def test_its_pictures_have_something_to_see(
    tmp_path: Path, architecture: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    resolution, base, most = SIZES[architecture]
    path = tmp_path / "m.safetensors"
    sizes = ("--resolution", resolution, "--channel-base", base, "--channel-max", most, "--z-dim", 32)
    made(
        monkeypatch,
        "--architecture",
        architecture,
        *sizes,
        "--classes",
        4 if architecture == "biggan" else 0,
        "-o",
        path,
    )
    assert f"{resolution}x{resolution}" in capsys.readouterr().out
    network = Network(path, "cpu", 1, How(backend="eager", live=False))
    network.prepare(1, resolution, resolution)
    picture = network.image(network.map(np.random.RandomState(0).randn(1, 1, 32), 1.0), {})
    network.close()
    assert np.isfinite(picture).all() and picture.std() > 0.03
    assert np.mean(np.abs(picture) > 0.99) < 0.8 and not np.all(picture < -0.9)


def test_the_same_seed_makes_the_same_model_and_its_pickle_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    common = ("--resolution", 32, "--channel-base", 256, "--channel-max", 16, "--z-dim", 16, "--seed", 5)
    made(monkeypatch, *common, "-o", tmp_path / "m.safetensors")
    made(monkeypatch, *common, "--pickle", "-o", tmp_path / "m.pkl")
    out = convert.convert(tmp_path / "m.pkl", tmp_path / "converted.safetensors")
    first, second = model_file.read_header(tmp_path / "m.safetensors"), model_file.read_header(out)
    assert first.hash == second.hash and first.spec == second.spec
