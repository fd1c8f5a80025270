"""Make the pictures of docs/models.md out of models with random weights: python scripts/model_pictures.py"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from random_model import spec_of, weights_of

from engine.generator import model_file, statistics
from engine.generator.catalog import How, open_model
from engine.preset import load_show
from engine.show.stepped import Stepped
from engine.stage.offscreen import Offscreen

OUT = Path(__file__).resolve().parent.parent / "docs" / "img"
FAMILIES = ("stylegan2", "stylegan3", "biggan", "progan")
SIDE_PX = 240
WALL = """[generator]
model = "stylegan2.safetensors"
seed = {seed}
psi = 0.5
{more}
[stage]
size = [{size}]
"""


def made(folder: Path, name: str, architecture: str, seed: int) -> Path:
    """A model of this architecture with random weights."""
    spec = spec_of(architecture, 128, 4096, 128, z_dim=64, classes=4 if architecture == "biggan" else 0)
    tensors = weights_of(spec, seed)
    path = folder / f"{name}.safetensors"
    model_file.write(path, spec, tensors, model_file.About(name), statistics.measure(spec, tensors))
    return path


def still(model: Path, seed: int) -> np.ndarray:
    """One picture of a model at its own size, enlarged."""
    generator = open_model(str(model), "cpu", 2, How(live=False))
    generator.prepare(1, generator.info.width, generator.info.height)
    z = np.random.RandomState(seed).randn(1, 1, generator.info.z_dim)
    picture = generator.draw(generator.map(z, 0.7), {"psi": 0.7})[0, :, :, :3].copy()
    generator.close()
    return np.asarray(Image.fromarray(picture).resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS))


def frame(folder: Path, size: tuple[int, int], more: str, seed: int = 3) -> np.ndarray:
    """What a show draws first."""
    path = folder / "show.toml"
    path.write_text(WALL.format(seed=seed, more=more, size=f"{size[0]}, {size[1]}"), "utf-8")
    show = load_show(path)
    with Offscreen(*show.size) as stage:
        stepped = Stepped(show, stage, threads=2)
        picture = stepped.frame()
        stepped.close()
    return picture


def kept(name: str, picture: np.ndarray) -> None:
    """Write it among the pictures of the documents."""
    path = OUT / name
    Image.fromarray(picture).save(path, quality=85, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size >> 10} KB, mean {picture.mean():.0f}\n")


def main() -> None:
    """All of them."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        kept("models_families.jpg", np.hstack([still(made(folder, name, name, 6), 4) for name in FAMILIES]))
        made(folder, "other", "stylegan2", 2)
        kept("models_wall.jpg", frame(folder, (960, 270), 'size = "fill"'))
        blends = (
            f'second = "other.safetensors"\n[controls]\n"/generator/blend" = {amount}'
            for amount in (0, 0.25, 0.5, 0.75, 1)
        )
        kept("models_blend.jpg", np.hstack([frame(folder, (192, 192), blend) for blend in blends]))


if __name__ == "__main__":
    main()
