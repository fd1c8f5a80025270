"""Write a generator as NVIDIA's code pickles it: records of classes that need not be there, and their state.

For tests of the reader and for measuring it. Nothing of NVIDIA's is used: the classes exist while a file is written.
"""

import pickle
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.generator.spec import Spec
from engine.generator.stylegan3_spec import StyleGAN3Spec

Arrays = Mapping[str, NDArray[np.float32]]
BUFFERS = ("resample_filter", "noise_const", "w_avg", "transform", "freqs", "phases", "magnitude_ema")
KINDS = {
    r"": "Generator",
    r"mapping": "MappingNetwork",
    r"synthesis": "SynthesisNetwork",
    r"synthesis\.b\d+": "SynthesisBlock",
    r"synthesis\.input": "SynthesisInput",
    r".*\.torgb": "ToRGBLayer",
    r".*\.skip": "Conv2dLayer",
    r".*\.(conv\d|L\w+)": "SynthesisLayer",
    r".*\.(affine|embed|fc\d+)": "FullyConnectedLayer",
}
HOOKS = ("_backward_hooks", "_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks", "_load_state_dict_pre_hooks")


def reconstruct(meta: Mapping[str, Any]) -> None:
    """Stands for the function that NVIDIA's loader would call; ours never does."""
    raise AssertionError(meta)


class Record:
    """One persistent object."""

    def __init__(self, kind: str, state: Mapping[str, Any], version: int = 6) -> None:
        self.meta = {"type": "class", "version": version, "module_src": "# none", "class_name": kind, "state": state}

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return reconstruct, (self.meta,)


class EasyDict(dict[str, Any]):
    """A table whose entries are attributes too."""


