"""What a fader that stands elsewhere does to a control: wait until it meets it, converge on it, or jump."""

from typing import Literal

Takeover = Literal["pickup", "scale", "jump"]
NEAR = 1.5 / 127  # of the range: as close as a 7-bit fader can be asked to come


class Pickup:
    """One fader on one control. Positions and values are 0..1 of the control's range.

    Laws: `pickup` has no effect before the fader meets or crosses the control's value; `scale` moves in the
    fader's direction only and arrives at an end together with it; `jump` follows the fader.
    """

    def __init__(self, takeover: Takeover = "pickup") -> None:
        self.takeover = takeover
        self._last: float | None = None  # where the fader stood
        self._caught = False

    def move(self, position: float, current: float, mine: bool) -> float | None:
        """The control's new value, or None where the fader has no effect.

        current : where the control stands
        mine : this fader was the last to move the control
        """
        last, self._last = self._last, position
        if self.takeover == "jump":
            return position
        if self.takeover == "scale":
            return self._converge(last, position, current)
        met = abs(position - current) <= NEAR
        crossed = last is not None and (last - current) * (position - current) <= 0.0
        self._caught = (self._caught and mine) or met or crossed
        return position if self._caught else None

    @staticmethod
    def _converge(last: float | None, position: float, current: float) -> float | None:
        """Live's value scaling: what is left of the fader's way takes what is left of the control's."""
        if last is None or position == last:
            return None
        way, left = (1.0 - current, 1.0 - last) if position > last else (current, last)
        moved = way * min(1.0, abs(position - last) / left)
        return current + moved if position > last else current - moved
