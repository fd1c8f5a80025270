"""The file of the poses: JSON that a person can read and mend, one pose a line.

    {"latenz": "poses", "version": 1, "signals": ["/osc/x", "/osc/y"], "controls": ["/direction/bloom"],
     "seen": [[0.0, 1.0], [0.0, 1.0]],
     "poses": [
    {"signals": [0.1, 0.9], "controls": [-1.5]},
    {"signals": [0.8, null], "controls": [2.0]}
    ]}

The numbers of a pose stand in the order of the names; `null` is a signal that had not come.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mappings.demonstrate.poses import BOUND, CONTROLS, POSES, SIGNALS, Poses
from mappings.errors import PosesError

VERSION = 1
FILE_BYTES = 8 << 20
ADDRESS_CHARACTERS = 255
_MENDS = "mend the file, or move it away to begin anew"


def lines(poses: Poses) -> Iterator[str]:
    """The file, a line at a time, so that whoever writes it can breathe between two."""
    head = {"latenz": "poses", "version": VERSION, "signals": list(poses.signals), "controls": list(poses.controls)}
    yield json.dumps(head)[:-1] + ",\n"
    ends = [[low, high] if low <= high else None for low, high in poses.seen.tolist()]
    yield f' "seen": {json.dumps(ends)},\n "poses": [\n'
    last = len(poses) - 1
    for i in range(len(poses)):
        row = {"signals": _plain(poses.x[i].tolist()), "controls": _plain(poses.y[i].tolist())}
        yield json.dumps(row) + (",\n" if i < last else "\n")
    yield "]}\n"


def dump(poses: Poses) -> dict[str, Any]:
    """The same as plain data, for a take's header."""
    data: dict[str, Any] = json.loads("".join(lines(poses)))
    return data


def load(path: str | Path) -> Poses:
    """Poses from a file. PosesError says which pose and line is wrong, what is allowed and what to do."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > FILE_BYTES:
            raise PosesError(f"{path}: {size} bytes; {FILE_BYTES} are allowed: it is no file of poses")
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PosesError(f"{path}: not UTF-8 text (byte {error.start}); {_MENDS}") from None
    except OSError as error:
        raise PosesError(f"{path}: cannot be read ({error.strerror}); give the path of a file of poses") from error
    try:
        data = json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as error:
        cut = ": it was cut off" if error.pos >= len(text.rstrip()) else ""
        raise PosesError(f"{path}:{error.lineno}: not JSON ({error.msg}){cut}; {_MENDS}") from None
    except (ValueError, RecursionError) as error:
        raise PosesError(f"{path}: not JSON that can be read ({error}); {_MENDS}") from None
    return parse(data, str(path), text)


def parse(data: Any, where: str, text: str = "") -> Poses:
    """Poses from what `dump` gave or a file held. PosesError names the pose.

    where : said first in errors; text : of the file, for line numbers
    """
    if not isinstance(data, dict) or data.get("latenz") != "poses":
        raise PosesError(f'{where}: not a file of poses; one begins {{"latenz": "poses", "version": {VERSION}, ...}}')
    if data.get("version") != VERSION or isinstance(data["version"], bool):
        raise PosesError(f"{where}: version {data.get('version')!r}; {VERSION} is allowed: a newer latenz wrote it")
    signals = _names(data, "signals", SIGNALS, where)
    controls = _names(data, "controls", CONTROLS, where)
    rows = data.get("poses")
    if not isinstance(rows, list) or len(rows) > POSES:
        given = f"{len(rows)} poses" if isinstance(rows, list) else '"poses" is no list'
        raise PosesError(f"{where}: {given}; a list of at most {POSES} is allowed; {_MENDS}")
    x, y = np.full((len(rows), len(signals)), np.nan), np.full((len(rows), len(controls)), np.nan)
    for i, row in enumerate(rows):
        if wrong := _fill(row, x[i], y[i]):
            at = f"{where}:{line}" if (line := _line_of(text, i)) else where
            raise PosesError(f"{at}: pose {i + 1}: {wrong}; {_MENDS}")
    return Poses(signals, controls, x, y, _seen(data, x, where))


def _fill(row: Any, x: Any, y: Any) -> str:
    """Read one pose into its arrays; what is wrong with it, or nothing."""
    if not isinstance(row, dict):
        return 'no pose; {"signals": [...], "controls": [...]} is allowed'
    for name, into in (("signals", x), ("controls", y)):
        values = row.get(name)
        if not isinstance(values, list) or len(values) != len(into):
            given = f"{len(values)}" if isinstance(values, list) else "no list of"
            return f"{given} {name}; {len(into)} are named above"
        for k, value in enumerate(values):
            if value is None:
                continue
            if not _is_number(value):
                return f"{name}[{k}] is {str(value)[:40]!r}; a number within {BOUND:g} or null is allowed"
            into[k] = value
    return ""


def _names(data: dict[str, Any], key: str, most: int, where: str) -> tuple[str, ...]:
    names = data.get(key)
    if not isinstance(names, list) or len(names) > most:
        given = f"{len(names)} {key}" if isinstance(names, list) else f'"{key}" is no list'
        raise PosesError(f"{where}: {given}; a list of at most {most} addresses is allowed; {_MENDS}")
    for name in names:
        if not (isinstance(name, str) and name.startswith("/") and len(name) <= ADDRESS_CHARACTERS):
            raise PosesError(f'{where}: {key}: {str(name)[:40]!r}; an address such as "/osc/x" is allowed; {_MENDS}')
    if len(set(names)) != len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise PosesError(f'{where}: {key}: "{twice}" stands there twice; {_MENDS}')
    return tuple(names)


def _seen(data: dict[str, Any], x: Any, where: str) -> Any:
    """The ends between which each signal has been: what the file says, and at least what its poses say."""
    told = data.get("seen", [None] * x.shape[1])
    if not isinstance(told, list) or len(told) != x.shape[1]:
        raise PosesError(f'{where}: "seen" must hold [least, greatest] for each of the {x.shape[1]} signals; {_MENDS}')
    ends = np.full((x.shape[1], 2), (np.inf, -np.inf))
    for i, pair in enumerate(told):
        if pair is not None:
            if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) and pair[0] <= pair[1]):
                raise PosesError(f"{where}: seen[{i}] is {str(pair)[:40]}; [least, greatest] is allowed; {_MENDS}")
            ends[i] = pair
    if len(x):
        ends[:, 0] = np.minimum(ends[:, 0], np.where(np.isnan(x), np.inf, x).min(0))
        ends[:, 1] = np.maximum(ends[:, 1], np.where(np.isnan(x), -np.inf, x).max(0))
    return ends


def _line_of(text: str, pose: int) -> int:
    """The line on which a pose begins in a text that is JSON; 0 where it cannot be told."""
    decoder = json.JSONDecoder()
    at = text.find("[", text.find('"poses"', text.find('"seen"') + 1) + 7) + 1
    try:
        for _ in range(pose):
            at = decoder.raw_decode(text, _skip(text, at))[1]
        at = _skip(text, at)
    except ValueError:
        return 0
    return text.count("\n", 0, at) + 1 if 0 < at < len(text) else 0


def _skip(text: str, at: int) -> int:
    """The next place that is neither white nor a comma."""
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _plain(values: list[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -BOUND <= value <= BOUND


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no number that can be learned from")
