"""A show that learns by demonstration: its presses, where its poses come from, and where they go."""

import json
import sys
from typing import Any

from engine.preset import Show
from engine.preset.demonstrate import OWN, pose_file, pose_places, read_poses
from engine.show.keeper import Keeper
from mappings.bus import Bus
from mappings.demonstrate import Demonstration, Poses
from mappings.demonstrate.pose_file import dump
from mappings.errors import PosesError
from mappings.routes import Plan
from mappings.take import HEADER_BYTES


class Lesson:
    """The demonstration of one show. Live, what is pressed is kept on the disk; stepped, nothing is written."""

    def __init__(self, show: Show, bus: Bus, *, live: bool, poses: Poses | None = None) -> None:
        """poses : instead of those on the disk. PosesError where they cannot be read; a live show plays without them"""
        assert show.demonstrate is not None
        self.show, self._bus, self._live = show, bus, live
        self.keeper = Keeper()
        self._file = pose_file(show)
        if poses is None:
            poses = self._read()
        self.demonstration = Demonstration(show.demonstrate, show.layout.controls, bus, poses)

    def _read(self) -> Poses:
        try:
            return read_poses(self.show)
        except PosesError as error:
            if not self._live:
                raise
            self.keeper.aside = self._file
            _say(f"{error}; playing without poses")
            return Poses()

    def hear(self, address: str, plan: Plan) -> None:
        """One of the events `/demonstrate/...`, after the step that brought it."""
        taught = self.demonstration
        match address.removeprefix(OWN):
            case "press":
                changed = taught.press(self._bus.look(()), plan.standing(taught.rows))
            case "undo":
                changed = taught.undo()
            case "clear":
                changed = taught.clear()
            case _:
                plan.let_go(taught.rows)
                for control in taught.spec.controls:
                    self._bus.writers.pop(control, None)  # nobody holds it now: its device is told where it goes
                return
        if self._live:
            self._tell(address, changed)
            if changed:
                self.keeper.put(pose_places(self.show), taught.poses)

    def _tell(self, address: str, changed: bool) -> None:
        taught = self.demonstration
        count = len(taught.poses)
        if not changed:
            press = f"{count} poses are as many as there can be" if taught.poses.full else "no signal has come yet"
            why = {"press": press, "undo": "there is nothing to take back", "clear": "there are no poses"}
            _say(f"demonstrate: {why[address.removeprefix(OWN)]}")
            return
        error = taught.error
        missed = "" if error is None else f"; left out, a pose is missed by {error:.0%} of a control's range"
        _say(f"demonstrate: {count} {'pose' if count == 1 else 'poses'} ({taught.method}{missed})")

    def inherit(self, former: "Lesson") -> None:
        """Go on after a reload with what was pressed, and with what can be taken back, while the file is the same.

        Where it could not be read before, and nothing was pressed since, what it says now counts.
        """
        if pose_places(former.show) == pose_places(self.show) and former.keeper.aside is None:
            self.demonstration.inherit(former.demonstration)
            self.keeper, former.keeper.aside = former.keeper, self.keeper.aside

    def header(self) -> dict[str, Any]:
        """What a take must hold so that it plays as it was: the poses with which it begins."""
        data = dump(self.demonstration.poses)
        if len(json.dumps(data)) > HEADER_BYTES // 2:
            _say(f"{len(self.demonstration.poses)} poses are too many for a take; it will play with those of the show")
            return {}
        return {"poses": data}

    def status(self) -> dict[str, Any]:
        """For the report and the console."""
        taught = self.demonstration
        return {
            "poses": len(taught.poses),
            "method": taught.method,
            "plays": taught.plays,
            "error": taught.error,
            "file": str(self.keeper.kept or self._file or ""),
        }


def _say(line: str) -> None:
    sys.stderr.write(f"latenz: {line}\n")
