"""The models latenz can play: built in by name, or a file; what they are and how they open, without loading torch."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import ModelError
from engine.generator.base import Generator, ModelInfo
from engine.generator.spec import Fit, family, load
from engine.latent.directions import Directions
from engine.paths import data_dir

SUFFIXES = (".safetensors", ".pkl", ".pt", ".pth", ".bin")


@dataclass(frozen=True, slots=True)
class Row:
    """Where a built-in model's parts live: `module:name` of what tells its facts, its directions, and what opens it.

    They take the number behind the name's colon: its garden.
    """

    info: str
    directions: str
    generator: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """A built-in model that is a file in `presets/models`. What stands behind the name's colon is its dress.

    dresses : `module:name` of them in order, each with its name; the first is worn without a colon
    """

    file: str
    dresses: str


CATALOG: dict[str, Row | Shipped] = {
    "silk": Row(
        info="engine.generator.silk.generator:info",
        directions="engine.generator.silk.generator:directions",
        generator="engine.generator.silk.generator:open_silk",
    ),
    "tulip": Shipped(file="tulip.safetensors", dresses="engine.generator.tulip.dress:DRESSES"),
}


@dataclass(frozen=True, slots=True)
class How:
    """How a model is opened, beside its name.

    second : another model of the same architecture to blend with
    snapshots : of the model's training, oldest first: played by age
    classes : the classes of a conditional model whose weights can be played; none: the first sixteen
    fit : how the constant input fills a size that is not native
    backend : see `engine.generator.plan.BACKENDS`
    live : False pins one backend for good, eager unless another is named
    cutoff : psi truncates the first so many layers only
    noise : "const" as learned, "none", or "random": drawn anew from `noise_seed`
    upstream_exact : BigGAN's truncation as the public code has it
    dress : the number of what a tulip wears; the part of a built-in name behind its colon overrules it
    """

    second: str = ""
    snapshots: tuple[str, ...] = ()
    classes: tuple[int, ...] = ()
    fit: Fit = "resize"
    backend: str = "auto"
    live: bool = True
    cutoff: int | None = None
    noise: str = "const"
    noise_seed: int = 0
    upstream_exact: bool = False
    dress: int = 0


def model_info(name: str, folder: Path | None = None, how: How | None = None) -> ModelInfo:
    """What the model is: `silk:3` is the third garden of silk, `tulip:night` a dress of the tulip, else it is a file.

    folder : relative names are looked for here first (a show's own folder)
    ModelError for what is no model. A foreign checkpoint is converted into the user's cache when it is met for the
    first time, which takes a while: ask `pending` first where that must not happen.
    """
    how = how or How()
    path, how = _file_and_how(name, folder, how)
    if path is not None:
        from engine.generator.network import network_info

        return network_info(path, _second(how, folder), how, _snapshots(how, folder))
    if how.second:
        raise ModelError(f"{name} cannot be blended with {how.second}: only models from files can")
    if how.snapshots:
        raise ModelError(f"{name} has no snapshots: name the model from a file that they are of")
    if how.upstream_exact:
        raise ModelError(f"--upstream-exact is for BigGAN; this is {name}")
    if how.cutoff is not None:
        raise ModelError(f"{name}: cutoff {how.cutoff}; only models from files have layers that psi can spare")
    row, garden = _find(name)
    info: ModelInfo = load(row.info)(garden)
    return info


def model_directions(name: str, folder: Path | None = None) -> Directions:
    """The model's own bank of directions; a file has none but one whose family knows them."""
    path, _ = _file_and_how(name, folder, How())
    if path is None:
        row, garden = _find(name)
        bank: Directions = load(row.directions)(garden)
        return bank
    from engine.generator import convert, model_file

    if convert.is_foreign(path):
        return Directions()
    known = family(model_file.read_header(path).spec.family).directions
    own: Directions = load(known)(path) if known else Directions()
    return own


def open_model(
    name: str, device: str = "cpu", threads: int = 2, how: How | None = None, folder: Path | None = None
) -> Generator:
    """The generator called `name`, not yet prepared. device: auto, cpu, cuda or mps."""
    path, how = _file_and_how(name, folder, how or How())
    if path is not None:
        from engine.generator.network import Network

        return Network(path, device, threads, how, _second(how, folder), _snapshots(how, folder))
    row, garden = _find(name)
    generator: Generator = load(row.generator)(garden, device, threads)
    return generator


def pending(names: Sequence[str], folder: Path | None = None) -> list[Path]:
    """Of these models, the foreign checkpoints that have not been converted yet."""
    files = [path for name in names if name and (path := find_model(name, folder)) is not None]
    if not files:
        return []
    from engine.generator.convert import converted, is_foreign

    return [path for path in files if is_foreign(path) and converted(path) is None]


def find_model(name: str, folder: Path | None = None) -> Path | None:
    """The file or folder called `name`, or None when it is a built-in model's name. ModelError when it is neither."""
    if name.partition(":")[0] in CATALOG:
        return None
    given = Path(name).expanduser()
    for candidate in ((folder / given,) if folder is not None else ()) + (given,):
        if candidate.exists():
            return candidate.resolve()
    if given.suffix.lower() in SUFFIXES or len(given.parts) > 1:
        where = f" in {folder} or" if folder is not None else ""
        raise ModelError(f"{name}: no such model file{where} here")
    return None


def models_in(folder: Path) -> list[Path]:
    """The models of a folder, by name, numbers in their names in order of size: the snapshots of a training."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    return sorted(files, key=lambda path: [_natural(part) for part in re.split(r"(\d+)", path.stem)])


def _natural(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)


def file_of(name: str, folder: Path | None = None) -> Path | None:
    """As `find_model`, but a built-in model that is a file gives that file."""
    return _file_and_how(name, folder, How())[0]


def _file_and_how(name: str, folder: Path | None, how: How) -> tuple[Path | None, How]:
    """The file that a model is drawn from, None for one without, and how it is opened: in the dress of its name."""
    path = find_model(name, folder)
    stem, colon, word = name.partition(":")
    row = CATALOG.get(stem)
    if path is not None or not isinstance(row, Shipped):
        return path, how
    path = data_dir("presets") / "models" / row.file
    if not path.is_file():
        raise ModelError(f"{stem} is built in, but its file {path} is missing; install latenz again")
    return path, replace(how, dress=_dress(stem, word, [dress.name for dress in load(row.dresses)])) if colon else how


def _second(how: How | None, folder: Path | None) -> Path | None:
    if how is None or not how.second:
        return None
    path = file_of(how.second, folder)
    if path is None:
        raise ModelError(f"{how.second} cannot be blended with: only models from files can")
    return path


def _snapshots(how: How, folder: Path | None) -> list[Path]:
    found = [(name, file_of(name, folder)) for name in how.snapshots]
    for name, path in found:
        if path is None:
            raise ModelError(f"{name} is no snapshot: only models from files are")
    return [path for _, path in found if path is not None]


def _dress(stem: str, word: str, names: list[str]) -> int:
    """The number of a dress, which a name gives as a number or as a word."""
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdecimal() and len(word) <= 9 and int(word) < len(names):
        return int(word)
    near = difflib.get_close_matches(word, names, n=1)
    hint = f"; did you mean {stem}:{near[0]}?" if near else ";"
    known = ", ".join(f"{i} or {name}" for i, name in enumerate(names))
    raise ModelError(f"{stem} has no dress {word[:40]!r}{hint} there are: {known}")


def _find(name: str) -> tuple[Row, int]:
    """The row of a name and its garden: the number behind a colon, 0 without one."""
    stem, colon, number = name.partition(":")
    row = CATALOG.get(stem)
    if not isinstance(row, Row):
        near = difflib.get_close_matches(stem, CATALOG, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ";"
        built = ", ".join(sorted(CATALOG))
        raise ModelError(f"no model {name!r} is built in{hint} built in: {built}. A file needs its path and suffix")
    if colon and not (number.isascii() and number.isdecimal() and len(number) <= 9):
        raise ModelError(f"the model {name!r} has a bad garden: give a whole number from 0, for example {stem}:3")
    return row, int(number or 0)
