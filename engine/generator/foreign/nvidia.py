"""NVIDIA's pickles of StyleGAN2-ada and StyleGAN3, and what the field made of them: networks taken apart, never made.

A network is a record of its class' name and its state; the source text that travels with it is not looked at. What a
layer is follows from its tensors and attributes, so that mixed and re-cut models are read as they are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import ModelError
from engine.generator.foreign.base import Foreign, Tensors, array, is_number, table, word
from engine.generator.foreign.values import Stub

RECORD = "torch_utils.persistence._reconstruct_persistent_obj"
VERSION = 6
MODULES = 2000
CLASSES = (
    "Generator", "MappingNetwork", "SynthesisNetwork", "SynthesisBlock", "SynthesisLayer", "SynthesisInput",
    "ToRGBLayer", "FullyConnectedLayer", "Conv2dLayer",
)  # fmt: skip
LAYER_FACTS = (
    "in_channels", "out_channels", "in_size", "out_size", "in_sampling_rate", "out_sampling_rate",
    "tmp_sampling_rate", "up_factor", "down_factor", "padding", "conv_clamp", "conv_kernel", "is_torgb",
    "is_critically_sampled", "use_fp16", "down_radial", "in_cutoff", "out_cutoff", "in_half_width", "out_half_width",
    "up_taps", "down_taps",
)  # fmt: skip
NETWORK_FACTS = (
    "num_layers", "num_critical", "margin_size", "output_scale", "num_fp16_res", "img_resolution", "img_channels",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Module:
    """One module of a network: its dotted name, its class, its attributes."""

    name: str
    kind: str
    state: Mapping[str, Any]


def is_record(value: Any) -> bool:
    """Whether this is an object of NVIDIA's persistence."""
    return isinstance(value, Stub) and value.name == RECORD


def generator(value: Any) -> Foreign:
    """The generator in a record. ModelError where the record holds something else."""
    modules = {module.name: module for module in _modules(value)}
    if modules[""].kind != "Generator":
        raise ModelError(f"its G_ema is a {modules[''].kind}; a Generator is needed")
    for name in ("mapping", "synthesis"):
        if name not in modules:
            raise ModelError(f"its Generator has no {name} network")
    tensors = _tensors(modules)
    kind = "stylegan3" if "synthesis.input" in modules else "stylegan2"
    facts = _stylegan3_facts(modules) if kind == "stylegan3" else _stylegan2_facts(modules)
    facts["lr_multiplier"] = _lr_multiplier(modules)
    container = "NVIDIA pickle"
    return Foreign(kind, tensors, facts, "nvidia", {"container": container, "class": "Generator"})


def _modules(value: Any) -> Iterator[Module]:
    """Every module of a network, itself first, called ""."""
    waiting: list[tuple[str, Any]] = [("", value)]
    for _ in range(MODULES):
        if not waiting:
            return
        name, record = waiting.pop()
        module = _module(name, record)
        yield module
        for child, inner in table(module.state.get("_modules"), f"the modules of {name or 'its network'}").items():
            if inner is not None:
                waiting.append((f"{name}.{word(child)}".lstrip("."), inner))
    raise ModelError(f"its network has over {MODULES} modules")


def _module(name: str, record: Any) -> Module:
    where = name or "its network"
    if not is_record(record) or len(record.args) != 1:
        raise ModelError(f"{where} is not a network of NVIDIA's code")
    meta = table(record.args[0], where)
    version, kind = meta.get("version"), meta.get("class_name")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise ModelError(
            f"{where} is of version {_shown(version)} of NVIDIA's format; versions 1 to {VERSION} are read"
        )
    if not isinstance(kind, str) or kind not in CLASSES:
        raise ModelError(f"{where} is a {_shown(kind)}, which latenz does not know; it knows {', '.join(CLASSES)}")
    return Module(name, kind, table(meta.get("state"), f"the state of {where}"))


def _tensors(modules: Mapping[str, Module]) -> Tensors:
    """Parameters and buffers alike: some trainers freeze layers by making their weights buffers."""
    found: Tensors = {}
    for name, module in modules.items():
        for group in ("_parameters", "_buffers"):
            for own, value in table(module.state.get(group), f"the tensors of {name}").items():
                if value is not None:
                    path = f"{name}.{word(own)}".lstrip(".")
                    found[path] = array(value, path)
    return found


def _is_set(switch: Any) -> bool:
    """Whether a switch is on; what is no switch at all (an array has no one truth) is off."""
    return isinstance(switch, bool | int | np.bool_) and bool(switch)


def _stylegan2_facts(modules: Mapping[str, Module]) -> dict[str, Any]:
    """conv_clamp, num_fp16_res (blocks in half precision), activation; of what holds for all layers."""
    blocks = [m for name, m in modules.items() if re.fullmatch(r"synthesis\.b\d+", name)]
    layers = [m for name, m in modules.items() if re.fullmatch(r"synthesis\.b\d+\.(conv0|conv1|torgb)", name)]
    bent = [m for m in modules.values() if re.search(r"\.(conv[01]|fc\d+)$", m.name)]
    kinds = [_word(m.state.get("activation", "lrelu")) for m in bent]
    clamps = [m.state.get("conv_clamp") for m in layers]
    return {
        "conv_clamp": max((float(c) for c in clamps if is_number(c)), default=None),
        "num_fp16_res": sum(_is_set(m.state.get("use_fp16")) for m in blocks),
        "activation": next((k for k in kinds if k != "lrelu"), "lrelu"),
    }


def _stylegan3_facts(modules: Mapping[str, Module]) -> dict[str, Any]:
    """The network's own numbers; `input`: {size, sampling_rate, bandwidth}; `layers`: attributes by layer's name."""
    network, entry = modules["synthesis"].state, modules["synthesis.input"].state
    layers = {
        name.removeprefix("synthesis."): _numbers(m.state, LAYER_FACTS)
        for name, m in modules.items()
        if re.fullmatch(r"synthesis\.L\d+_\d+_\d+", name)
    }
    return {
        **_numbers(network, NETWORK_FACTS),
        "input": _numbers(entry, ("size", "sampling_rate", "bandwidth")),
        "layers": layers,
    }


def _numbers(state: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Those attributes that are numbers, short rows of numbers, or None."""
    found: dict[str, Any] = {}
    for name in names:
        value = state.get(name, "")
        row = value.reshape(-1)[:8].tolist() if isinstance(value, np.ndarray) else value
        if all(isinstance(part, int | float | None) for part in (row if isinstance(row, list | tuple) else [row])):
            found[name] = list(row) if isinstance(row, tuple) else row
    return found


def _lr_multiplier(modules: Mapping[str, Module]) -> float:
    """Of the mapping's layers: their gain of the bias, or of the weight times the root of its width."""
    first = modules.get("mapping.fc0")
    gain = None if first is None else first.state.get("bias_gain")
    return float(gain) if is_number(gain) else 0.01


def _word(value: Any) -> str:
    return value[:40] if isinstance(value, str) else _shown(value)


def _shown(value: Any) -> str:
    """A short word for a value, whatever it is."""
    return ascii(value)[:60] if isinstance(value, str | int | None) else f"a {type(value).__name__}"
