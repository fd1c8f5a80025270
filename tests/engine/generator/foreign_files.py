"""Foreign checkpoints made from canonical tensors: each is the inverse of what a reader of its layout must do.

Nothing here was written by the original programs; sizes, names and orientations are theirs.
"""

import argparse
import json
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.generator.biggan_spec import BigGANSpec
from engine.generator.spec import Spec
from scripts.nvidia_pickle import Network, dump
from scripts.random_model import spec_of, weights_of

Arrays = dict[str, NDArray[np.float32]]
TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 64


def small(architecture: str, /, **more: Any) -> tuple[Spec, Arrays]:
    """A small model whose every tensor has its own values."""
    sizes = {"stylegan2": (16, 256, 24), "biggan": (32, 0, 128), "progan": (16, 256, 24)}
    resolution, base, most = sizes.get(architecture, (32, 256, 16))
    z_dim = 8 if architecture == "biggan" else 16
    spec = spec_of(architecture, resolution, base, most, z_dim=z_dim, **{"mapping": 2, **more})
    random = np.random.RandomState(7)
    kept = ("_filter", "transform", "running_vars", "magnitude_ema")
    tensors = {
        name: array if name.endswith(kept) else (array + 0.1 * random.standard_normal(array.shape)).astype(np.float32)
        for name, array in weights_of(spec, 3).items()
    }
    return spec, tensors


def tensorflow_pickle(path: Path, tensors: Arrays, *, version: int = 4, protocol: int = 2, **settings: Any) -> Path:
    """The tuple (G, D, Gs) of NVIDIA's TensorFlow code."""
    mapping, synthesis, own = [], [], [("lod", np.float32(0)), ("dlatent_avg", tensors["mapping.w_avg"])]
    for name, array in tensors.items():
        if name.endswith("_filter") or name == "mapping.w_avg":
            continue
        path_to, _, last = name.rpartition(".")
        if name.startswith("mapping."):
            layer = path_to.removeprefix("mapping.")
            layer = "LabelEmbed" if layer == "embed" else layer.replace("fc", "Dense")
            mapping.append((f"{layer}/{last}", array.T if last == "weight" else array))
        else:
            synthesis.append(_tensorflow_variable(path_to.removeprefix("synthesis."), last, array))

    def network(name: str, variables: list[Any], components: Mapping[str, Any]) -> Network:
        state = {"version": version, "name": name, "static_kwargs": settings, "components": components,
                 "build_module_src": "raise SystemExit", "build_func_name": name, "variables": variables}  # fmt: skip
        return Network(state)

    parts = {"mapping": network("G_mapping", mapping, {}), "synthesis": network("G_synthesis", synthesis, {})}
    blank = network("D", [("weight", np.zeros(4, np.float32))], {})
    dump((blank, blank, network("Gs", own, parts)), path, protocol)
    return path


def _tensorflow_variable(path: str, last: str, array: NDArray[np.float32]) -> tuple[str, NDArray[np.float32]]:
    if last == "const":
        return "4x4/Const/const", array[None]
    block, *rest = path.split(".")
    size = int(block[1:])
    layer = {"conv0": "Conv0_up", "conv1": "Conv" if size == 4 else "Conv1", "torgb": "ToRGB", "skip": "Skip"}[rest[0]]
    prefix = f"{size}x{size}/{layer}"
    if last == "noise_const":
        octave = int(math.log2(size))
        number = 0 if size == 4 else 2 * octave - (5 if rest[0] == "conv0" else 4)
        return f"noise{number}", array[None, None]
    if rest[1:] == ["affine"]:
        return (f"{prefix}/mod_weight", array.T) if last == "weight" else (f"{prefix}/mod_bias", array - 1)
    if last == "weight":
        kernel = array.transpose(2, 3, 1, 0)
        return f"{prefix}/weight", (kernel[::-1, ::-1] if layer in ("Conv0_up", "Skip") else kernel).copy()
    return f"{prefix}/{last}", array


def rosinality_state(tensors: Arrays) -> "OrderedDict[str, torch.Tensor]":
    """The g_ema of stylegan2-pytorch."""
    state: OrderedDict[str, torch.Tensor] = OrderedDict()
    for name, array in tensors.items():
        renamed = _rosinality(name, array)
        if renamed is not None:
            state[renamed[0]] = torch.from_numpy(np.array(renamed[1], np.float32))
    return state


