"""What an architecture is as plain data: enough to check a file, to count its work, and to build it. No torch here."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator.base import Band

Shapes = Mapping[str, tuple[int, ...]]
Fit = Literal["resize", "tile", "crop"]


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size a plan draws, and how a constant input of another size fills it."""

    width: int
    height: int
    fit: Fit = "resize"


class Spec(ABC):
    """One architecture with its sizes; a frozen dataclass in each family's `<family>_spec.py`.

    `width` and `height` are native; `classes` is 0 for an unconditional model.
    """

    family: ClassVar[str]
    z_dim: int
    w_dim: int
    num_ws: int
    classes: int
    width: int
    height: int

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor that a file of this architecture holds, by its canonical name."""

    @abstractmethod
    def bands(self) -> tuple[Band, ...]:
        """Layers that can have springs of their own: coarse, middle, fine."""

    @abstractmethod
    def gflop(self, width: int, height: int) -> float:
        """Multiplications and additions of one picture of this size, in 10^9, convolutions and products counted."""

    def controls(self) -> tuple[Control, ...]:
        """The model's own playable inputs at `/generator/...`, without its classes."""
        return ()

    def inputs(self, controls: Mapping[str, float]) -> dict[str, NDArray[np.float32]]:
        """What the synthesis takes beside w, by slot, from controls by the part of their address after `/generator/`.

        Always the same names and shapes. A control that is not given rests at its default; "psi" is always allowed.
        """
        return {}

    def layer_of(self, tensor: str) -> int:
        """Which layer of w a tensor of the synthesis belongs to, by its name: where two models blend in layers."""
        return 0

    def made(self) -> dict[str, NDArray[np.float32]]:
        """Tensors that follow from the specification alone, for a file that keeps none: filters."""
        return {}

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """The specification as JSON, for a file's header."""

    @classmethod
    @abstractmethod
    def of_json(cls, row: Mapping[str, Any]) -> Self:
        """What `as_json` gave. ModelError for anything else: the header may come from a stranger."""

    @classmethod
    @abstractmethod
    def infer(cls, shapes: Shapes, facts: Mapping[str, Any]) -> Self:
        """The sizes from the shapes of canonical tensors. ModelError names the tensor that fits no architecture.

        facts : what the container says that no shape shows (clamp, fp16 layers, truncation steps, ...).
        """


@dataclass(frozen=True, slots=True)
class Family:
    """Where a family's parts live, as `module:name`; loaded when they are needed.

    directions : of a file of this family, by its path; empty where files have none of their own
    maps, finisher : of a family that the processor draws in two passes: see `plan.Deferred`
    """

    spec: str
    latent: str
    synthesis: str
    directions: str = ""
    maps: str = ""
    finisher: str = ""


FAMILIES: dict[str, Family] = {
    "stylegan2": Family(
        "engine.generator.stylegan2_spec:StyleGAN2Spec",
        "engine.generator.mapping:StyleLatent",
        "engine.generator.stylegan2:StyleGAN2",
    ),
    "stylegan3": Family(
        "engine.generator.stylegan3_spec:StyleGAN3Spec",
        "engine.generator.mapping:StyleLatent",
        "engine.generator.stylegan3:StyleGAN3",
    ),
    "biggan": Family(
        "engine.generator.biggan_spec:BigGANSpec",
        "engine.generator.biggan_latent:BigGANLatent",
        "engine.generator.biggan:BigGAN",
    ),
    "progan": Family(
        "engine.generator.progan_spec:ProGANSpec",
        "engine.generator.progan_latent:ProGANLatent",
        "engine.generator.progan:ProGAN",
    ),
    "tulip": Family(
        "engine.generator.tulip.spec:TulipSpec",
        "engine.generator.tulip.latent:TulipLatent",
        "engine.generator.tulip.synthesis:TulipSynthesis",
        "engine.generator.tulip.bank:directions",
        maps="engine.generator.tulip.deferred:TulipMaps",
        finisher="engine.generator.tulip.finisher:TulipFinisher",
    ),
}


def family(name: str) -> Family:
    """The family of this name. ModelError where there is none."""
    if name not in FAMILIES:
        raise ModelError(f"no family {name!r}; there are: {', '.join(FAMILIES)}")
    return FAMILIES[name]


def load(path: str) -> Any:
    """What is called `module:name`."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
