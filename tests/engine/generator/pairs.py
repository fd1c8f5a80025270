"""Two small models of one architecture, as files."""

from pathlib import Path

from engine.generator import model_file
from engine.generator.model_file import About
from tests.engine.generator.small_models import SPECS, tensors_of

FAMILIES = ("stylegan2 skip", "stylegan2 resnet", "stylegan3-t", "stylegan3-r", "biggan", "progan")


def pair(family: str, folder: Path) -> tuple[Path, Path]:
    """Files of two models that differ in every weight."""
    spec = SPECS[family]()
    paths = folder / "first.safetensors", folder / "second.safetensors"
    for seed, path in enumerate(paths):
        tensors = {name: tensor.numpy() for name, tensor in tensors_of(spec, seed).items()}
        model_file.write(path, spec, tensors, About(path.stem))
    return paths