def _rosinality(name: str, array: NDArray[np.float32]) -> tuple[str, NDArray[np.float32]] | None:
    path, _, last = name.rpartition(".")
    if path == "mapping":
        return None
    if path.startswith("mapping.fc"):
        return f"style.{int(path.removeprefix('mapping.fc')) + 1}.{last}", array
    if last == "const":
        return "input.input", array[None]
    _, block, *rest = path.split(".")
    octave = int(math.log2(int(block[1:]))) - 3  # 8x8 is 0
    if not rest:
        return f"to_rgbs.{octave}.upsample.kernel", array * 4
    if rest[0] == "torgb":
        layer = "to_rgb1" if octave < 0 else f"to_rgbs.{octave}"
        own = {"weight": "conv.weight", "bias": "bias"}
    else:
        number = 2 * octave + (1 if rest[0] == "conv1" else 0)
        layer = "conv1" if octave < 0 else f"convs.{number}"
        own = {"weight": "conv.weight", "bias": "activate.bias", "noise_strength": "noise.weight",
               "resample_filter": "conv.blur.kernel"}  # fmt: skip
        if last == "noise_const":
            return f"noises.noise_{number + 1}", array[None, None]
    if rest[1:] == ["affine"]:
        return f"{layer}.conv.modulation.{last}", array
    value = array
    if last == "weight":
        value = (array * math.sqrt(math.prod(array.shape[1:])) if rest[0] != "torgb" else array)[None]
    elif last == "resample_filter":
        value = array * 4
    elif last == "noise_strength":
        value = array.reshape(1)
    elif rest[0] == "torgb" and last == "bias":
        value = array.reshape(1, -1, 1, 1)
    return f"{layer}.{own[last]}", value


def rosinality_pt(path: Path, tensors: Arrays, *, zipped: bool = True, average: bool = True) -> Path:
    """A whole training checkpoint, with the arguments it was trained with."""
    state = rosinality_state(tensors)
    data: dict[str, Any] = {"g": state, "d": {}, "g_ema": state, "args": argparse.Namespace(size=16, n_mlp=2)}
    if average:
        data["latent_avg"] = torch.from_numpy(tensors["mapping.w_avg"].copy())
    torch.save(data, path, _use_new_zipfile_serialization=zipped)
    return path


def progan_pth(path: Path, tensors: Arrays, *, old: bool = False, wrapped: bool = False, zipped: bool = True) -> Path:
    """One of the four layouts of GAN Dissection, in either container."""
    rename: Callable[[str], str] = _old_progan if old else lambda name: name
    state = OrderedDict((rename(name), torch.from_numpy(array.copy())) for name, array in tensors.items())
    torch.save({"state_dict": state, "epoch": 3} if wrapped else state, path, _use_new_zipfile_serialization=zipped)
    return path


def _old_progan(name: str) -> str:
    if layer := re.match(r"layer(\d+)\.", name):
        return f"features.{int(layer[1]) - 1}.{name[layer.end() :]}"
    return re.sub(r"output_\d+x\d+", "output", name)


def biggan_folder(folder: Path, spec: Spec, tensors: Arrays, *, zipped: bool = False) -> Path:
    """config.json and pytorch_model.bin, with raw weights and the vectors of their spectral norm."""
    assert isinstance(spec, BigGANSpec)
    random = np.random.RandomState(5)
    state: OrderedDict[str, torch.Tensor] = OrderedDict()
    for name, array in tensors.items():
        value = array
        if name.startswith("generator.conv_to_rgb."):
            shape = (spec.channel_width - 3, *array.shape[1:])
            value = np.concatenate([array, random.standard_normal(shape).astype(np.float32)])
        if name.endswith(".weight") and name not in ("embeddings.weight", "generator.bn.weight"):
            layer = name.removesuffix(".weight")
            flat = value.reshape(len(value), -1).astype(np.float64)
            right = random.standard_normal(flat.shape[1])
            image = flat @ right
            for own, part in ("orig", 1.7 * value), ("u", image / (image @ image)), ("v", right):
                state[f"{layer}.weight_{own}"] = torch.from_numpy(np.asarray(part, np.float32))
        else:
            state[name] = torch.from_numpy(np.array(value))
    folder.mkdir()
    config = {key: value for key, value in spec.as_json().items() if key != "upstream_exact"}
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    return folder
