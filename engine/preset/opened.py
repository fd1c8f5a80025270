"""How a show opens its own model: with a second one, with snapshots; and which of them is at fault where it fails."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.errors import EngineError, ModelError
from engine.generator.catalog import How, find_model, model_directions, model_info, models_in
from engine.tables import GeneratorTable

Key = tuple[str | int, ...]  # in [generator]


def place(name: str, folder: Path, ours: bool = True) -> str:
    """A built-in name as it is; a file's whole path.

    ours : a name of the show is looked for beside it first, then here; the command line's the other way round
    """
    if not ours:
        try:
            found = find_model(name)
        except ModelError:
            found = find_model(name, folder)
    else:
        found = find_model(name, folder)
    return name if found is None else str(found)


def snapshots(table: GeneratorTable, folder: Path) -> tuple[str, ...]:
    """The snapshots that a show lists, or all models of the folder that it names, by the numbers in their names."""
    if not table.snapshots:
        return ()
    if not isinstance(table.snapshots, str):
        return tuple(place(name, folder) for name in table.snapshots)
    at = folder / Path(table.snapshots).expanduser()
    files = models_in(at) if at.is_dir() else []
    if not files:
        raise ModelError(f"{table.snapshots}: no folder with models; give one, or a list of files")
    return tuple(str(file.resolve()) for file in files)


def own_how(table: GeneratorTable, folder: Path) -> How:
    """What the show opens with its own model."""
    return How(
        second=place(table.second, folder) if table.second else "",
        snapshots=snapshots(table, folder),
        classes=table.classes,
    )


def at_fault(table: GeneratorTable, folder: Path, how: How) -> tuple[Key, EngineError | None]:
    """The key of [generator] for which the show's own model does not open, and what is wrong with that alone.

    how : that the model is opened with, but for its second one and its snapshots
    """

    def fails(second: str = "", names: Sequence[str] = ()) -> EngineError | None:
        try:
            row = tuple(place(name, folder) for name in names)
            other = place(second, folder) if second else ""
            model = place(table.model, folder)
            model_info(model, None, replace(how, second=other, snapshots=row))
            model_directions(model)
        except EngineError as error:
            return error
        return None

    if (why := fails()) is not None or not (table.second or table.snapshots):
        return ("model",), why
    if table.second and ((why := fails(table.second)) is not None or not table.snapshots):
        return ("second",), why
    try:
        names = snapshots(table, folder) if isinstance(table.snapshots, str) else table.snapshots
    except EngineError as error:
        return ("snapshots",), error
    from engine.generator.mixture import MOST_SNAPSHOTS

    if len(names) > MOST_SNAPSHOTS:  # none of them needs to be converted to say so
        return ("snapshots",), None
    whys = (fails(names=[name]) for name in names)
    number, why = next(((i, why) for i, why in enumerate(whys) if why is not None), (0, None))
    if why is None or (len(names) > 1 and number == 0 and all(whys)):  # together, or the model has none
        return ("snapshots",), None
    if not isinstance(table.snapshots, str):
        return ("snapshots", number), why
    file = Path(names[number]).name
    return ("snapshots",), why if file in str(why) else ModelError(f"{file}: {why}")
