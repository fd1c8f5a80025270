"""NVIDIA's TensorFlow pickles of StyleGAN2: the same network under other names, kernels turned the other way."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.foreign.base import TENSORS, Foreign, Tensors, is_number, kind, table
from engine.generator.foreign.values import Stub

NETWORKS = ("dnnlib.tflib.network.Network", "tfutil.Network")  # the second is that of Progressive GAN
DEPTH = 8
CONVS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
FLIPPED = ("Conv0_up", "Skip")
UNUSED = ("lod", "pl_mean_var")  # of training
NEEDED = {"nonlinearity": "lrelu", "mapping_nonlinearity": "lrelu", "normalize_latents": True, "use_wscale": True}

Move = Callable[[NDArray[Any]], NDArray[Any]]


def is_network(value: Any) -> bool:
    """Whether this is one of their networks."""
    return isinstance(value, Stub) and value.name in NETWORKS


def generator(value: Any) -> Foreign:
    """The generator in a network; `(G, D, Gs)` files hold it last. ModelError where it holds something else."""
    state = _state(value)
    _check_version(state.get("version"))
    settings = table(state.get("static_kwargs"), "the settings of its network")
    for name, needed in NEEDED.items():
        given = settings.get(name, needed)
        if type(given) is not type(needed) or given != needed:
            raise ModelError(f"its network has {name} {ascii(given)[:40]}, which cannot be played; only {needed!r} can")
    tensors: Tensors = {}
    for name, variable in _variables(state, "", 0).items():
        if name not in UNUSED:
            path, move = _renamed(name)
            tensors[path] = move(variable)
    _add_filters(tensors, settings.get("resample_kernel"))
    clamp, half, rate = (settings.get(name) for name in ("conv_clamp", "num_fp16_res", "mapping_lrmul"))
    facts = {
        "conv_clamp": clamp if is_number(clamp) else None,
        "num_fp16_res": half if type(half) is int else 0,
        "lr_multiplier": rate if is_number(rate) else 0.01,
        "activation": "lrelu",
    }
    about = {"container": "NVIDIA TensorFlow pickle", "class": str(state.get("name", ""))[:80]}
    return Foreign("stylegan2", tensors, facts, "tensorflow", about, "mapping.w_avg" in tensors)


def _state(value: Any) -> Mapping[Any, Any]:
    if not is_network(value):
        raise ModelError(f"a TensorFlow network is needed where a {kind(value)} is")
    return table(value.state, "the state of its network")


def _check_version(version: Any) -> None:
    """ModelError unless this is a version that is StyleGAN2's."""
    if type(version) is not int or not 2 <= version <= 5:
        raise ModelError(f"its TensorFlow network is of version {ascii(version)[:20]}; 4 and 5 are read")
    if version < 4:
        raise ModelError(f"it is a StyleGAN1 or older (TensorFlow network version {version}); StyleGAN2 is read")


def _variables(state: Mapping[Any, Any], prefix: str, depth: int) -> dict[str, NDArray[Any]]:
    """The variables of a network and of its parts, by path."""
    if depth > DEPTH:
        raise ModelError(f"its network has parts within parts, over {DEPTH} deep")
    rows = state.get("variables", ())
    if not isinstance(rows, list | tuple) or len(rows) > TENSORS:
        raise ModelError("the variables of its network are not a list")
    found: dict[str, NDArray[Any]] = {}
    for row in rows:
        if not (isinstance(row, list | tuple) and len(row) == 2 and isinstance(row[0], str)):
            raise ModelError("a variable of its network is not a name and an array")
        found[prefix + row[0]] = _number(row[1], prefix + row[0])
    for name, part in table(state.get("components"), "the parts of its network").items():
        found |= _variables(_state(part), f"{prefix}{name}/", depth + 1)
    return found


