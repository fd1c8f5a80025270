"""Say what a model is: for `inspect`, and after `convert`."""

from pathlib import Path
from typing import Any

from engine.generator import convert, model_file
from engine.generator.base import ModelInfo

TITLES = {"stylegan2": "StyleGAN2", "stylegan3": "StyleGAN3", "biggan": "BigGAN-deep", "progan": "Progressive GAN",
          "tulip": "Tulip"}  # fmt: skip
CHECKPOINTS = (".pkl", ".pt", ".pth", ".bin")


def is_checkpoint(path: Path) -> bool:
    """Whether a file or a folder looks like a model to convert, by its name or by what lies in it."""
    if path.is_dir():
        return not (path / "show.toml").exists() and any((path / name).is_file() for name in convert.WEIGHTS)
    return path.suffix.lower() in CHECKPOINTS


def rows(info: ModelInfo) -> dict[str, Any]:
    """What a model knows of itself, as plain data."""
    return {
        "kind": "model", "name": info.name, "architecture": info.architecture, "z_dim": info.z_dim,
        "w_dim": info.w_dim, "num_ws": info.num_ws, "size": [info.width, info.height],
        "any_size": not info.native, "bands": {b.name: [b.first, b.last] for b in info.bands},
        "licence": info.licence, "provenance": info.provenance, "hash": info.hash,
    }  # fmt: skip


def file_rows(path: Path, tell: convert.Tell = convert.silent) -> dict[str, Any]:
    """What a model file is, or a foreign checkpoint, which is converted into the user's cache first."""
    played = convert.playable(path, tell)
    info = model_file.info(played)
    extra = info.extra
    tell(f"reading the weights of {path.name}")
    found = model_file.weights_hash(model_file.weights(played))
    card = {"card": extra["card"]} if "card" in extra else {}
    return rows(info) | {
        "architecture": TITLES.get(info.architecture, info.architecture),
        "classes": extra["classes"],
        "parameters": extra["parameters"],
        "gflop_per_frame": round(extra["gflop"], 3),
        "was": extra["provenance"],
        "intact": found == info.hash,
        "latent": _latent(extra["statistics"]),
        "controls": {c["address"]: [c["low"], c["high"], c["default"]] for c in extra["controls"]},
        "settings": {k: v for k, v in extra["settings"].items() if isinstance(v, int | float | str | bool)},
        **card,
    }


def sentence(path: Path) -> str:
    """What was converted, for a person."""
    info = model_file.info(path)
    extra = info.extra
    size = f"{TITLES.get(info.architecture, info.architecture)} {info.width}x{info.height}"
    classes = f", {extra['classes']} classes" if extra["classes"] else ""
    work = f"{extra['parameters'] / 1e6:.3g} million parameters, {extra['gflop']:.3g} GFLOP a picture"
    return f"{path}: {size}{classes}, {work}\n{info.licence}"


def _latent(statistics: dict[str, Any]) -> dict[str, Any]:
    """How w is spread, in short."""
    spectrum, sigma = statistics.get("spectrum"), statistics.get("sigma")
    if not spectrum or not sigma:
        return {}
    half, held = 0, 0.0
    while held < sigma**2 / 2 and half < len(spectrum):
        held, half = held + spectrum[half], half + 1
    widest = [round(max(0.0, value) ** 0.5, 4) for value in spectrum[:3]]
    return {"samples": statistics.get("samples"), "sigma": round(sigma, 4), "widest_axes_sigma": widest,
            "axes_of_half_the_variance": half}  # fmt: skip
