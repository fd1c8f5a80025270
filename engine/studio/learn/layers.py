"""What happens inside a synthesis: its layers by name, and what they compute at places of the model."""

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import InputError
from engine.generator.synthesis import Synthesis
from engine.studio.learn.subject import CHUNK_PX, Subject

Found = dict[str, Tensor]


def layer_names(subject: Subject) -> tuple[str, ...]:
    """The layers whose features can be asked for, from the first that is computed to the last.

    StyleGAN2: b4, b8, ...; StyleGAN3: L0, L1, ... (the last makes RGB); BigGAN: gen_z, layers.0, ..., its attention
    among them; Progressive GAN: layer1, ...; the tulip: b4 to b64, and the palette.
    """
    return tuple(_modules(subject.net()))


def early_layer(subject: Subject) -> str:
    """The first of them: where components are looked for in a model without a mapping (Haerkoenen et al. 2020)."""
    return layer_names(subject)[0]


def check_layer(subject: Subject, name: str) -> str:
    """The layer's name as `layer_names` has it; StyleGAN3's may be long (L3_36_32). InputError for another."""
    names = layer_names(subject)
    short = name.partition("_")[0] if name.startswith("L") else name
    if short in names:
        return short
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    raise InputError(f"{subject.info.name} has no layer {name!r}{hint} there are: {', '.join(names)}")


def activations(subject: Subject, w: Tensor, names: Sequence[str], gradients: bool = False) -> Found:
    """What the named layers give at w (n, num_ws, w_dim): (n, channels, h, w) each, the palette (n, numbers).

    gradients : all places at once, differentiable in w; else in chunks. What comes after the last of them is not run.
    InputError for a layer that there is not.
    """
    wanted = [check_layer(subject, name) for name in names]
    if gradients:
        return _renamed(_run(subject, w, wanted), wanted, names)
    chunk = max(1, CHUNK_PX // subject.side**2)
    with torch.no_grad():
        parts = [_run(subject, w[i : i + chunk], wanted) for i in range(0, len(w), chunk)]
    return _renamed({name: torch.cat([part[name] for part in parts]) for name in wanted}, wanted, names)


class _Reached(Exception):  # noqa: N818  # nothing went wrong
    """All that was asked for is computed."""


def _run(subject: Subject, w: Tensor, wanted: Sequence[str]) -> Found:
    modules = _modules(subject.net())
    last = max(wanted, key=list(modules).index)
    found: Found = {}

    def keeping(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            found[name] = output[0] if isinstance(output, tuple) else output
            if name == last:
                raise _Reached

        return keep

    hooks = [modules[name].register_forward_hook(keeping(name)) for name in dict.fromkeys(wanted)]
    try:
        subject.draw(w)
    except _Reached:
        pass
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _renamed(found: Found, wanted: Sequence[str], names: Sequence[str]) -> Found:
    """By the names that were asked for."""
    return {name: found[own] for name, own in zip(names, wanted, strict=True)}


def _modules(net: Synthesis) -> dict[str, nn.Module]:
    """The layers of a synthesis by name, in the order in which they are computed."""
    return _FAMILIES[net.spec.family](net)


def _stylegan2(net: nn.Module) -> dict[str, nn.Module]:
    return {name: block for name, block in net.named_children() if name.startswith("b")}


def _stylegan3(net: nn.Module) -> dict[str, nn.Module]:
    return {name.partition("_")[0]: layer for name, layer in net.named_children() if name.startswith("L")}


def _biggan(net: nn.Module) -> dict[str, nn.Module]:
    pyramid = net.get_submodule("generator")
    blocks = pyramid.get_submodule("layers").named_children()
    return {"gen_z": pyramid.get_submodule("gen_z")} | {f"layers.{i}": block for i, block in blocks}


def _progan(net: nn.Module) -> dict[str, nn.Module]:
    return {name: layer for name, layer in net.named_children() if name.startswith("layer")}


def _tulip(net: nn.Module) -> dict[str, nn.Module]:
    trunk = net.get_submodule("trunk")
    levels = [name for name, _ in trunk.named_children() if name.startswith("b")]
    return {name: trunk.get_submodule(f"{name}.conv1") for name in levels} | {"palette": trunk.get_submodule("palette")}


_FAMILIES = {
    "stylegan2": _stylegan2, "stylegan3": _stylegan3, "biggan": _biggan, "progan": _progan, "tulip": _tulip,
}  # fmt: skip
