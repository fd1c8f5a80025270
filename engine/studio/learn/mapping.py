"""From z to w in torch, with gradients: the twin of each family's mapping, which plays in numpy."""

from collections.abc import Callable, Mapping
from math import pi, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.generator.mapping import connected
from engine.generator.spec import Spec

Tensors = Mapping[str, NDArray[np.generic]]
Mapped = Callable[[Tensor, Tensor | None], Tensor]  # z (n, z_dim), class weights (n, classes) -> w (n, num_ws, w_dim)


def mapping(spec: Spec, tensors: Tensors, device: torch.device) -> Mapped:
    """What a model's `Latent.w` computes at psi 1, differentiable."""
    return _FAMILIES[spec.family](spec, tensors, device)


def _style(spec: Spec, tensors: Tensors, device: torch.device) -> Mapped:
    lr: float = getattr(spec, "lr_multiplier", 0.01)
    names = [f"mapping.fc{i}" for i in range(len(tensors)) if f"mapping.fc{i}.weight" in tensors]
    layers = [_on(device, *connected(tensors, name, lr, sqrt(2))) for name in names]
    embed = _on(device, *connected(tensors, "mapping.embed", 1.0, 1.0)) if spec.classes else None

    def mapped(z: Tensor, classes: Tensor | None) -> Tensor:
        x = _normalised(z)
        if embed is not None:
            weights = classes if classes is not None else _first(len(z), spec.classes, device)
            x = torch.cat([x, _normalised(weights @ embed[0] + embed[1])], 1)
        for weight, bias in layers:
            x = functional.leaky_relu(x @ weight + bias, 0.2)
        return x[:, None].expand(-1, spec.num_ws, -1)

    return mapped


def _tulip(spec: Spec, tensors: Tensors, device: torch.device) -> Mapped:
    basis = _on(device, np.asarray(tensors["mapping.basis"]).T)[0]
    names = [f"mapping.fc{i}" for i in range(len(tensors)) if f"mapping.fc{i}.weight" in tensors]
    layers = [_on(device, np.asarray(tensors[f"{n}.weight"]).T, np.asarray(tensors[f"{n}.bias"])) for n in names]

    def mapped(z: Tensor, classes: Tensor | None) -> Tensor:
        p = torch.erf(z @ basis / sqrt(2))
        waves = [wave(p * (pi * k)) for k in (0.5, 1.0) for wave in (torch.sin, torch.cos)]
        x = torch.cat([p, *waves], 1)
        for i, (weight, bias) in enumerate(layers):
            x = x @ weight + bias
            if i + 1 < len(layers):
                x = functional.leaky_relu(x, 0.2)
        return x[:, None].expand(-1, spec.num_ws, -1)

    return mapped


def _biggan(spec: Spec, tensors: Tensors, device: torch.device) -> Mapped:
    embeddings = _on(device, np.asarray(tensors["embeddings.weight"]).T)[0]

    def mapped(z: Tensor, classes: Tensor | None) -> Tensor:
        weights = classes if classes is not None else _first(len(z), spec.classes, device)
        return torch.cat([z, weights @ embeddings], 1)[:, None].expand(-1, spec.num_ws, -1)

    return mapped


def _progan(spec: Spec, tensors: Tensors, device: torch.device) -> Mapped:
    return lambda z, classes: z[:, None]


_FAMILIES = {"stylegan2": _style, "stylegan3": _style, "tulip": _tulip, "biggan": _biggan, "progan": _progan}


def _on(device: torch.device, *arrays: NDArray[np.generic]) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in arrays)


def _first(n: int, classes: int, device: torch.device) -> Tensor:
    return torch.eye(classes, device=device)[:1].expand(n, -1)


def _normalised(x: Tensor) -> Tensor:
    """Each row scaled to a mean square of 1."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
