"""The stage process, parent of the others: it owns the window, and whatever dies, the wall is not black."""

import gc
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls
from engine.errors import EngineError, RoomError
from engine.preset import Show
from engine.shared import Board, FrameNote, FrameRing
from engine.show.playing import Playing
from engine.show.report import Tally, picture_notes
from engine.show.session import LATENCIES, Session
from engine.show.teller import Teller
from engine.stage.base import Stage
from engine.stage.keys import BY_NAME
from engine.stage.outputs.picture import save_png
from engine.supervisor import GRACE_S, Supervisor

POLL_S = 0.0005
BLACK_LEVEL = 2.0
WATCH_S = 0.1  # the supervisor and the show's file are looked at this often
PATIENCE_S = 3.0  # before the first picture, until a word is said
LOCAL_S = 0.5  # a key holds its control here until the signals process has answered


@dataclass
class Wall:
    """One running show on one stage."""

    session: Session
    stage: Stage
    first: Show
    supervisor: Supervisor
    say: Callable[[str], None] | None = None  # for the terminal
    tally: Tally = field(default_factory=Tally)
    screenshots: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        self._teller = Teller(self.stage.set_status, self.say)
        self.playing = Playing(self.session, self.supervisor, self.first, self._teller.tell)
        self._frames: FrameRing | None = None
        self._note: FrameNote | None = None
        self._local: dict[int, tuple[float, float, int]] = {}  # control -> value, when, which signals process was told
        self._watched_s = -math.inf
        self._stamps: tuple[int, ...] | None = None  # messages that the last presented picture included
        self._start_s = self._period_s = 0.0
        self._tick = 0
        self._generation = 0
        self._follow()

    @property
    def show(self) -> Show:
        """The show that plays."""
        return self.playing.show

    def _follow(self) -> None:
        """Take over the show that plays now: its controls, its effects, its rate."""
        if self._generation == self.playing.generation:
            return
        self._generation = self.playing.generation
        layout = self.show.layout
        self._controls = Controls(layout, layout.defaults.copy())
        self._local.clear()
        self._blackout = layout.index("/output/blackout")
        for line in self.stage.set_effects(self.show.effects, layout):
            self._teller.tell(line)
        self.stage.set_title(f"latenz - {self.show.table.title or self.show.name}")
        if self._period_s and self._period_s != 1.0 / self.show.fps:
            self._schedule()

    def run(self, seconds: float | None = None, until: Callable[[], bool] = lambda: False) -> None:
        """Play until the window closes, `seconds` after the first picture, or `until` says so."""
        self._schedule()
        begun_s = last_s = time.perf_counter()
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            while not (self.stage.closed or until()):
                start_s, period_s = self._start_s, self._period_s
                due_s = start_s + (self._tick + 1) * period_s
                self._open_frames()
                image, note = self._await(self._tick, due_s)
                now_s = time.perf_counter()
                self._look(now_s)
                self._hear_keys()
                controls = self._read()
                if image is None and not self.tally.first_s:
                    if now_s - begun_s > PATIENCE_S:
                        self._teller.tell("getting ready; the very first start compiles for a quarter of a minute")
                    self._sleep(due_s)  # nothing to show yet: the window stays as it is
                else:
                    self._present(image, note, controls, now_s, now_s - last_s, due_s, period_s)
                last_s = now_s
                if self._start_s == start_s:  # unless a show of another rate has begun a new schedule
                    self._tick = max(self._tick + 1, math.floor((time.perf_counter() - start_s) / period_s))
                if seconds is not None and self._over(seconds, begun_s, now_s):
                    break
        finally:
            gc.enable()
            self.tally.restarts.update(self.supervisor.restarts)

    def _schedule(self) -> None:
        """Begin the schedule that stage and generator follow, at the show's rate, now."""
        self._tick, self._period_s, self._start_s = 0, 1.0 / self.show.fps, time.perf_counter()
        self.session.board.stage[Board.PERIOD] = self._period_s
        self.session.board.stage[Board.START] = self._start_s

    def _over(self, seconds: float, begun_s: float, now_s: float) -> bool:
        """Whether a timed run is done. RoomError when no generator ever gave a picture."""
        if not self.tally.first_s and now_s - begun_s > GRACE_S + seconds:
            said = self._teller.said or "the generator did not get ready"
            raise RoomError(f"no picture within {GRACE_S:.0f} s: {said}")
        return bool(self.tally.first_s) and now_s - self.tally.first_s >= seconds

    def _await(self, tick: int, due_s: float) -> tuple[NDArray[np.uint8] | None, FrameNote | None]:
        """The picture that answers this tick, or None when it has not come by the time it is due."""
        while True:
            view = self._frames.view() if self._frames is not None else None
            if view is not None and (self._note is None or view[1].number > self._note.number) and view[1].tick >= tick:
                return view
            now_s = time.perf_counter()
            if now_s >= due_s:
                newer = view is not None and (self._note is None or view[1].number > self._note.number)
                return view if newer and view is not None else (None, None)
            self.session.board.stage[Board.BEAT] = now_s
            time.sleep(min(POLL_S, due_s - now_s))

    def _sleep(self, until_s: float) -> None:
        left_s = until_s - time.perf_counter()
        if left_s > 0:
            time.sleep(left_s)

    def _read(self) -> Controls:
        """The newest controls of the playing show, with keys that were pressed here a moment ago on top."""
        view = self.session.table.read()
        events = tuple(event for event, _ in self.session.rings["events"].read())
        values = self._controls.values
        if view is not None and view.generation == self._generation and len(view.values) == len(values):
            values = view.values
        signals = self.supervisor.children["signals"].incarnation
        for index, (value, asked_s, asked) in list(self._local.items()):
            if values[index] == value:
                del self._local[index]
                continue
            if asked != signals:  # the process that was told has died: tell the new one
                self._toggle(index, value)
            elif view is not None and view.time_s > asked_s + LOCAL_S:  # it has heard, and decided otherwise
                del self._local[index]
                continue
            values = values.copy()
            values[index] = value
        self._controls = Controls(self.show.layout, values, events)
        for event in events:
            self._act(event.address, event.value)
        self._follow()
        return self._controls

    def _present(
        self,
        image: NDArray[np.uint8] | None,
        note: FrameNote | None,
        controls: Controls,
        now_s: float,
        dt_s: float,
        due_s: float,
        period_s: float,
    ) -> None:
        """Draw, show, and count what was shown."""
        stage, meter = self.stage, self.session.meter
        if self.show.draws_sound and (heard := self.session.sound.read()) is not None:
            stage.set_sound(heard.values)
        stage.gpu_slot = None if note is None else note.number % FrameRing.SLOTS
        stage.present(image, controls, now_s, dt_s)
        done_s = time.perf_counter()
        if image is not None and note is not None and self._frames is not None and not self._frames.intact(note):
            self.tally.torn += 1
        meter.add("effects", stage.spent.effects_s)
        meter.add("present", stage.spent.upload_s + stage.spent.present_s)
        blackout = controls.values[self._blackout] > 0.0
        if not self.tally.first_s:
            meter.clear()  # what it took to start is not how the show runs
        self.tally.presented(done_s, repeated=image is None, late=done_s > due_s + 0.5 * period_s)
        if self.tally.last_gap_s:
            meter.add("frame", self.tally.last_gap_s)
        if not blackout and stage.mean_level() < BLACK_LEVEL:
            self.tally.black += 1
        if note is not None:
            self._latency(note, done_s)
            self._note = note

    def _latency(self, note: FrameNote, done_s: float) -> None:
        """Every message that this picture's latent includes for the first time: from its receipt to the light."""
        before = self._stamps or note.stamps  # also over a change of generator: what waited has waited
        self._stamps = note.stamps
        for kind, name in enumerate(LATENCIES):
            if note.stamps[kind] > before[kind]:
                received_s = self.session.stamps.since(kind, before[kind], note.stamps[kind])
                self.session.meter.add_many(name, done_s - received_s)

    def _hear_keys(self) -> None:
        """Keys become signals, and the actions of the key table become a hand's writes."""
        ring = self.session.rings["from_stage"]
        for key in self.stage.keys():
            ring.post(key.address, key.value, key.time_s, "key")
            action = BY_NAME.get(key.address.rpartition("/")[2])
            if action is None or not key.value:
                continue
            if action.how == "event":
                ring.post(action.action, 1.0, key.time_s, "key")
            elif action.how == "toggle":
                index = self.show.layout.index(action.action)
                self._toggle(index, 0.0 if self._controls.values[index] > 0.5 else 1.0)

    def _toggle(self, index: int, value: float) -> None:
        """Set a control here at once, even while the signals process is dead, and tell that process."""
        now_s = time.perf_counter()
        self._local[index] = (value, now_s, self.supervisor.children["signals"].incarnation)
        self.session.rings["from_stage"].post(self.show.layout.levels[index].address, value, now_s, "key")

    def _act(self, address: str, value: float) -> None:
        """Events that are meant for the stage."""
        match address:
            case "/show/next":
                self.playing.step(+1)
            case "/show/previous":
                self.playing.step(-1)
            case "/show/select":
                self.playing.select(round(value))
            case "/show/screenshot":
                self.screenshot()

    def screenshot(self) -> Path:
        """Keep the picture as PNG with what drew it."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        path = self.screenshots / f"latenz-{self.show.name}-{stamp}-{self.tally.frames}.png"
        picture, notes = self.stage.grab().copy(), self.describe()
        threading.Thread(target=self._keep, args=(path, picture, notes), name="screenshot").start()
        return path

    def _keep(self, path: Path, picture: NDArray[np.uint8], notes: dict[str, str]) -> None:
        """Write a screenshot beside the frames. A place that cannot be written to is said, and the show goes on."""
        try:
            save_png(path, picture, notes)
            self._teller.news.append(f"kept {path.name}")
        except (EngineError, OSError) as error:
            self._teller.news.append(str(error))

    def describe(self) -> dict[str, str]:
        """What goes into a picture's text chunks."""
        return picture_notes(self.session, self.show)

    def _look(self, now_s: float) -> None:
        """Now and then: children, a warmed generator, the show's file, effects that were saved."""
        self.playing.take()
        if now_s - self._watched_s < WATCH_S:
            return
        self._watched_s = now_s
        gc.collect(0)  # the collector is off, so that it never costs a frame what it costs at its own time
        self.session.board.stage[Board.BEAT] = now_s
        for line in self.supervisor.watch(now_s):
            self._teller.tell(line)
        self.playing.look(now_s)
        self.playing.reload(self.stage.revision)
        self._follow()
        for line in self.stage.news:
            self.tally.pictures = line
        for line in (*self.stage.problems, *self.stage.news):
            self._teller.tell(line)
        self.stage.news.clear()
        self._teller.look(now_s)

    def _open_frames(self) -> None:
        """Follow the generator that plays now to its ring of pictures."""
        child = self.supervisor.children.get("generator")
        if child is None:
            return
        path = self.session.folder / f"frames-{child.incarnation}"
        if self._frames is None or self._frames_path != path:
            try:
                frames = FrameRing(path)
            except OSError:
                return  # it is still preparing: the last picture is held
            if frames.newest == 0:
                return
            self._frames, self._frames_path, self._note = frames, path, None
            if child.incarnation == self.playing.adopted:  # not one that was started again: that one goes on
                self.stage.crossfade(self.show.table.generator.crossfade_s)
            offer = self.session.folder / f"gpu-{child.incarnation}.json"
            if self.show.table.stage.interop:
                self.tally.pictures = self.stage.open_offer(offer)
                self._teller.tell(self.tally.pictures)
            if not self.playing.warming:  # its ring may be in the making
                for former in (*self.session.folder.glob("frames-*"), *self.session.folder.glob("gpu-*")):
                    if former not in (path, offer):
                        former.unlink(missing_ok=True)

    _frames_path: Path = Path()
