"""Even faders: amounts through the measured pace of their directions, all at once."""

import numpy as np
from numpy.typing import NDArray

from engine.latent.directions import Directions

Array = NDArray[np.float64]


class EvenFaders:
    """`Pace.amount` of all directions as tables: (voices, directions) in, the same out.

    Between the measured ends a fader goes to its amount in straight pieces, whose corners are the amounts measured, so
    the tables are exact. A direction without a pace stays as it is.
    """

    def __init__(self, directions: Directions) -> None:
        paced = [(i, d.pace) for i, d in enumerate(directions) if d.pace is not None]
        self._at = np.array([i for i, _ in paced], np.intp)
        most = max((len(pace.amounts) for _, pace in paced), default=0)
        self._faders = np.full((len(paced), most), np.inf)
        self._amounts = np.zeros((len(paced), most))
        self._slopes = np.ones((len(paced), most))
        for row, (_, pace) in enumerate(paced):
            n, arc = len(pace.amounts), pace.arc
            low, high = (end if end else 1.0 for end in (arc[0], arc[-1]))  # measured to one side alone
            up = arc / high * pace.amounts[-1]
            faders = np.where(arc > 0.0, up, arc / low * pace.amounts[0])
            self._faders[row, :n] = faders
            self._amounts[row, :n] = pace.amounts
            self._slopes[row, : n - 1] = np.diff(pace.amounts) / np.diff(faders)
        self._rows = np.arange(len(paced))
        self._low = self._faders.min(1, initial=np.inf)
        self._high = np.where(np.isfinite(self._faders), self._faders, -np.inf).max(1, initial=-np.inf)

    def amounts(self, faders: Array, blend: Array) -> Array:
        """Amounts (voices, directions) in sigma of faders; blend (voices,) 0 leaves them in sigma, 1 evens them."""
        if not (len(self._at) and np.count_nonzero(blend)):
            return faders
        own = faders[:, self._at]
        piece = np.maximum((own[..., None] >= self._faders).sum(-1) - 1, 0)
        even = self._amounts[self._rows, piece] + self._slopes[self._rows, piece] * (
            own - self._faders[self._rows, piece]
        )
        even = np.where((self._low < own) & (own < self._high), even, own)
        out = faders.copy()
        out[:, self._at] = own + blend[:, None] * (even - own)
        return out
