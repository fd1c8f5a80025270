"""Samples: many unbiased places of a model, one after another, to be edited."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, ModelError
from engine.generator.base import ModelInfo
from engine.studio.farm import Workers
from engine.studio.journey.burn import Burn
from engine.studio.journey.drawing import Drawing, Look, check_class, info_of, whole_name
from engine.studio.journey.film import ALONE, check_proxy, proxy_of
from engine.studio.journey.pair import Facts, Pair, PairWriter
from engine.studio.journey.timeline import MAX_FRAMES
from engine.studio.learn.work import Stop, Tell, never, quiet

Array = NDArray[np.float64]

BLOCK = 64  # samples drawn together
CUT = 2.0  # BigGAN samples a normal distribution cut off here
CLASSES = 2  # the stream of random numbers that classes are of, beside the seed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    models : the first is sampled; of several the proxy is their grid
    count : samples; hold : frames that each stays, so that the pair has count x hold
    space : of the rows; class_ : of a conditional model, one class; else a random one each
    all_classes : instead each class in turn, from the first
    """

    models: tuple[str, ...]
    out: Path
    count: int
    hold: int = 1
    fps: Fraction = Fraction(25)
    seed: int = 0
    space: Literal["z", "w"] = "z"
    class_: int | None = None
    all_classes: bool = False
    psi: float = 1.0
    size: tuple[int, int] | None = None
    proxy: bool = True
    burn: Burn = "label"
    sound: Path | None = None
    device: str = "cpu"


def sample(wanted: Wanted, workers: Workers = ALONE, tell: Tell = quiet, stop: Stop = never) -> Pair:
    """Write the pair. The first samples of many are those of few. InputError for what cannot be sampled."""
    info = _checked(wanted)
    models = tuple(whole_name(model) for model in wanted.models)
    look = Look(models[0], wanted.size, wanted.psi, wanted.class_, device=wanted.device)
    facts = Facts(
        wanted.fps, models[0], info.hash, wanted.seed, wanted.psi, made=_made(wanted, info),
        snapshots=models if len(models) > 1 else (),
    )  # fmt: skip
    if wanted.proxy:
        check_proxy(wanted.out, look, facts.snapshots, wanted.sound)
    shape = (info.z_dim,) if wanted.space == "z" else (info.num_ws, info.w_dim)
    classes = int(info.extra.get("classes", 0))
    drawing = Drawing(replace(look, size=None)) if wanted.space == "w" else None
    try:
        with PairWriter(wanted.out, shape, wanted.count * wanted.hold, facts, classes, wanted.proxy) as writer:
            for z, weights in places(info, wanted):
                rows = z if drawing is None else drawing.w(z, weights, 1.0)
                held = None if weights is None else np.repeat(weights, wanted.hold, 0)
                writer.write(np.repeat(rows, wanted.hold, 0), held)
            pair = writer.close()
    finally:
        if drawing is not None:
            drawing.close()
    if not wanted.proxy:
        return pair
    return proxy_of(pair, look, wanted.burn, sound=wanted.sound, workers=workers, tell=tell, stop=stop)


def places(info: ModelInfo, wanted: Wanted) -> Iterator[tuple[Array, Array | None]]:
    """z (n, z_dim) of the samples in their order, some at a time, with class weights (n, classes) where there are any.

    z is one stream, RandomState(seed); classes are another, so that the same seed gives the same z of any class.
    BigGAN's is cut off at 2, and shorter by psi, as its sampling has it.
    """
    numbers, others = np.random.RandomState(wanted.seed), np.random.RandomState([wanted.seed, CLASSES])
    count, cut = int(info.extra.get("classes", 0)), info.extra.get("family") == "biggan"
    for first in range(0, wanted.count, BLOCK):
        number = np.arange(first, min(first + BLOCK, wanted.count))
        z = numbers.randn(len(number), info.z_dim) if not cut else np.array([_cut(numbers, info.z_dim) for _ in number])
        if cut:
            z *= wanted.psi
        if not count:
            yield z, None
            continue
        drawn = others.randint(0, count, len(number))
        own = number % count if wanted.all_classes else drawn if wanted.class_ is None else wanted.class_
        weights = np.zeros((len(number), count))
        weights[np.arange(len(number)), own] = 1.0
        yield z, weights


def checked_models(models: Sequence[str]) -> ModelInfo:
    """What the first is. ModelError unless the same latents can be drawn by all."""
    infos = [info_of(model) for model in models]

    def shape(info: ModelInfo) -> tuple[object, ...]:
        return info.z_dim, info.num_ws, info.w_dim, int(info.extra.get("classes", 0))

    for model, info in zip(models, infos, strict=True):
        if shape(info) != shape(infos[0]):
            raise ModelError(f"{model}: its latents have another shape than those of {models[0]}")
    return infos[0]


def _cut(numbers: np.random.RandomState, size: int) -> Array:
    z = numbers.randn(size)
    while (wide := np.abs(z) > CUT).any():
        z[wide] = numbers.randn(int(wide.sum()))
    return z


def _checked(wanted: Wanted) -> ModelInfo:
    if wanted.hold < 1 or not 1 <= wanted.count * wanted.hold <= MAX_FRAMES:
        raise InputError(f"{wanted.count} samples of {wanted.hold} frames; give 1 to {MAX_FRAMES} frames in all")
    if not 0 <= wanted.psi <= 2:
        raise InputError(f"--psi {wanted.psi:g}: give 0 to 2")
    info = checked_models(wanted.models)
    count = int(info.extra.get("classes", 0))
    check_class(wanted.class_, info)
    if wanted.all_classes and (wanted.class_ is not None or not count):
        raise InputError("--all-classes: " + (f"{info.name} has no classes" if not count else "leave out --class"))
    return info


def _made(wanted: Wanted, info: ModelInfo) -> str:
    held = f", each held {wanted.hold} frames" if wanted.hold > 1 else ""
    return f"{wanted.count} random samples of {info.name}{held}"
