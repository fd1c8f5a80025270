"""Models that were moved together with a sequence: a `.json` names files by whole paths, good on one machine alone."""

import re
from dataclasses import replace
from pathlib import Path

from engine.errors import EngineError, ModelError
from engine.generator.catalog import find_model, model_info, models_in, pending
from engine.latent.sequence_file import Facts


def found_again(facts: Facts, folder: Path) -> Facts:
    """The facts, with models that do not lie where they lay found in the folder of the sequence.

    Looked for by name, beside the sequence and in the folders below that it lay in before; the model by its hash as
    well, under any name. What is not found, or is another than the hash says, keeps its old path.
    """
    if all(map(is_there, (facts.model, *facts.snapshots))):
        return facts
    snapshots = tuple(_by_name(name, folder) for name in facts.snapshots)
    if is_there(facts.model):
        return replace(facts, snapshots=snapshots)
    model = _by_name(facts.model, folder)
    if not (is_there(model) and _is(model, facts.model_hash)):
        model = _by_hash(facts.model_hash, folder) or facts.model
    return replace(facts, model=model, snapshots=snapshots)


def is_there(model: str) -> bool:
    """Whether it is a file that is there, or no file's name."""
    try:
        find_model(model)
    except ModelError:
        return False
    return True


def check_model(facts: Facts, sequence: Path) -> None:
    """ModelError unless the model of a sequence is there, and is the one that it was."""
    if not is_there(facts.model):
        raise ModelError(
            f"{sequence}: its model {facts.model} is neither there nor beside the sequence; put it beside, or give "
            "--model M"
        )
    if find_model(facts.model) is not None and not _is(facts.model, facts.model_hash):
        raise ModelError(
            f"{sequence}: {facts.model} is not the model that it was made with; put that one beside the sequence, or "
            f"take this one with --model {facts.model}"
        )


def _by_name(model: str, folder: Path) -> str:
    """Where a file of its name lies now; as it was where there is none."""
    if is_there(model):
        return model
    parts = re.split(r"[\\/]+", model)  # of any machine
    for first in range(len(parts) - 1, 0, -1):
        if ".." not in parts[first:] and (path := folder.joinpath(*parts[first:])).exists():
            return str(path.resolve())
    return model


def _by_hash(wanted: str, folder: Path) -> str:
    """A model of this hash in a folder; "" without. Checkpoints that nobody converted yet are left alone."""
    if not wanted:
        return ""
    return next((name for name in map(str, models_in(folder)) if not pending([name]) and _is(name, wanted)), "")


def _is(model: str, wanted: str) -> bool:
    """Whether it has this hash, where one is known."""
    try:
        return not wanted or model_info(model).hash == wanted
    except EngineError:
        return False  # another file of the folder
