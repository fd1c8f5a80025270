"""What was learned, into a bank."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_directions
from engine.latent.combine import without
from engine.latent.directions import Direction, Directions, architecture_of
from engine.paths import check_output


def check_bank(out: Path, add: bool, info: ModelInfo) -> Directions:
    """The bank that is there to add to, else an empty one; before any work.

    InputError where it, or the picture beside it, cannot be written.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"{out}: a bank is a .safetensors; name one")
    for file in (out, out.with_suffix(".png")):
        check_file(file)
    return Directions.load(out).check(info) if add and out.exists() else Directions()


def check_file(path: Path) -> None:
    """InputError unless a file can be written there."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file in it")
    check_output(path)


def keep(out: Path, former: Directions, found: Sequence[Direction], info: ModelInfo) -> Directions:
    """Write the bank: what was there and what was found, marked with whose it is. Gives all of it."""
    marked = [replace(d, model_hash=info.hash, model=info.name, architecture=architecture_of(info)) for d in found]
    bank = former.merged(Directions(tuple(marked))).check(info)
    bank.save(out)
    return bank


def others(asked: Sequence[str], model: str, info: ModelInfo, space: str = "") -> list[Direction]:
    """The directions named by `--without`: NAME of the model's own, or BANK.safetensors:NAME; NAME `*` is all.

    space : where what is to leave them alone lies, z or w; of `*` those there are taken. "": nothing is learned
    InputError for one that cannot be left alone: it lies in the other space, or bends.
    """
    found: list[Direction] = []
    for text in asked:
        file, colon, name = text.rpartition(":")
        bank = Directions.load(Path(file)).check(info) if colon else model_directions(model).check(info)
        named = [bank[name]] if name != "*" else [d for d in bank if not _not_left(d, space)] or list(bank)
        for direction in named:
            if why := _not_left(direction, space):
                raise InputError(f"--without {text}: {direction.name} {why}")
        found.extend(named)
    return found


def _not_left(direction: Direction, space: str) -> str:
    """Why nothing that is learned in a space can leave it alone; "" where it can."""
    if space and direction.space != space:
        return f"lies in {direction.space} and what is learned in {space}; learn in {direction.space}, or name another"
    if space and direction.curve is not None:
        return "bends; only straight directions can be left alone"
    return ""


def cleared(found: Sequence[Direction], leave: Sequence[Direction]) -> list[Direction]:
    """Each of them without what the directions to leave alone do."""
    return [without(direction, leave) for direction in found]