class Network:
    """A network of NVIDIA's TensorFlow code."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.state = state

    def __reduce__(self) -> tuple[Any, ...]:
        import copyreg

        return copyreg.__newobj__, (Network,), self.state  # type: ignore[attr-defined]


@contextmanager
def disguised() -> Iterator[None]:
    """While it lasts, our stand-ins are called as the originals are."""
    places = {
        "torch_utils.persistence": ("_reconstruct_persistent_obj", reconstruct),
        "dnnlib.util": ("EasyDict", EasyDict),
        "dnnlib.tflib.network": ("Network", Network),
    }
    names = ["torch_utils", "dnnlib", "dnnlib.tflib", *places]
    known = {what: (what.__module__, what.__qualname__) for _, what in places.values()}
    try:
        for name in names:
            sys.modules[name] = ModuleType(name)
        for module, (name, what) in places.items():
            setattr(sys.modules[module], name, what)
            what.__module__, what.__qualname__ = module, name
        yield
    finally:
        for name in names:
            del sys.modules[name]
        for what, (module, qualname) in known.items():
            what.__module__, what.__qualname__ = module, qualname


def dump(data: Any, path: Path, protocol: int) -> None:
    """Pickle plain data, records and networks among it."""
    with disguised(), path.open("wb") as file:
        pickle.dump(data, file, protocol)


def record(spec: Spec, tensors: Arrays, *, frozen: bool = False, kwargs: Mapping[str, Any] | None = None) -> Record:
    """A generator. frozen : its weights are buffers, as freezing trainers leave them."""
    everything = {**inert(tensors), **tensors}
    paths = {name.rpartition(".")[0] for name in everything} | {""}
    paths |= {".".join(path.split(".")[:n]) for path in paths for n in range(path.count(".") + 1)}
    states = {path: _state(path, spec, everything, frozen, kwargs or {}) for path in paths}
    for path in sorted(paths - {""}, key=lambda path: path.count("."), reverse=True):
        parent, _, own = path.rpartition(".")
        states[parent]["_modules"][own] = Record(kind_of(path), states[path])
    return Record("Generator", states[""])


def inert(tensors: Arrays) -> dict[str, NDArray[np.float32]]:
    """The filters that a StyleGAN2 carries without using them."""
    row = np.array([1, 3, 3, 1], np.float32)
    taps = np.outer(row, row) / 64
    layers = [name for name in tensors if re.fullmatch(r"synthesis\.b\d+\.conv1\.weight", name)]
    own = {
        name.replace("conv1.weight", part): taps
        for name in layers
        for part in ("resample_filter", "conv1.resample_filter")
    }
    return {name: filter_ for name, filter_ in own.items()}


def kind_of(path: str) -> str:
    """The class of a module."""
    return next(kind for pattern, kind in KINDS.items() if re.fullmatch(pattern, path))


def _state(path: str, spec: Spec, tensors: Arrays, frozen: bool, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    own = {name.rpartition(".")[2]: torch.from_numpy(np.array(array)) for name, array in tensors.items()
           if name.rpartition(".")[0] == path}  # fmt: skip
    is_buffer = {name: frozen or name.endswith("_filter") or name in BUFFERS for name in own}
    parameters = {name: torch.nn.Parameter(t, requires_grad=False) for name, t in own.items() if not is_buffer[name]}
    buffers: dict[str, Any] = {name: tensor for name, tensor in own.items() if is_buffer[name]}
    if isinstance(spec, StyleGAN3Spec) and re.fullmatch(r"synthesis\.L\w+", path):
        buffers = {"up_filter": None, "down_filter": None, **buffers}
    return {
        "training": False,
        "_parameters": OrderedDict(parameters),
        "_buffers": OrderedDict(buffers),
        "_non_persistent_buffers_set": set(),
        **{hook: OrderedDict() for hook in HOOKS},
        "_modules": OrderedDict(),
        **_attributes(path, spec, own),
        "_init_args": (),
        "_init_kwargs": EasyDict(kwargs) if not path else {},
    }


def _attributes(path: str, spec: Spec, own: Mapping[str, Any]) -> dict[str, Any]:
    """What NVIDIA's modules know of themselves, as far as a reader looks at it."""
    kind, row = kind_of(path), spec.as_json()
    if kind == "FullyConnectedLayer":
        lr = row["lr_multiplier"] if ".fc" in path else 1
        gain = np.float64(lr) / np.sqrt(own["weight"].shape[1])
        return {"activation": "lrelu" if ".fc" in path else "linear", "weight_gain": gain, "bias_gain": lr}
    if isinstance(spec, StyleGAN3Spec):
        return _stylegan3_attributes(path, kind, spec)
    if kind == "SynthesisBlock":
        half = row["num_fp16_res"]
        first = max(2 * spec.width >> half, 8)
        return {"architecture": row["architecture"], "use_fp16": bool(half) and int(path.rpartition("b")[2]) >= first}
    if kind in ("SynthesisLayer", "ToRGBLayer"):
        activation = {"activation": "lrelu", "act_gain": np.float64(np.sqrt(2))} if kind == "SynthesisLayer" else {}
        return {"conv_clamp": row["clamp"], **activation}
    if kind == "Generator":
        return {"z_dim": spec.z_dim, "c_dim": spec.classes, "w_dim": spec.w_dim, "num_ws": spec.num_ws}
    return {}


def _stylegan3_attributes(path: str, kind: str, spec: StyleGAN3Spec) -> dict[str, Any]:
    if kind == "SynthesisInput":
        fourier = spec.fourier
        rate, bandwidth = np.float64(fourier.sampling_rate), np.float64(fourier.bandwidth)
        return {"size": np.array(fourier.size), "sampling_rate": rate, "bandwidth": bandwidth}
    if kind == "SynthesisLayer":
        layer = next(layer for layer in spec.layers if path.endswith(f".{layer.name}"))
        row = {key: value for key, value in asdict(layer).items() if key != "name"}
        row["in_size"], row["out_size"] = np.array(layer.in_size), np.array(layer.out_size)
        return {**row, "use_fp16": np.bool_(layer.use_fp16), "padding": list(layer.padding)}
    if kind == "SynthesisNetwork":
        return {"output_scale": spec.output_scale, "num_layers": len(spec.layers) - 1}
    return {}


def write(path: Path, spec: Spec, tensors: Arrays, *, protocol: int = 3, seed: int = 1) -> None:
    """A whole checkpoint: G, a D that nobody reads, and G_ema, which is the generator."""
    random = np.random.RandomState(seed)
    other = {name: random.standard_normal(array.shape).astype(np.float32) for name, array in tensors.items()}
    discriminator = Record("Discriminator", {"_parameters": {"weight": torch.zeros(8)}, "_buffers": {}, "_modules": {}})
    generators = {"G": record(spec, other), "D": discriminator, "G_ema": record(spec, tensors)}
    dump({"training_set_kwargs": EasyDict(), **generators, "augment_pipe": None}, path, protocol)
