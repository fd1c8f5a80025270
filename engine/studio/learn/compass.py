"""`latenz learn compass`: the way between two piles of pictures (Schwettmann, Strobelt, Martino 2020)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_info
from engine.latent.bank import check_name
from engine.latent.compass import LEAST, Axes, Found, Method, learn
from engine.latent.directions import Direction, Directions
from engine.preset.compass import axes_of
from engine.preset.examples import Example, check_apart, one_space, read_examples
from engine.studio.learn.bank import check_bank, cleared, keep, others
from engine.studio.learn.components import component_space
from engine.studio.learn.facts import completed
from engine.studio.learn.layers import activations, check_layer
from engine.studio.learn.piles import save_piles
from engine.studio.learn.space import array, leads_into
from engine.studio.learn.subject import SIDE, Sample, Subject
from engine.studio.learn.work import Stop, Tell, Work, never, quiet

Array = NDArray[np.float64]

COUNT = 20  # components that examples are compared in
MIDDLE_SAMPLES = 1_000  # that the middle of w is found with


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Where examples are compared.

    of : "z", "w" or "layer:NAME"; into : where its direction leads
    layers : of w, those that what is compared depends on; None is all
    """

    of: str
    into: Literal["z", "w"]
    axes: Axes
    layers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A direction from two piles, what was found, and how long it took once samples were there."""

    direction: Direction
    found: Found
    took_s: float


def compass(
    model: str, out: Path, more: str, less: str, *,
    name: str = "", of: str = "", within: Path | None = None, count: int = COUNT, samples: int = 0,
    method: Method = "svm", layers: tuple[int, ...] | None = None, leave: Sequence[str] = (), add: bool = False,
    seed: int = 0, side: int = SIDE, threads: int = 2, device: str = "cpu", tell: Tell = quiet, stop: Stop = never,
) -> Learned:  # fmt: skip
    """Learn a direction from what `more` and `less` name (see `read_examples`), into a bank with a picture beside it.

    of : compare in components of "z", "w" or "layer:NAME"; "": of z, or of w where all examples lie there
    within : a bank whose first directions are the axes instead
    InputError for piles that are empty, one-sided, hold one place on both sides, or are of another model.
    """
    info = model_info(model)
    name = check_name(name or out.stem, "--name")
    former = check_bank(out, add, info)
    piles = piles_of(more, less, info)
    bank = None if within is None else Directions.load(within).check(info)
    subject = Subject(model, side, threads, device)
    of = of if bank is not None else of or _usual(piles)
    around = others(leave, model, info, leads_into(subject, of) if bank is None else bank.items[0].space)
    if (of or (bank and bank.items[0].space)) == "z":
        for pile in piles:
            one_space(pile, "z")
    asked = {"compass": info.hash, "of": of, "count": count, "samples": samples, "seed": seed, "side": side}
    work = Work(out, asked, tell, stop)
    if bank is None:
        compared = compared_in(subject, of, count, samples, seed, work)
    else:
        compared = within_bank(subject, bank, of, count)
    learned = learn_from(subject, piles, compared, name, method, layers, around)
    tell(f"measuring {name}", 0, 1)
    learned = replace(learned, direction=completed(subject, learned.direction, seed=seed))
    keep(out, former, [learned.direction], info)
    save_piles(out.with_suffix(".png"), subject, learned.direction, *(drawn(subject, pile) for pile in piles))
    work.done()
    return learned


def piles_of(more: str, less: str, info: ModelInfo) -> tuple[list[Example], list[Example]]:
    """Both sides, read and checked."""
    piles = []
    for given, side in ((more, "--more"), (less, "--less")):
        try:
            piles.append(read_examples(given, info))
        except InputError as error:
            raise type(error)(f"{side} {error}") from None
        if len(piles[-1]) < LEAST:
            raise InputError(f"{side} {given}: {len(piles[-1])} example; give at least {LEAST} a side, better six")
    check_apart(*piles)
    return piles[0], piles[1]


def compared_in(
    subject: Subject, of: str, count: int = COUNT, samples: int = 0, seed: int = 0, work: Work | None = None
) -> Compared:
    """The components of z, w or a layer. InputError for what the model does not have."""
    kind = of.partition(":")[0]
    if kind not in ("z", "w", "layer"):
        raise InputError(f"--space {of}: give z, w or layer:NAME")
    space = component_space(subject, of, count, samples, seed, work=work)
    back = space.ways if kind == "layer" else None
    return Compared(space.of, space.into, Axes(space.basis, space.mean, space.scale, back=back), space.layers)


def within_bank(subject: Subject, bank: Directions, of: str, count: int) -> Compared:
    """The span of a bank's first directions."""
    into = bank.items[0].space
    if of not in ("", into):
        raise InputError(f"--space {of}: the bank of --in lies in {into}")
    axes = axes_of(bank.items, into, count)
    if into == "w":
        middle = _w_of(subject, subject.sample(MIDDLE_SAMPLES, 0)).mean(0)
        axes = Axes(axes.rows, middle, axes.scale)
    return Compared(into, into, axes)


def learn_from(
    subject: Subject, piles: tuple[Sequence[Example], Sequence[Example]], compared: Compared, name: str,
    method: Method = "svm", layers: tuple[int, ...] | None = None, leave: Sequence[Direction] = (),
) -> Learned:  # fmt: skip
    """The direction between two piles. Its sigma is that of the axes: `completed` measures what else it carries."""
    begun = time.perf_counter()
    looked = [features_of(subject, pile, compared.of) for pile in piles]
    found = learn(looked[0], looked[1], compared.axes, method)
    measures = {
        "accuracy": found.accuracy, "chance": found.chance, "luck": found.luck, "margin": found.margin,
        "more": float(len(piles[0])), "less": float(len(piles[1])), "axes": float(len(compared.axes)),
    }  # fmt: skip
    words = f"compass by {method} in {compared.of}"
    moved = compared.layers if layers is None else layers
    direction = Direction(name, found.vector, compared.into, found.sigma, moved, subject.info.hash, words, measures)
    if leave:
        direction = cleared([direction], leave)[0]
    return Learned(direction, found, time.perf_counter() - begun)


def features_of(subject: Subject, pile: Sequence[Example], of: str) -> Array:
    """(n, features) of a pile: its z, the mean layer of its w, or what a layer gives there."""
    kind, _, layer = of.partition(":")
    if kind == "z":
        return one_space(pile, "z")
    w = drawn(subject, pile)
    if kind == "w":
        return np.asarray(w.cpu().double().mean(1).numpy())
    layer = check_layer(subject, layer)
    return np.asarray(array(activations(subject, w, [layer])[layer].flatten(1)), np.float64)


@torch.no_grad()
def drawn(subject: Subject, pile: Sequence[Example]) -> torch.Tensor:
    """w (n, num_ws, w_dim) that the pictures of a pile are drawn from."""
    rows = []
    for example in pile:
        latent = torch.from_numpy(np.array(example.latent, np.float32)).to(subject.device)[None]
        rows.append(subject.w(Sample(latent)) if example.space == "z" else latent)
    return torch.cat(rows)


def _usual(piles: tuple[Sequence[Example], Sequence[Example]]) -> str:
    return "w" if all(example.space == "w" for pile in piles for example in pile) else "z"


@torch.no_grad()
def _w_of(subject: Subject, sample: Sample) -> Array:
    """(n, w_dim)."""
    return np.asarray(subject.w(sample)[:, 0].cpu().double().numpy())
