"""Which voices are drawn for a frame: all, or, where the machine is too slow for all, some of them in turn."""

from collections import deque
from statistics import median
from typing import Literal

Mode = Literal["auto", True, False]  # `[generator] turns`

WINDOW = 7  # frames that the median time of a voice is taken over: a hiccup decides nothing
FULL = 0.95  # of a frame's time, above which fewer voices are drawn
FITS = 0.85  # of a frame's time that those may take
FREE = 0.70  # of a frame's time, below which one voice more would fit
PATIENCE_S = 3.0  # there must be room for so long before one more is drawn
MOST_S = 60.0  # patience at most: it doubles when one more was too much, and comes back when it was not
COUNTED_S = 5.0  # what `voice_fps` is counted over
SOON_S = 10.0  # what is taken back within this was too much


class Turns:
    """Numbers only: it is told how long voices took, and says which come next. Every voice comes equally often.

    Voices that wait keep their last picture, so nothing is seen of a change but how often a voice moves. A render never
    takes turns: what is drawn there must not depend on the machine.
    """

    def __init__(self, voices: int, mode: Mode = "auto", now_s: float = 0.0) -> None:
        """mode : "auto" measures; True always draws one voice a frame, False always all."""
        self.voices, self.mode = voices, mode
        self.a_frame = 1 if mode is True else voices  # how many are drawn for each frame
        self._drawn = [0] * voices  # how often each was, since then
        self._fps: list[float] = []
        self._asked_s = now_s
        self._next = 0
        self._took_s: deque[float] = deque(maxlen=WINDOW)  # one voice's share of each of the last frames
        self._room_since_s: float | None = None
        self._patience_s = PATIENCE_S
        self._added_s: float | None = None  # when a voice was last added

    def next(self) -> tuple[int, ...]:
        """The voices of the next frame."""
        if self.a_frame >= self.voices:
            chosen = tuple(range(self.voices))
        else:
            chosen = tuple((self._next + i) % self.voices for i in range(self.a_frame))
            self._next = (self._next + self.a_frame) % self.voices
        for voice in chosen:
            self._drawn[voice] += 1
        return chosen

    def took(self, draw_s: float, period_s: float, now_s: float) -> None:
        """Drawing the last frame's voices took so long; a frame lasts `period_s`."""
        if self.mode != "auto" or self.voices < 2:
            return
        self._took_s.append(draw_s / self.a_frame)
        if len(self._took_s) < WINDOW // 2 + 1:
            return
        voice_s = median(self._took_s)
        if self.a_frame > 1 and self.a_frame * voice_s > FULL * period_s:
            self._fewer(max(1, min(self.a_frame - 1, int(FITS * period_s / voice_s))), now_s)
        elif self.a_frame < self.voices and (self.a_frame + 1) * voice_s < FREE * period_s:
            self._perhaps_more(now_s)
        else:
            self._room_since_s = None
        if self._added_s is not None and now_s - self._added_s > SOON_S:
            self._added_s, self._patience_s = None, PATIENCE_S

    def _fewer(self, count: int, now_s: float) -> None:
        if self._added_s is not None and now_s - self._added_s <= SOON_S:
            self._patience_s = min(MOST_S, 2 * self._patience_s)
        self._change(count)
        self._added_s = None

    def _perhaps_more(self, now_s: float) -> None:
        if self._room_since_s is None:
            self._room_since_s = now_s
        elif now_s - self._room_since_s >= self._patience_s:
            self._change(self.a_frame + 1)
            self._added_s = now_s

    def _change(self, count: int) -> None:
        self.a_frame = count
        self._took_s.clear()
        self._room_since_s = None

    def notes(self, now_s: float) -> dict[str, object]:
        """For the report: who is drawn, and how often each voice was in the last five seconds or a little more."""
        if self.voices < 2:
            return {}
        passed_s = max(now_s - self._asked_s, 1e-3)
        if not self._fps or passed_s >= COUNTED_S:
            self._fps = [round(count / passed_s, 1) for count in self._drawn]
            self._asked_s, self._drawn = now_s, [0] * self.voices
        every = self.a_frame >= self.voices
        turns = "all voices in each frame" if every else f"{self.a_frame} of {self.voices} voices a frame, in turn"
        return {"turns": turns, "voice_fps": self._fps}