def _number(value: Any, name: str) -> NDArray[Any]:
    if not isinstance(value, np.ndarray | int | float):
        raise ModelError(f"its variable {ascii(name)[:80]} is a {kind(value)}; an array is needed")
    found = np.asarray(value)
    if found.dtype.kind not in "fiu":
        raise ModelError(f"its variable {ascii(name)[:80]} holds {found.dtype} values; numbers are needed")
    return found.astype(np.float32, copy=False)


def _renamed(name: str) -> tuple[str, Move]:
    """The canonical name of a variable, and how its array is turned. ModelError for one of another network."""
    if name == "dlatent_avg":
        return "mapping.w_avg", _same
    if dense := re.fullmatch(r"mapping/(?:Dense(\d+)|(LabelEmbed))/(weight|bias)", name):
        layer = "embed" if dense[2] else f"fc{dense[1]}"
        return f"mapping.{layer}.{dense[3]}", np.transpose if dense[3] == "weight" else _same
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const", lambda const: _batch_of_one(const, 4)[0]
    if noise := re.fullmatch(r"synthesis/noise(\d+)", name):
        number = int(noise[1])
        block = f"b{4 << (number + 1) // 2}" if number < 64 else "b"
        return f"synthesis.{block}.conv{(number + 1) % 2}.noise_const", lambda n: _batch_of_one(n, 4)[0, 0]
    if layer_of := re.fullmatch(r"synthesis/(\d+)x\1/(\w+)/(\w+)", name):
        if layer_of[2] in CONVS and (layer_of[1] != "4" or layer_of[2] in ("Conv", "ToRGB")):
            return _layer(f"synthesis.b{layer_of[1]}.{CONVS[layer_of[2]]}", layer_of[2], layer_of[3])
    raise ModelError(f"its variable {ascii(name)[:80]} is of no StyleGAN2 that latenz knows")


def _layer(path: str, layer: str, own: str) -> tuple[str, Move]:
    if own == "weight":
        return f"{path}.weight", _flipped if layer in FLIPPED else _turned
    if own == "mod_weight":
        return f"{path}.affine.weight", np.transpose
    if own == "mod_bias":
        return f"{path}.affine.bias", lambda bias: bias + np.float32(1)
    if own in ("bias", "noise_strength"):
        return f"{path}.{own}", _same
    raise ModelError(f"its layer {path} has {ascii(own)[:40]}, which no StyleGAN2 that latenz knows has")


def _same(array: NDArray[Any]) -> NDArray[Any]:
    return array


def _turned(kernel: NDArray[Any]) -> NDArray[Any]:
    """(height, width, in, out) -> (out, in, height, width)."""
    if kernel.ndim != 4:
        raise ModelError(f"a kernel of its network is {list(kernel.shape)}; it should have 4 axes")
    return kernel.transpose(3, 2, 0, 1)


def _flipped(kernel: NDArray[Any]) -> NDArray[Any]:
    return _turned(kernel)[:, :, ::-1, ::-1]


def _batch_of_one(array: NDArray[Any], axes: int) -> NDArray[Any]:
    if array.ndim != axes or 0 in array.shape:
        raise ModelError(f"a constant of its network is {list(array.shape)}; it should have {axes} axes")
    return array


def _add_filters(tensors: Tensors, taps: Any) -> None:
    """The resampling filters, which TensorFlow has in its graph and not among its variables."""
    row = np.asarray(taps if isinstance(taps, list | tuple) and taps else [1, 3, 3, 1], np.float32)
    if row.ndim != 1 or len(row) > 32 or not row.sum():
        raise ModelError("the resample_kernel of its network is not a row of taps")
    taps_2d = np.outer(row, row) / row.sum() ** 2
    for name in [name for name in tensors if name.endswith((".conv0.weight", ".skip.weight"))]:
        layer = name.removesuffix(".weight")
        tensors[f"{layer}.resample_filter"] = taps_2d
        tensors[f"{layer.rpartition('.')[0]}.resample_filter"] = taps_2d
