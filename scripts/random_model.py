"""Make a model of any size with random weights: to measure speed with, and to try things out.

python scripts/random_model.py --architecture stylegan2 --resolution 256 --channel-base 2048 -o x.safetensors
python scripts/random_model.py --architecture stylegan2 --resolution 512 --pickle -o x.pkl    as NVIDIA's code writes it

Weights are drawn as each family draws them before training, so that pictures are neither black nor saturated.
"""

import argparse
import math
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.generator import model_file, statistics
from engine.generator.biggan_spec import BigGANSpec
from engine.generator.filters import lowpass
from engine.generator.progan_spec import ProGANSpec
from engine.generator.spec import Spec
from engine.generator.stylegan2_spec import StyleGAN2Spec
from engine.generator.stylegan3_design import Design
from engine.generator.stylegan3_spec import StyleGAN3Spec

Arrays = dict[str, NDArray[np.float32]]
ARCHITECTURES = ("stylegan2", "stylegan3", "stylegan3-r", "biggan", "progan")


def spec_of(
    architecture: str, resolution: int, base: int = 16384, most: int = 512, /, *, z_dim: int = 512, mapping: int = 0,
    classes: int = 0, **more: Any,
) -> Spec:  # fmt: skip
    """The published architecture at any size. base, most : channels are min(base / side, most).

    For BigGAN `most` is 16 times its channel width, and base means nothing. mapping : its layers; 0 is the usual number
    """
    sides = [4 << i for i in range(int(math.log2(resolution)) - 1)]
    channels = tuple(min(base // side, most) for side in sides)
    embed = {"classes": classes, "embed_features": z_dim if classes else 0}
    if architecture == "stylegan2":
        widths = (z_dim,) * (mapping or 8)
        return StyleGAN2Spec(z_dim, z_dim, channels, widths, **embed, **more)
    if architecture in ("stylegan3", "stylegan3-r"):
        radial = {"conv_kernel": 1, "use_radial_filters": True} if architecture == "stylegan3-r" else {}
        design = Design(resolution, **radial, **more)  # type: ignore[arg-type]
        outer = design.channels(base, most)
        widths, layers = (z_dim,) * (mapping or 2), design.layers(outer[0], outer)
        return StyleGAN3Spec(z_dim, z_dim, widths, design.fourier(outer[0]), layers, **embed)  # type: ignore[arg-type]
    if architecture == "biggan":
        return BigGANSpec.of_json(_biggan_config(resolution, most // 16, classes or 1000, z_dim))
    return ProGANSpec(z_dim, channels)


def weights_of(spec: Spec, seed: int = 0) -> Arrays:
    """Every tensor of this architecture, drawn from this seed."""
    random = np.random.RandomState(seed)
    tensors = {name: _tensor(name, shape, spec, random) for name, shape in spec.shapes().items()}
    measured = statistics.measure(spec, tensors, 1000)
    if measured is not None:
        average = tensors["mapping.w_avg"]
        tensors["mapping.w_avg"] = np.broadcast_to(measured.mean, average.shape).copy()
    return tensors


def _tensor(name: str, shape: tuple[int, ...], spec: Spec, random: np.random.RandomState) -> NDArray[np.float32]:
    own = name.rpartition(".")[2]
    value: Any
    if own.endswith("_filter"):
        value = _filter(name, shape, spec)
    elif own in ("bias", "b", "running_means", "w_avg"):
        value = np.full(shape, float(name.endswith("affine.bias")))
        if name == "synthesis.input.affine.bias":
            value = np.array([1.0, 0.0, 0.0, 0.0])
    elif own in ("running_vars", "magnitude_ema") or name == "generator.bn.weight":
        value = np.ones(shape)
    elif own in ("noise_strength", "gamma"):
        value = np.full(shape, 0.1)
    elif own == "transform":
        value = np.eye(3)
    elif own in ("freqs", "phases"):
        value = _wave(own, shape, cast(StyleGAN3Spec, spec).fourier.bandwidth, random)
    else:
        value = random.standard_normal(shape) * _scale(name, shape, spec)
    return np.asarray(value, np.float32)


def _scale(name: str, shape: tuple[int, ...], spec: Spec) -> float:
    """What the raw weight of a layer is multiplied by."""
    if name.startswith("mapping.fc"):
        return 1.0 / cast(StyleGAN2Spec | StyleGAN3Spec, spec).lr_multiplier
    if name == "synthesis.input.affine.weight":
        return 0.1
    if spec.family == "biggan" and name != "embeddings.weight":
        quiet = 0.3 if name.endswith(("scale.weight", "offset.weight", "conv_3.weight")) else 1.0
        return quiet / math.sqrt(math.prod(shape[1:]))
    return 1.0


def _filter(name: str, shape: tuple[int, ...], spec: Spec) -> NDArray[Any]:
    if isinstance(spec, StyleGAN3Spec):
        layer = next(layer for layer in spec.layers if f".{layer.name}." in name)
        if name.endswith("up_filter"):
            kernel = lowpass(layer.up_taps, layer.in_cutoff, layer.in_half_width, layer.tmp_sampling_rate)
        else:
            kernel = lowpass(
                layer.down_taps,
                layer.out_cutoff,
                layer.out_half_width,
                layer.tmp_sampling_rate,
                radial=layer.down_radial,
            )
        return cast(NDArray[Any], kernel)
    row = np.array([math.comb(shape[0] - 1, i) for i in range(shape[0])], np.float64)
    return np.outer(row, row) / row.sum() ** 2


def _wave(own: str, shape: tuple[int, ...], bandwidth: float, random: np.random.RandomState) -> NDArray[np.float64]:
    """Frequencies spread evenly over a disc, phases over a turn."""
    if own == "phases":
        return random.random_sample(shape) - 0.5
    angle = 2 * np.pi * random.random_sample(shape[0])
    radius = bandwidth * np.sqrt(random.random_sample(shape[0]))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _biggan_config(resolution: int, width: int, classes: int, z_dim: int) -> dict[str, Any]:
    """Two blocks at each size, the second of them larger; the widths of the published models."""
    doublings = int(math.log2(resolution)) - 2
    layers: list[list[Any]] = []
    before = 16
    for i in range(max(doublings, 4)):
        after = before // 2 if i >= doublings - 4 else before
        layers += [[False, before, before], [True, before, after]] if i < doublings else [[False, before, after]]
        before = after
    return {
        "output_dim": resolution, "z_dim": z_dim, "class_embed_dim": z_dim, "channel_width": width,
        "num_classes": classes, "layers": layers, "attention_layer_position": min(8, len(layers) - 2), "eps": 1e-4,
        "n_stats": 51,
    }  # fmt: skip


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description="Make a model with random weights.")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="stylegan2")
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--channel-base", type=int, default=16384)
    parser.add_argument("--channel-max", type=int, default=512)
    parser.add_argument("--z-dim", type=int, default=512)
    parser.add_argument("--mapping", type=int, default=0, help="layers of the mapping; 0 is the usual number")
    parser.add_argument("--classes", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pickle", action="store_true", help="the layout of NVIDIA's code, with G, D and G_ema")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    spec = spec_of(
        given.architecture, given.resolution, given.channel_base, given.channel_max, z_dim=given.z_dim,
        mapping=given.mapping, classes=given.classes,
    )  # fmt: skip
    tensors = weights_of(spec, given.seed)
    if given.pickle:
        from scripts.nvidia_pickle import write

        write(given.out, spec, tensors)
    else:
        about = model_file.About(given.out.stem, "Random weights: nobody's.", {"container": "random weights"})
        model_file.write(given.out, spec, tensors, about, statistics.measure(spec, tensors))
    print(f"{given.out}: {spec.family} {spec.width}x{spec.height}, {given.out.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
