"""The generator process: latent motion and the generator, one picture for every tick of the stage."""

import gc
import math
import os
import time
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls
from engine.generator.catalog import open_model
from engine.journal import Journal, pack, unpack
from engine.latent.motion import Motion
from engine.paths import cache_dir
from engine.preset import Show, same_generator
from engine.shared import STAMP_KINDS, Board, FrameRing
from engine.show.kept import keep
from engine.show.pacer import Pacer
from engine.show.session import Session, parent_gone
from engine.show.turns import Turns

JOURNAL_S = 1.0
WAIT_S = 0.002
OWN = "/generator/"  # where the controls of a model lie


class Picture:
    """Controls become a picture. Live and stepped it is this same object."""

    def __init__(self, show: Show, device: str = "auto", threads: int | None = None) -> None:
        self.generator = open_model(show.model, device, threads or drawing_threads(), show.how)
        width, height = show.drawn_size
        self.generator.prepare(len(show.voices), width, height)
        self.shape = (len(show.voices), height, width)
        self._pacer = Pacer(*self.shape)
        self.follow(show)

    def follow(self, show: Show) -> None:
        """Play another version of a show on the same generator; the latent goes on where that is possible."""
        former = getattr(self, "motion", None)
        self.show = show
        self._places = {
            control.address.removeprefix(OWN): i
            for i, control in enumerate(show.layout.levels)
            if control.address.startswith(OWN)
        }
        self._rest = self._inputs = {name: float(show.layout.defaults[i]) for name, i in self._places.items()}
        self.motion = Motion(
            show.voices, show.info, show.directions, show.places, self._map, show.layout, show.compasses
        )
        if former is not None:
            self.motion.restore(former.state(loops=True))
        self.motion_s = 0.0  # how long the last step's parts took
        self.draw_s = 0.0

    def step(
        self, controls: Controls, dt_s: float, beat: float, out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """(voices, height, width, 4) RGBA8, in `out` or the generator's own array; every voice is drawn."""
        w = self._move(controls, dt_s, beat)
        begun = time.perf_counter()
        image = self.generator.draw(w, self._inputs, out)
        self.draw_s = time.perf_counter() - begun
        self._watch(image, range(len(image)))
        return image

    def step_some(
        self,
        controls: Controls,
        dt_s: float,
        beat: float,
        out: NDArray[np.uint8],
        former: NDArray[np.uint8],
        voices: Collection[int],
    ) -> None:
        """As `step`, but only these voices are drawn; the others move too, and keep their picture in `former`."""
        w = self._move(controls, dt_s, beat)
        begun = time.perf_counter()
        for voice in range(len(out)):
            if voice in voices:
                self.generator.draw_voice(voice, w, self._inputs, out)
            else:
                np.copyto(out[voice], former[voice])
        self.draw_s = time.perf_counter() - begun
        self._watch(out, voices)

    def _move(self, controls: Controls, dt_s: float, beat: float) -> NDArray[np.float32]:
        """Where every voice is now, as w (voices, num_ws, w_dim)."""
        begun = time.perf_counter()
        former = self._inputs
        self._inputs = {name: float(controls.values[i]) for name, i in self._places.items()}
        self._turned = self._inputs != former
        if any(self._inputs.get(name) != former.get(name) for name in self.generator.maps):
            self.motion.remap()
        w = self.motion.step(controls, dt_s, beat, self._pacer.factors)
        self.motion_s = time.perf_counter() - begun
        return w

    def _watch(self, images: NDArray[np.uint8], drawn: Collection[int]) -> None:
        """Let the pacer see what was drawn, where a voice is paced."""
        if not any(self.motion.pace):
            self._pacer.rest()
            return
        begun = time.perf_counter()
        self._pacer.watch(self.motion.moved(), self.motion.pace, images, drawn, not self._turned)
        self.motion_s += time.perf_counter() - begun

    def _map(
        self, z: NDArray[np.float64], psi: float, classes: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """z to w with the model's own inputs as they are played, and the class weights that a journey carries."""
        if classes is None:
            return self.generator.map(z, psi, self._inputs)
        return self.generator.map_with(z, psi, self._inputs, self._rest, classes)


def drawing_threads() -> int:
    """As many as there are cores, less one for the stage and the signals where there are more than two.

    On two cores generator and stage take turns within a frame, so both may have both.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if cores <= 2 else cores - 1


def journal_of(show: Show) -> Journal:
    """Where the motion of this show is written down, for a start after a power cut."""
    return Journal(cache_dir("journal") / f"{show.name}-{zlib.crc32(str(show.path).encode()):08x}")


def run(folder: Path, incarnation: int) -> None:
    """The generator process, until the session stops or the stage has another one."""
    session = Session(folder)
    row = session.board.row("generator", incarnation)
    row[Board.PID] = os.getpid()
    generation = int(row[Board.WANTED]) or session.generation
    show = session.show(generation)
    picture = Picture(show, show.options.device)
    journal = journal_of(show)
    _resume(session, picture, journal)
    controls = Controls(show.layout, show.layout.defaults.copy())
    _warm(picture, controls)
    frames = FrameRing(folder / f"frames-{incarnation}", picture.shape)
    if show.table.stage.interop:
        picture.generator.share(frames.slots, folder / f"gpu-{incarnation}.json")
    session.write("status-generator.json", _status(picture, {}))
    events = session.rings["events"]
    gc.collect()
    gc.freeze()
    gc.disable()
    loops = picture.motion.loops_version
    tick, stamps, beat = -1, (0,) * len(STAMP_KINDS), 0.0
    last_s, journal_s = time.perf_counter(), time.perf_counter()
    row[Board.GENERATION] = generation
    turns = _turns(picture, last_s)
    while not session.stopping:
        start_s, period_s = float(session.board.stage[Board.START]), float(session.board.stage[Board.PERIOD])
        if period_s <= 0:
            row[Board.BEAT] = time.perf_counter()
            time.sleep(WAIT_S)
            if parent_gone(session):
                break
            continue
        tick = _next_tick(session, tick, start_s, period_s)
        if session.generation > generation:  # not while this one is warmed for the next
            generation = session.generation
            wanted = session.show(generation)
            if same_generator(show, wanted):  # otherwise another process is being warmed for it; play on until then
                show = wanted
                picture.follow(show)
                turns = _turns(picture, time.perf_counter(), turns)
                gc.collect()  # the former motion holds itself by its actions; a save may cost a few milliseconds
                journal = journal_of(show)
                controls = Controls(show.layout, show.layout.defaults.copy())
                row[Board.GENERATION] = generation
        now_s = time.perf_counter()
        read_s = time.perf_counter()
        view = session.table.read()
        read_s = time.perf_counter() - read_s
        if view is not None and view.generation == row[Board.GENERATION]:
            controls = Controls(show.layout, view.values, tuple(event for event, _ in events.read()))
            stamps, beat = view.stamps, view.beat
        else:
            controls = Controls(show.layout, controls.values)
        _draw(picture, controls, now_s - last_s, beat, frames, turns.next())
        last_s = now_s
        drawn_s = time.perf_counter()
        turns.took(picture.draw_s, period_s, drawn_s)
        frames.publish(tick, now_s, drawn_s, stamps)
        handed_s = time.perf_counter()
        state = pack(picture.motion.state())
        session.pad.write(state)
        if picture.motion.loops_version != loops:
            loops = picture.motion.loops_version
            session.loops.write(pack(picture.motion.state(loops=True)))
        keep(show, picture.motion.compasses.to_keep())
        done_s = time.perf_counter()
        meter = session.meter
        meter.add("motion", picture.motion_s)
        meter.add("generator", picture.draw_s)
        meter.add("handover", read_s + handed_s - drawn_s)
        meter.add("keep", done_s - handed_s)
        row[Board.FRAME] = max(picture.draw_s, 0.9 * float(row[Board.FRAME]))
        row[Board.BEAT] = done_s
        row[Board.WORK] += 1
        if done_s - journal_s >= JOURNAL_S:
            journal_s = done_s
            journal.write(state)
            notes = _notes(picture, turns, done_s)
            session.write("status-generator.json", _status(picture, notes, events.lost, journal.failed))
            gc.collect(0)
            if parent_gone(session):
                break
    picture.generator.close()


def _next_tick(session: Session, last: int, start_s: float, period_s: float) -> int:
    """Wait for the next tick of the stage's schedule; ticks that passed while drawing are left out."""
    now_s = time.perf_counter()
    tick = max(last + 1, math.floor((now_s - start_s) / period_s))
    due_s = start_s + tick * period_s
    if due_s - now_s > 1.0:  # the schedule was moved: begin again from now
        return math.floor((now_s - start_s) / period_s)
    if due_s > now_s:
        time.sleep(due_s - now_s)
        session.meter.add("generator_wake", max(0.0, time.perf_counter() - due_s))
    return tick


def _resume(session: Session, picture: Picture, journal: Journal) -> None:
    """Go on from the last drawn frame of this session; with --resume also from the last one of another."""
    data, loops = session.pad.read(), session.loops.read()
    state = unpack(data) if data is not None else None
    held = unpack(loops) if state is not None and loops is not None else None
    if state is not None and held is not None:
        state |= {name: array for name, array in held.items() if name.startswith("loops.")}
    if state is None and (session.read("options.json") or {}).get("resume"):
        state = journal.read()
    if state is not None:
        picture.motion.restore(state)


def _warm(picture: Picture, controls: Controls) -> None:
    """Draw once without moving, so that the first live frame is not the first."""
    state = picture.motion.state()
    picture.step(controls, 0.0, 0.0)
    picture.motion.restore(state)


def _turns(picture: Picture, now_s: float, former: Turns | None = None) -> Turns:
    """How this show's voices take turns, where drawing one takes less than drawing all.

    `former` and what it measured go on where nothing of that changed.
    """
    voices = len(picture.show.voices)
    mode = picture.show.table.generator.turns if picture.generator.separable else False
    if former is not None and (former.voices, former.mode) == (voices, mode):
        return former
    return Turns(voices, mode, now_s)


def _notes(picture: Picture, turns: Turns, now_s: float) -> dict[str, object]:
    """For the report: what `turns` has to say, and whether a wish for turns could not be followed."""
    notes = turns.notes(now_s)
    if notes and picture.show.table.generator.turns is True and not picture.generator.separable:
        notes["turns"] = "all voices in each frame: what draws them here draws all at once, `turns = true` does nothing"
    return notes


def _sorted(picture: Picture) -> dict[str, object]:
    """For the report: what the show's compasses know."""
    notes = picture.motion.compasses.notes()
    return {"compass": notes} if notes else {}


def _draw(
    picture: Picture, controls: Controls, dt_s: float, beat: float, frames: FrameRing, voices: Collection[int]
) -> None:
    """The next picture of the ring; voices whose turn it is not stay as they were in the one before."""
    out, former = frames.next(), frames.view()
    if former is None or len(voices) == len(out):
        picture.step(controls, dt_s, beat, out)
    else:
        picture.step_some(controls, dt_s, beat, out, former[0], voices)


def _status(picture: Picture, turns: dict[str, object], lost: int = 0, journal_failed: int = 0) -> dict[str, Any]:
    return {
        "lost": lost,
        "journal_failed": journal_failed,
        "backend": picture.generator.backend,
        "notes": {**picture.generator.notes(), **turns, **_sorted(picture)},
        "device": getattr(picture.generator, "device", "cpu"),
        "model": picture.show.info.name,
        "faults": picture.motion.faults,
    }
