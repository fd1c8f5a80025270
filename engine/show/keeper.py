"""Puts poses on the disk from a thread of its own: the loop that plays waits for no disk."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engine.paths import part_beside
from mappings.demonstrate import Poses
from mappings.demonstrate.pose_file import lines

BREATH_S = 0.0005  # between two lines, so that the loop gets the interpreter back at once
_Work = tuple[tuple[Path, ...], Poses]


class Keeper:
    """Writes the newest poses whole or not at all. Its thread begins with the first and ends with `close`."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.kept: Path | None = None  # where the last ones were written
        self.aside: Path | None = None  # a file that could not be read: moved away before another takes its place
        self._door = threading.Condition()
        self._work: _Work | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    def put(self, places: Sequence[Path], poses: Poses) -> None:
        """Keep these in the first place that can be written. What is still waiting is forgotten for them."""
        with self._door:
            self._work, self._closing = (tuple(places), poses), False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="poses", daemon=True)
                self._thread.start()
            self._door.notify()

    def close(self) -> None:
        """Wait until what was put is written. Safe twice; `put` begins anew."""
        with self._door:
            self._closing, thread = True, self._thread
            self._door.notify()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._door:
                self._door.wait_for(lambda: self._work is not None or self._closing)
                if self._work is None:
                    self._thread = None
                    return
                (places, poses), self._work = self._work, None
            self._keep(places, poses)

    def _keep(self, places: tuple[Path, ...], poses: Poses) -> None:
        why = ""
        for place in places:
            try:
                self._write(place, poses)
            except OSError as error:
                why = f"{place}: {error.strerror or error}"
                continue
            if place != self.kept:
                beside = f" ({why})" if why else ""
                sys.stderr.write(f"latenz: poses are kept in {place}{beside}\n")
                self.kept = place
            return
        self.dropped["poses_unsaved"] += 1
        sys.stderr.write(f"latenz: poses could not be kept: {why}; they play on until the show ends\n")

    def _write(self, place: Path, poses: Poses) -> None:
        text = []
        for line in lines(poses):
            text.append(line)
            time.sleep(BREATH_S)
        place.parent.mkdir(parents=True, exist_ok=True)
        if self.aside == place and place.exists():
            place.replace(place.with_name(f"{place.stem}.unread{place.suffix}"))
        self.aside = None
        with part_beside(place) as part:
            part.write_text("".join(text), "utf-8")
