"""When pictures stop coming: how far the held one may drift, and how the next one comes in over it."""

_PATIENCE_S = 0.5  # a picture this old is held, not just slow
_GROW_S = 6.0
_RETURN_S = 0.3
_SLOWEST_BLEND_S = 0.25


class Hold:
    """Numbers only. Nothing in it jumps, except for a picture that arrives in time and is shown as it is."""

    def __init__(self) -> None:
        self.amount = 0.0  # of the drift, 0..1
        self.drift_s = 0.0  # how long it has drifted
        self.progress = 1.0  # of the newest picture over what was shown before it
        self._age_s = 0.0
        self._interval_s = 0.0
        self._fade_s = _RETURN_S

    def arrive(self, blend: float) -> bool:
        """A new picture is there. True when what is shown now must be kept to fade from."""
        returning = self.amount > 0.0
        interval_s = min(self._age_s, _SLOWEST_BLEND_S)
        self._interval_s = interval_s if not self._interval_s else 0.8 * self._interval_s + 0.2 * interval_s
        fading_back = self.progress < 1.0 and self._fade_s == _RETURN_S
        self._age_s = self.amount = 0.0
        if returning:
            self._fade_s, self.progress = _RETURN_S, 0.0
        elif blend > 0.0 and not fading_back:
            self._fade_s, self.progress = max(blend * self._interval_s, 1e-3), 0.0
        else:
            return False
        return True

    def step(self, dt_s: float) -> None:
        """Let time go on."""
        self._age_s += dt_s
        self.progress = min(1.0, self.progress + dt_s / self._fade_s)
        late = min(max((self._age_s - _PATIENCE_S) / _GROW_S, 0.0), 1.0)
        self.amount = late * late * (3.0 - 2.0 * late)
        self.drift_s = self.drift_s + dt_s if self.amount > 0.0 else 0.0
