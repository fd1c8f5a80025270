"""Breed: the next generation of a family, its stills, its contact sheet and its tree.

After Joel Simon's Ganbreeder (2018) and Artbreeder: choose, cross, mutate, and choose again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.complaints import nearest
from engine.errors import InputError, ModelError
from engine.generator.base import ModelInfo
from engine.latent.directions import Match
from engine.paths import check_output
from engine.preset.model import strange
from engine.studio.breed.child import Recipe, born
from engine.studio.breed.cross import KINDS, draw_layers
from engine.studio.breed.family import MOST_PARENTS, Family, Node, read_family, write_family
from engine.studio.breed.genome import Genome
from engine.studio.breed.parents import Outside, model_of, psi_of
from engine.studio.breed.portraits import Portraits
from engine.studio.breed.sheet import save_sheet
from engine.studio.breed.tree import save_tree
from engine.studio.journey.drawing import Drawing, Look, info_of, whole_name
from engine.studio.journey.pair import Facts, Pair, PairWriter, check_place
from engine.studio.journey.timeline import Mark
from engine.studio.latents import MOST_SIGMA, Along, amounts_of
from engine.studio.learn.work import Tell, quiet
from engine.studio.pace import Array

STREAM = 6  # of random numbers, others than those of journeys
MOST_CHILDREN = 256


@dataclass(frozen=True, slots=True)
class Breed:
    """What is asked for.

    parents : as `Outside.found` takes them; none begins a family with so many seeds, from `seed` on,
    of any class
    out : the folder; tree : the family's file, FOLDER/family.json without
    mutation : 0..1 as `Neighbours` has it; genes : such as `bloom=1`, along the model's own directions and the bank's
    weights : of the parents; None draws them anew for each child that is mixed, and is fair to all for others
    psi : None is the family's, else that of the first still among the parents, else 1
    """

    parents: tuple[str, ...]
    out: Path
    model: str | None = None
    children: int = 12
    mutation: float = 0.2
    genes: tuple[str, ...] = ()
    bank: Path | None = None
    match: Match = "model"
    cross: str = "mix"
    weights: tuple[float, ...] | None = None
    seed: int = 0
    tree: Path | None = None
    size: tuple[int, int] | None = None
    psi: float | None = None
    class_: int | None = None
    device: str = "cpu"


@dataclass(frozen=True, slots=True, eq=False)
class Bred:
    """What came of it: the new ones, and what is odd about a gene, if anything is."""

    family: Family
    born: tuple[Node, ...]
    warning: str = ""


def breed(wanted: Breed, tell: Tell = quiet) -> Bred:
    """Write the children as stills into the folder, with family.json, sheet.png, tree.png and places.safetensors.

    InputError for what cannot be, before anything is drawn.
    """
    _check(wanted)
    file = wanted.tree or wanted.out / "family.json"
    model, family = _family(wanted, file)
    info = info_of(model)
    if not wanted.parents and family.nodes:
        newest = next(reversed(family.nodes))
        raise InputError(f"{file}: a family that is there goes on from its own; name parents, such as {newest}")
    parents, roots = _parents(wanted, info, family)
    along, strangers = amounts_of(model, info, wanted.genes, wanted.bank, wanted.match, "--gene")
    recipes = [] if not parents else _recipes(wanted, info, family, parents)
    _make_folder(wanted.out, file)
    with _open(wanted, model, family.psi) as portraits:
        children = [_child(recipe, family, portraits.drawing, along if wanted.genes else None) for recipe in recipes]
        for n, node in enumerate(drawn := [*roots, *children]):
            tell("drawing", n, len(drawn))
            portraits.keep(node)
        save_sheet(wanted.out / "sheet.png", parents, children or roots, portraits, _title(wanted, parents))
        save_tree(wanted.out / "tree.png", family, portraits)
        portraits.save_places(list(family.nodes.values()), wanted.out / "places.safetensors")
    write_family(file, family)
    return Bred(family, tuple(children or roots), strange(strangers, info.name) if strangers else "")


def gather(wanted: Breed, out: Path) -> Pair:
    """Write those who are named as a sequence, a row and a mark for each: for journeys, and as a show's pool.

    In z where all are one z each, else in w. Nobody is born, and the family stays as it is.
    """
    if not wanted.parents:
        raise InputError("--to-sequence: name whom to gather")
    model, family = _family(wanted, wanted.tree or wanted.out / "family.json")
    info = info_of(model)
    nodes, new = _parents(wanted, info, family)
    rows_of = [Path(text.rpartition(":")[0]) for text in wanted.parents if ".npy:" in text]
    check_place(out, rows_of)
    drawing = Drawing(Look(model, psi=family.psi, device=wanted.device))
    try:
        in_z = all(node.genome.space == "z" and node.genome.latent.ndim == 1 for node in nodes)
        rows = np.array([node.genome.latent if in_z else node.genome.w(drawing, 1.0) for node in nodes])
    finally:
        drawing.close()
    # Those from outside are in no family, so no other's id may be theirs.
    names = [node.source if any(node is other for other in new) else node.id for node in nodes]
    marks = tuple(Mark(n, name) for n, name in enumerate(names))
    made = f"breed {' '.join(names)}"
    facts = Facts(model=model, model_hash=info.hash, psi=family.psi, made=made, marks=marks)
    classes = [node.genome.classes for node in nodes if node.genome.classes is not None]
    with PairWriter(out, rows.shape[1:], len(rows), facts, len(classes[0]) if classes else 0) as writer:
        writer.write(rows, np.array(classes) if classes else None)
        return writer.close()


def _check(wanted: Breed) -> None:
    """InputError for what can be said before any file is read."""
    if not 1 <= wanted.children <= MOST_CHILDREN:
        raise InputError(f"--children {wanted.children}: give 1 to {MOST_CHILDREN}")
    if not 0.0 <= wanted.mutation <= 1.0:
        raise InputError(f"--mutation {wanted.mutation:g}: give 0 to 1, a quarter turn")
    if wanted.cross not in KINDS:
        raise InputError(f"--cross {wanted.cross}: give {', '.join(KINDS)}{nearest(wanted.cross, KINDS)}")
    if len(wanted.parents) > MOST_PARENTS:
        raise InputError(f"{len(wanted.parents)} parents; at most {MOST_PARENTS}")
    if wanted.psi is not None and not -4.0 <= wanted.psi <= 4.0:
        raise InputError(f"--psi {wanted.psi:g}: give -4 to 4")
    if wanted.parents and wanted.weights is not None:
        fine = all(0.0 <= weight <= 1e6 for weight in wanted.weights) and sum(wanted.weights) > 0.0
        if len(wanted.weights) != len(wanted.parents) or not fine:
            given = ",".join(f"{weight:g}" for weight in wanted.weights)
            raise InputError(f"--weights {given}: give {len(wanted.parents)}, one for each parent, 0 or more")
    if not wanted.parents and not wanted.model:
        raise InputError("name a parent, or give --model M to begin with seeds")
    if not wanted.parents and (wanted.genes or wanted.weights):
        raise InputError("--gene and --weights: children have them; name a parent")
    one = len(wanted.parents) == 1 or (wanted.cross == "mix" and wanted.weights is not None)
    if wanted.parents and wanted.mutation == 0.0 and one and wanted.children > 1:
        raise InputError(
            f"--mutation 0: {wanted.children} children would be the same; give --children 1, or a mutation"
        )


def _family(wanted: Breed, file: Path) -> tuple[str, Family]:
    """The model, and the family that is there or begins here."""
    family = read_family(file)
    model = whole_name(wanted.model) if wanted.model else (family.model if family else model_of(wanted.parents))
    info = info_of(model)
    psi = wanted.psi
    if family is None:
        psi = psi_of(wanted.parents) if psi is None else psi
        family = Family(model, info.hash)
    family.check(info, file).model = model
    family.psi = family.psi if psi is None else psi
    return model, family


def _parents(wanted: Breed, info: ModelInfo, family: Family) -> tuple[list[Node], list[Node]]:
    """The parents, and those who are new in the family: of them, or, where none is named, of seeds."""
    parents, new = list[Node](), list[Node]()
    texts = wanted.parents or tuple(f"seed:{wanted.seed + n}" for n in range(wanted.children))
    classes = int(info.extra.get("classes", 0))
    random = np.random.RandomState([wanted.seed, STREAM])
    for text in texts:
        class_ = wanted.class_
        if not wanted.parents and classes and class_ is None:
            class_ = int(random.randint(classes))
        found = Outside(info, class_).found(text, family)
        if isinstance(found, Genome):
            node = family.same(found)
            if node is None:
                source = f"seed:{text.removeprefix('seed:')}" if text[-1:].isdecimal() and "." not in text else text
                node = family.add(found, 0, None, Path(source).name)
                new.append(node)
            found = node
        parents.append(found)
    return (parents if wanted.parents else []), new


def _recipes(wanted: Breed, info: ModelInfo, family: Family, parents: Sequence[Node]) -> list[Recipe]:
    """One for each child, with all that chance decides."""
    genes: dict[str, float] = {}
    for text in wanted.genes:
        name, _, sigma = text.partition("=")
        genes[name] = genes.get(name, 0.0) + float(sigma)
    for name, total in genes.items():
        if abs(total) > MOST_SIGMA:
            raise InputError(f"--gene {name}: {total:g} in all; at most {MOST_SIGMA:g} sigma")
    bank, digest = "", ""
    if wanted.bank is not None and genes:
        bank, digest = wanted.bank.name, hashlib.sha256(wanted.bank.read_bytes()).hexdigest()
    generation = 1 + max(parent.generation for parent in parents)
    if generation > 9999:
        raise InputError("9999 generations; begin another family in another folder, with the best of this one")
    first = int(family.next_id(generation).partition("-")[2])
    base = Recipe(
        tuple(parent.id for parent in parents), (1.0,), wanted.cross if len(parents) > 1 else "mix",
        mutation=wanted.mutation, genes=tuple(genes.items()), bank=bank, bank_sha256=digest,
    )  # fmt: skip
    return [
        _recipe(base, wanted, info, np.random.RandomState([wanted.seed, STREAM, generation, first + n]))
        for n in range(wanted.children)
    ]


def _recipe(base: Recipe, wanted: Breed, info: ModelInfo, random: np.random.RandomState) -> Recipe:
    seed, count = int(random.randint(2**31)), len(base.parents)
    if count == 1:
        return replace(base, seed=seed)
    weights: Array = np.full(count, 1.0 / count)
    if wanted.weights is not None:
        weights = np.array(wanted.weights) / sum(wanted.weights)
    elif base.cross == "mix":
        weights = random.dirichlet(np.ones(count))
    layers = () if base.cross == "mix" else draw_layers(base.cross, info, weights, random)
    return replace(base, weights=tuple(weights.tolist()), layers=layers, seed=seed)


def _child(recipe: Recipe, family: Family, drawing: Drawing, along: Along | None) -> Node:
    parents = [family.nodes[parent] for parent in recipe.parents]
    try:
        genome = born([parent.genome for parent in parents], recipe, drawing, along)
    except ModelError as error:
        raise ModelError(f"{error}; cross parents by mix or bands, which stays in z") from None
    genome.check(drawing.info, f"a child of {' and '.join(recipe.parents)}")
    return family.add(genome, 1 + max(parent.generation for parent in parents), recipe)


def _make_folder(out: Path, file: Path) -> None:
    if file.parent != out:
        check_output(file)
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: no folder can be made there ({error.strerror})") from None
    check_output(out / "sheet.png")


def _open(wanted: Breed, model: str, psi: float) -> Portraits:
    return Portraits(Drawing(Look(model, wanted.size, psi, device=wanted.device)), wanted.out)


def _title(wanted: Breed, parents: Sequence[Node]) -> tuple[str, str]:
    """What was asked for, in words."""
    if not parents:
        return f"{wanted.children} to begin with", f"seeds {wanted.seed} to {wanted.seed + wanted.children - 1}"
    children = "1 child" if wanted.children == 1 else f"{wanted.children} children"
    how = [f"crossed by {wanted.cross}"] if len(parents) > 1 else []
    how += [f"mutation {wanted.mutation:g}", *wanted.genes, f"seed {wanted.seed}"]
    return f"{children} of {' and '.join(parent.id for parent in parents)}", ", ".join(how)
