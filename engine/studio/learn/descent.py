"""Descent: Adam, made indifferent to how a latent space is turned."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FIRST, SECOND = 0.9, 0.99  # how much of the moments is kept from step to step
TINY = 1e-12


class Descent:
    """Adam (Kingma and Ba 2015) with one second moment for each vector in place of one for each of its numbers.

    Adam divides each number's gradient by its own size. In a latent space that mixes up the axes: where most ways do
    nothing, as in z, the steps leave the gradient's way for such, and nothing ever leads back. Here a whole vector is
    divided by its own length, so that it stays on its way; a step is `rate` long at most.
    axes : of each parameter, the axis along which it is a vector; None: each number is one
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], axes: Mapping[str, int | None]) -> None:
        self._parameters, self._axes = dict(parameters), axes
        self.steps = 0
        self._first = {name: torch.zeros_like(p) for name, p in self._parameters.items()}
        self._second = {name: self._square(name, torch.zeros_like(p)) for name, p in self._parameters.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step down the gradients that the parameters have, which are cleared."""
        self.steps += 1
        for name, parameter in self._parameters.items():
            gradient = parameter.grad
            if gradient is None:
                continue
            first, second = self._first[name], self._second[name]
            first.lerp_(gradient, 1.0 - FIRST)
            second.lerp_(self._square(name, gradient), 1.0 - SECOND)
            length = (second / (1.0 - SECOND**self.steps)).sqrt() + TINY
            parameter.sub_(rate / (1.0 - FIRST**self.steps) * first / length)
            parameter.grad = None

    def state(self) -> dict[str, NDArray[np.generic]]:
        """The parameters and all moments, as arrays."""
        found: dict[str, NDArray[np.generic]] = {"steps": np.array([self.steps])}
        for name, parameter in self._parameters.items():
            found[name] = parameter.detach().cpu().numpy().copy()
            found[f"{name}.first"] = self._first[name].cpu().numpy().copy()
            found[f"{name}.second"] = self._second[name].cpu().numpy().copy()
        return found

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave."""
        self.steps = int(arrays["steps"].item())
        for name, parameter in self._parameters.items():
            parameter.copy_(torch.from_numpy(arrays[name]))
            self._first[name].copy_(torch.from_numpy(arrays[f"{name}.first"]))
            self._second[name].copy_(torch.from_numpy(arrays[f"{name}.second"]))

    def _square(self, name: str, gradient: Tensor) -> Tensor:
        axis = self._axes[name]
        return gradient.square() if axis is None else gradient.square().sum(axis, keepdim=True)


def cosine(rate: float, step: int, steps: int) -> float:
    """The rate of a step: from `rate` down to 0 along half a cosine."""
    return rate * 0.5 * (1.0 + math.cos(math.pi * step / steps))
