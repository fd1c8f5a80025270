"""`[demonstrate]`: what of a show is learned from poses, and where its poses lie."""

import os
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

from engine.complaints import Where, nearest
from engine.controls import Control, Layout
from engine.errors import ShowError
from engine.paths import data_dir, work_dir
from engine.preset.show import Show
from engine.tables import DemonstrateTable, ShowTable
from mappings.demonstrate import METHOD, NAMES, ON, DemonstrationSpec, Poses
from mappings.demonstrate.pose_file import load
from mappings.demonstrate.poses import CONTROLS
from mappings.errors import RouteError
from mappings.routes.check import check_signal
from mappings.routes.inputs import matcher

OWN = "/demonstrate/"
NAME_BYTES = 200  # of the file's name: most systems take 255, and there must be room for one beside it
VERBS = {
    "press": "learn that these signals mean this picture",
    "undo": "take the last press or clear back",
    "clear": "forget all poses",
    "let_go": "give all demonstrated controls back from hands",
}


def demonstrate_controls(table: ShowTable) -> tuple[Control, ...]:
    """`/demonstrate/on`, `/method` and the verbs; none in a show without the table."""
    row = table.demonstrate
    if row is None:
        return ()
    methods = ", ".join(f"{i} {name}" for i, name in enumerate(NAMES))
    return (
        Control(ON, float(row.on), 0.0, 1.0, about="from 0.5 on: what was demonstrated plays its controls"),
        Control(METHOD, float(NAMES.index(row.method)), 0.0, len(NAMES) - 1.0, about=methods),
        *(Control(OWN + verb, kind="event", about=about) for verb, about in VERBS.items()),
    )


def demonstration_spec(
    table: ShowTable, layout: Layout, known: Sequence[str], vanished: Collection[str], path: Path, where: Where
) -> DemonstrationSpec | None:
    """The table, checked. ShowError for a signal nobody brings, a control that is none, a file outside the show.

    vanished : controls that only the show's own model has, while another plays: left out
    """
    row = table.demonstrate
    if row is None:
        return None
    _check_file(row, path, where)
    at = where("demonstrate", "signals")
    by_address = {control.address: control for control in layout.controls}
    for address in row.signals:
        if address in by_address:
            raise ShowError(f'{at}: "{address}" is a control; signals are what comes in, such as "/osc/x"')
        if address.startswith("/key/"):
            raise ShowError(f'{at}: "{address}" is an event, which has no pose; route it to {OWN}press instead')
        try:
            check_signal(address, {}, [name for name in known if name not in by_address])
        except RouteError as error:
            raise ShowError(f"{at}: {error}") from None
    return DemonstrationSpec(row.signals, _controls(row, layout, vanished, where), row.method, row.smooth)


def _controls(row: DemonstrateTable, layout: Layout, vanished: Collection[str], where: Where) -> tuple[str, ...]:
    """The levels that are meant, in the order of the layout for each name or pattern, once each."""
    at = where("demonstrate", "controls")
    levels = [control.address for control in layout.levels if not control.address.startswith(OWN)]
    events = {control.address for control in layout.controls if control.kind == "event"}
    found: list[str] = []
    for name in row.controls:
        if name in events:
            raise ShowError(f'{at}: "{name}" is an event; only levels stand somewhere and can be demonstrated')
        matches = [address for address in levels if matcher(name).match(address)]
        if not matches and name not in vanished:
            raise ShowError(f'{at}: no level control "{name}"{nearest(name, levels)}')
        found += matches
    addresses = tuple(dict.fromkeys(found))
    if len(addresses) > CONTROLS:
        raise ShowError(f"{at}: {len(addresses)} controls; {CONTROLS} are allowed: name fewer")
    return addresses


def _check_file(row: DemonstrateTable, path: Path, where: Where) -> None:
    """Poses are written over: the file must be one of the show's own, and no other kind of file."""
    at = where("demonstrate", "file")
    folder, name = path.parent.resolve(), Path(row.file)
    if name.suffix != ".json" or "\0" in row.file or len(os.fsencode(name.name)) > NAME_BYTES:
        raise ShowError(f"{at}: file = {row.file!r}; a name that ends in .json is allowed: it is written over")
    if name.is_absolute() or not (folder / name).resolve().is_relative_to(folder):
        raise ShowError(f'{at}: "{row.file}" lies outside the show; name a file in {folder.name}/')


def pose_places(show: Show) -> tuple[Path, ...]:
    """Where this show's poses may lie, the first to be written first.

    Beside the show; else, and for every show that came with latenz, in the user's own folder. What lies there wins.
    """
    table = show.table.demonstrate
    assert table is not None
    beside = show.folder / table.file
    shipped = show.folder.is_relative_to(data_dir("presets").resolve())
    name = show.name if shipped else f"{show.name}-{zlib.crc32(os.fsencode(show.folder)):08x}"
    own = work_dir("poses") / name / table.file
    return (own,) if shipped or own.is_file() else (beside, own)


def pose_file(show: Show) -> Path | None:
    """The file that the show's poses are in, if there is one."""
    table = show.table.demonstrate
    if table is None:
        return None
    own, beside = pose_places(show)[-1], show.folder / table.file
    return next((path for path in (own, beside) if path.is_file()), None)


def read_poses(show: Show) -> Poses:
    """What was demonstrated to this show so far. PosesError where the file cannot be read."""
    path = pose_file(show)
    return Poses() if path is None else load(path)
