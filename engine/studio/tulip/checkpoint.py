"""Where a training stands: weights, their average and the optimiser's moments in one file without pickles."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import InputError
from engine.paths import part_beside

KIND = "latenz.training"
Group = Mapping[str, Tensor]
REMEDY = "Give another folder with --out, or remove the file to begin anew"


@dataclass(slots=True)
class Progress:
    """What has been done so far, over all starts.

    steps, samples : of the optimiser, and pictures seen. core_s : seconds of processor time. wall_s : of time
    """

    steps: int = 0
    samples: int = 0
    core_s: float = 0.0
    wall_s: float = 0.0
    starts: int = 0


def save(path: Path, groups: Mapping[str, Group], progress: Progress, about: Mapping[str, object]) -> None:
    """Write all, or nothing: the file that was there stays until the new one is whole on the disk.

    InputError where it cannot be written.
    """
    flat = {f"{group}/{name}": t.contiguous() for group, tensors in groups.items() for name, t in tensors.items()}
    note = {"kind": KIND, **about, "progress": asdict(progress)}
    try:
        with part_beside(path) as part:
            save_file(flat, part, {KIND: json.dumps(note)})
    except (SafetensorError, OSError) as error:  # a full disk is the one or the other, as it comes early or late
        kept = "what was saved before is whole" if path.is_file() else "nothing was saved before"
        raise InputError(
            f"{path} cannot be written: {error}; {kept}. Make room and give the same command to go on"
        ) from error


def load(path: Path, about: Mapping[str, object]) -> tuple[dict[str, dict[str, Tensor]], Progress]:
    """The groups of tensors and how far it was. InputError, naming the file, for one that is not of this training."""
    try:
        with safe_open(path, "pt") as file:
            note = json.loads((file.metadata() or {}).get(KIND, "null"))
            flat = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 : it is no mapping
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no checkpoint of a training: {error}. {REMEDY}") from error
    if not isinstance(note, dict) or note.get("kind") != KIND:
        raise InputError(f"{path} is no checkpoint of a training. {REMEDY}")
    for name, value in about.items():
        if note.get(name) != value:
            raise InputError(f"{path} was trained with another {name}: {note.get(name)!r}; now {value!r}. {REMEDY}")
    progress = _progress(note.get("progress"))
    if progress is None:
        raise InputError(f"{path} does not say how far the training was. {REMEDY}")
    for name, tensor in flat.items():
        if not torch.isfinite(tensor).all():
            raise InputError(f"{path} holds numbers that are none, in {name[:60]!r}. {REMEDY}")
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in flat.items():
        group, _, rest = name.partition("/")
        groups.setdefault(group, {})[rest] = tensor
    return groups, progress


def _progress(row: object) -> Progress | None:
    """What `asdict` made of one, or None for anything else."""
    known = {f.name: type(f.default) for f in fields(Progress)}
    if not isinstance(row, dict) or set(row) != set(known):
        return None
    for name, value in row.items():
        right = type(value) in ((int,) if known[name] is int else (int, float))
        if not right or not 0 <= value < 2**53:  # false for what is no number
            return None
    return Progress(**row)
