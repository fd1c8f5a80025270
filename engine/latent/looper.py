"""The looper: what was just played comes round again, in time, and can be played over."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent
from engine.latent.board import LOOP_SLOTS, LOOP_VERBS
from engine.latent.finite import all_finite
from engine.latent.tape import Loop, Tape

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_BEATS = 64.0
_UNDO_LEVELS = 4
_GONE = 1e-9  # a glide this small has ended


class Looper:
    """Records a vector all the time; a pad makes its last bars a loop, in step with the beat.

    size : numbers in the vector; group : how many neighbours move as one (a latent's dimensions); 1 for controls
    frames_per_beat : how finely the tape is cut; between frames, straight lines
    glide_beats : how long a seam takes to close; 0 leaves seams to the springs behind
    still : what moved less than this while it was caught is not part of the loop

    A loop plays only the groups that moved while it was caught: several loops run side by side, and where two have
    the same group the newer one has it. What a hand touches is the hand's until it lets go; while a loop is
    overdubbed, that is written into it.
    """

    def __init__(
        self, size: int, *, group: int = 1, frames_per_beat: int = 48, glide_beats: float = 0.0,
        still: float = 1e-6, most_beats: float = MOST_BEATS,
    ) -> None:  # fmt: skip
        self.size, self.group = size, group
        self.driven: Mask = np.zeros(size // group, np.bool_)  # the groups that loops play now
        self.seam: Mask = np.zeros(size // group, np.bool_)  # the groups that leapt in this step
        self.version = 0  # grows when what the loops hold changes
        self._rate = frames_per_beat
        self._tape = Tape(size, math.ceil(most_beats * frames_per_beat))
        self._glide_beats = glide_beats
        self._still = still
        self._most_beats = most_beats
        self._loops: dict[int, Loop] = {}  # by slot, the newest last
        self._beat: float | None = None
        self._part = 0.0
        self._changed = False
        self._last: Array | None = None
        self._offset: Array = np.zeros(size)

    def handle(self, events: Iterable[ControlEvent], beats: float) -> None:
        """Do what `/loop/<n>/<verb>` events ask; `beats` is how much a catch takes. Others pass by."""
        for event in events:
            if not event.address.startswith("/loop/"):
                continue
            slot, _, verb = event.address.removeprefix("/loop/").partition("/")
            if verb not in LOOP_VERBS or slot not in map(str, range(1, LOOP_SLOTS + 1)):
                continue
            if verb == "catch":
                self.catch(int(slot), beats)
            elif verb == "overdub":
                self.overdub(int(slot))
            elif verb == "undo":
                self.undo(int(slot))
            else:
                self.stop(int(slot))

    def catch(self, slot: int, beats: float) -> None:
        """Make the last `beats` a loop in `slot`, playing from its start; what was there is gone."""
        if self._beat is None or not self._tape.written:
            return
        beats = min(max(beats, 1.0 / self._rate), self._most_beats)
        frames = self._tape.last(max(1, round(beats * self._rate)))
        moved = (np.ptp(frames, 0) > self._still).reshape(-1, self.group).any(1)
        self._loops.pop(slot, None)
        for other in self._loops.values():  # what another loop moved is that loop's, unless a hand holds it
            moved &= ~(other.moved & self.driven)
        self._loops[slot] = Loop(frames, moved, self._beat - beats, beats)
        self._touch()

    def overdub(self, slot: int) -> None:
        """Start writing what hands touch into the loop of `slot`, or end it."""
        loop = self._loops.pop(slot, None)
        if loop is None:
            return
        self._loops[slot] = loop
        if not loop.overdubbing:
            loop.keep(_UNDO_LEVELS)
        loop.overdubbing = not loop.overdubbing
        self._touch()

    def undo(self, slot: int) -> None:
        """Take back the last overdub of `slot`; without one, the loop itself."""
        loop = self._loops.get(slot)
        if loop is not None and not loop.undo():
            del self._loops[slot]
        self._touch()

    def stop(self, slot: int) -> None:
        """End the loop of `slot` and forget it."""
        self._loops.pop(slot, None)
        self._touch()

    def stop_all(self) -> None:
        """End every loop."""
        self._loops.clear()
        self._touch()

    @property
    def playing(self) -> tuple[int, ...]:
        """The slots that hold a loop, the newest last."""
        return tuple(self._loops)

    def _touch(self) -> None:
        self.version += 1
        self._changed = True

    def step(self, vector: Array, beat: float, touched: Mask | None = None) -> Array | None:
        """Record, and say what plays: `vector` with the loops in it, or None when no loop has a say.

        vector : (size,) as it would be without loops; beat : the running count, any jump is taken as a new place
        touched : (groups,) what hands hold now
        """
        if not math.isfinite(beat) or not all_finite(vector):
            return None
        vector = vector.copy()  # the tape goes on from it; the caller may write into its own
        gone = 0.0 if self._beat is None else beat - self._beat
        leapt = not 0.0 <= gone <= self._most_beats
        gone = 0.0 if leapt else gone
        self._beat = beat
        played = None if self.silent else self._play(vector, beat, gone, leapt, touched)
        self._record(vector if played is None else played, gone)
        return played

    @property
    def silent(self) -> bool:
        """Whether no loop has a say in the next step, whatever hands touch."""
        return not (self._loops or self._changed or self._gliding)

    @property
    def _gliding(self) -> bool:
        return self._glide_beats > 0.0 and self._last is not None and bool(np.count_nonzero(self._offset))

    def _play(self, vector: Array, beat: float, gone: float, leapt: bool, touched: Mask | None) -> Array | None:
        before, target = self.driven, vector
        driven = np.zeros_like(before)
        seam = np.full_like(before, leapt)
        for loop in self._loops.values():
            frame, wrapped = loop.at(beat)
            if loop.overdubbing and touched is not None and touched.any():
                loop.write(vector, touched, self.group)
                self.version += 1
            mine = loop.moved
            target = np.where(self._wide(mine), frame, target)
            driven |= mine
            if wrapped or self._changed:
                seam |= mine
        if touched is not None:
            target = np.where(self._wide(touched), vector, target)
            driven &= ~touched
            seam &= ~touched
        # a hand takes over at once; a loop that comes or goes is a seam
        let_go = before & ~driven
        seam |= (driven & ~before) | (let_go if touched is None else let_go & ~touched)
        self.driven, self.seam, self._changed = driven, seam & (driven | before), False
        return self._close(target, vector, gone, touched)

    def _close(self, target: Array, vector: Array, gone: float, touched: Mask | None) -> Array | None:
        """Let what leapt glide from where it was."""
        if self._glide_beats > 0.0:
            self._offset *= math.exp(-3.0 * gone / self._glide_beats)
            last = vector if self._last is None else self._last
            self._offset = np.where(self._wide(self.seam), last - target, self._offset)
            if touched is not None:
                self._offset[self._wide(touched)] = 0.0
            if np.abs(self._offset).max() < _GONE:
                self._offset[:] = 0.0
            target = target + self._offset
        if not self.driven.any() and not self._offset.any():
            return None
        return target

    def _wide(self, groups: Mask) -> Mask:
        return groups if self.group == 1 else np.repeat(groups, self.group)

    def _record(self, played: Array, gone: float) -> None:
        """Write the frames that fell due, on the straight line from the last vector to this one."""
        self._part += gone * self._rate
        due = int(self._part)
        self._part -= due
        if due:
            self._tape.write(played, due)
        elif not self._tape.written:
            self._tape.write(played, 1)
        self._last = played if self._glide_beats > 0.0 else None

    def state(self) -> dict[str, NDArray[np.generic]]:
        """What the loops hold. Large: write it when `version` changes, not every frame."""
        out: dict[str, NDArray[np.generic]] = {"slots": np.array(list(self._loops), np.int64)}
        for slot, loop in self._loops.items():
            out[f"{slot}.frames"], out[f"{slot}.moved"] = loop.frames, loop.moved
            out[f"{slot}.span"] = np.array([loop.start_beat, loop.beats])
        return out

    def restore(self, state: dict[str, NDArray[np.generic]]) -> bool:
        """Play the loops of a state on; False, and nothing changed, when they are of another size."""
        loops: dict[int, Loop] = {}
        for slot in state.get("slots", np.zeros(0, np.int64)).tolist():
            frames, moved = state.get(f"{slot}.frames"), state.get(f"{slot}.moved")
            span = state.get(f"{slot}.span")
            if frames is None or moved is None or span is None or span.shape != (2,) or not span[1] > 0:
                return False
            if frames.shape[1:] != (self.size,) or not len(frames) or moved.shape != self.driven.shape:
                return False
            start, beats = span.tolist()
            loops[slot] = Loop(frames.astype(np.float32), moved.astype(np.bool_), start, beats)
        self._loops = loops
        self._touch()
        return True
