"""The same show in one process under a stepped clock: renders, tests, golden frames."""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.clock import StepClock
from engine.controls import ControlEvent, Controls
from engine.errors import ShaderError
from engine.meter import Meter
from engine.preset import Show
from engine.show.desk import Desk
from engine.show.picture import Picture
from engine.show.report import Tally
from engine.show.scripting import SteppedScript
from engine.show.session import LATENCIES, STAGES, STEP_S
from engine.stage.base import Stage

THREADS = 1  # pinned: the same show gives the same bytes whatever else the machine has


class Stepped:
    """A show that moves only when told to. Same show, take and seed: the same frames, bit for bit on one machine."""

    def __init__(
        self, show: Show, stage: Stage, *, desk: Desk | None = None, threads: int = THREADS,
        picture: Picture | None = None,
    ) -> None:  # fmt: skip
        """picture : instead of the show's own"""
        self.show, self.stage = show.pinned, stage
        self.clock = StepClock(STEP_S)
        self.meter = Meter((*STAGES, *LATENCIES, "frame"))
        self.tally = Tally()
        self.desk = desk or Desk(show, live=False)
        self.picture = picture or Picture(self.show, "cpu", threads)
        self._script = _script(show, self.desk)
        self._blackout = show.layout.index("/output/blackout")
        for line in stage.set_effects(show.effects, show.layout):
            raise ShaderError(line)  # a render does not go on with a broken effect
        self.desk.open(0.0)
        self._frame = 0

    def frame(self) -> NDArray[np.uint8]:
        """Advance by one frame and draw it: (height, width, 3) uint8, what the stage shows.

        Routes step at 2 ms as they do live: a frame takes as many steps as it spans.
        """
        begun = time.perf_counter()
        now_s, period_s = self._frame / self.show.fps, 1.0 / self.show.fps
        events: list[ControlEvent] = []
        moved = None
        while moved is None or self.clock.now_s() <= now_s - STEP_S / 2:
            if self._script is not None:
                self._script.step(self.clock.now_s())
            moved = self.desk.step(self.clock.now_s(), STEP_S)
            events.extend(moved.events)
            self.clock.advance()
        controls = Controls(self.show.layout, moved.values.copy(), tuple(events))
        image = self.picture.step(controls, period_s if self._frame else 0.0, self.desk.bus.tempo.beat)
        if self.show.draws_sound and (sound := self.desk.sound()) is not None:
            self.stage.set_sound(sound)
        self.stage.present(image, controls, now_s, period_s)
        self._frame += 1
        self._count(controls, time.perf_counter() - begun)
        return self.stage.grab()

    def _count(self, controls: Controls, took_s: float) -> None:
        self.tally.frames += 1
        if controls.values[self._blackout] <= 0 and self.stage.mean_level() < 2.0:
            self.tally.black += 1
        meter, spent = self.meter, self.stage.spent
        for name, value_s in (
            ("signals", self.desk.source_s), ("routes", self.desk.route_s), ("motion", self.picture.motion_s),
            ("generator", self.picture.draw_s), ("handover", spent.upload_s), ("effects", spent.effects_s),
            ("present", spent.present_s), ("frame", took_s),
        ):  # fmt: skip
            meter.add(name, value_s)

    def frames(self, count: int) -> Iterator[NDArray[np.uint8]]:
        """The next `count` frames."""
        for _ in range(count):
            yield self.frame()

    def close(self) -> None:
        """Give everything back. The stage belongs to the caller."""
        self.desk.close()
        self.picture.generator.close()
        if self._script is not None:
            self._script.close()


def _script(show: Show, desk: Desk) -> SteppedScript | None:
    return SteppedScript(show.script, desk) if show.script is not None else None
