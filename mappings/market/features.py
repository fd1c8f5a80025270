"""What a price says at each bar, in ranges a show can rely on, whatever a feed sends.

price            the newest good price
return           ln(price / price one bar before)
return_z         return against the median and spread of the window, squashed: about linear to 2, never beyond 4
volatility       root of the decaying mean of squared returns (per bar), each return cut at 6 times the last value
volatility_rank  where the volatility stands in the window, 0..1
volume_z         ln(1 + volume) as return_z
rank             where the price stands in the window, 0..1
drawdown         how far below the highest price in the window, 0..1
imbalance        (bid size - ask size) / (bid size + ask size), -1..1; 0 while unknown
"""

import math

import numpy as np
from numpy.typing import NDArray

NAMES = (
    "price", "return", "return_z", "volatility", "volatility_rank", "volume_z", "rank", "drawdown", "imbalance",
)  # fmt: skip
RESTS = (0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0)
WARM_BARS = 8  # before that a spread means nothing and the z are 0
WINSOR = 6.0
SQUASH = 4.0
MAD_TO_SIGMA = 1.4826
MEAN_TO_SIGMA = 1.2533


class PriceGate:
    """Keeps out what cannot be a price: not finite, zero or less, or a spike.

    A price more than `jump` times away from the last good one waits; three such in a row that agree with one another
    are believed (the market really moved, or the last good one was the spike).
    """

    def __init__(self, jump: float = 1.5) -> None:
        self._jump = math.log(jump)
        self._last: float | None = None
        self._suspect = 0.0
        self._agreed = 0

    def accept(self, price: float) -> bool:
        """Whether this price is good."""
        if not 0.0 < price < 1e300:
            return False
        level = math.log(price)
        if self._last is None or abs(level - self._last) <= self._jump:
            self._last, self._agreed = level, 0
            return True
        self._agreed = self._agreed + 1 if self._agreed and abs(level - self._suspect) <= self._jump else 1
        self._suspect = level
        if self._agreed < 3:
            return False
        self._last, self._agreed = level, 0
        return True


class Ring:
    """The last `size` values; order does not matter to anyone who asks."""

    def __init__(self, size: int) -> None:
        self._values: NDArray[np.float64] = np.zeros(size)
        self.count = 0

    def add(self, value: float) -> None:
        """The oldest makes way."""
        self._values[self.count % len(self._values)] = value
        self.count += 1

    @property
    def values(self) -> NDArray[np.float64]:
        """What is there, a view."""
        return self._values[: min(self.count, len(self._values))]


def robust_z(value: float, window: NDArray[np.float64]) -> float:
    """(value - median) / (1.4826 MAD), winsorised at 6 and squashed to 4 tanh(z / 4).

    Where over half the window is one value, MAD is 0 and 1.2533 times the mean absolute deviation stands in
    (Iglewicz and Hoaglin 1993); where all of it is, the answer is 0.
    """
    if len(window) < WARM_BARS:
        return 0.0
    middle = float(np.median(window))
    away = np.abs(window - middle)
    spread = MAD_TO_SIGMA * float(np.median(away)) or MEAN_TO_SIGMA * float(away.mean())
    if spread <= 0.0:
        return 0.0
    z = max(-WINSOR, min(WINSOR, (value - middle) / spread))
    return SQUASH * math.tanh(z / SQUASH)


def rank(value: float, window: NDArray[np.float64]) -> float:
    """Where `value`, itself in the window, stands: 0 lowest, 1 highest, ties in their middle."""
    others = len(window) - 1
    if others < 1:
        return 0.5
    below = float(np.count_nonzero(window < value))
    ties = float(np.count_nonzero(window == value)) - 1.0
    return (below + 0.5 * ties) / others


class Features:
    """Takes a bar at a time; `values` are the newest of `NAMES`, in that order."""

    def __init__(self, window: int = 256, half_life: float = 32.0) -> None:
        """window, half_life : in bars."""
        self._prices, self._returns = Ring(window), Ring(window)
        self._volatilities, self._volumes = Ring(window), Ring(window)
        self._keep = 0.5 ** (1.0 / half_life)
        self._squares = self._weight = 0.0
        self._price = math.nan
        self._return = self._volatility = self._imbalance = 0.0
        self._volume: float | None = None
        self._broken = False

    def push(self, price: float, volume: float | None = None, imbalance: float | None = None) -> None:
        """One more bar. `price` has passed a PriceGate."""
        if self._prices.count and not self._broken:
            self._add_return(math.log(price / self._price))
        self._broken = False
        self._price = price
        self._prices.add(price)
        if volume is not None and 0.0 <= volume < 1e300:
            self._volume = math.log1p(volume)
            self._volumes.add(self._volume)
        if imbalance is not None and -1.0 <= imbalance <= 1.0:
            self._imbalance = imbalance

    def interrupt(self) -> None:
        """The feed was away: the step from the last bar to the next is no return."""
        self._broken = True

    def _add_return(self, change: float) -> None:
        self._return = change
        self._returns.add(change)
        if self._returns.count > WARM_BARS and self._volatility > 0.0:
            limit = WINSOR * self._volatility
            change = max(-limit, min(limit, change))
        self._squares = self._keep * self._squares + change * change
        self._weight = self._keep * self._weight + 1.0
        self._volatility = math.sqrt(self._squares / self._weight)
        self._volatilities.add(self._volatility)

    def values(self) -> list[float]:
        """One number for each of `NAMES`; the rests before the first bar."""
        if not self._prices.count:
            return list(RESTS)
        prices = self._prices.values
        return [
            self._price,
            self._return,
            robust_z(self._return, self._returns.values),
            self._volatility,
            rank(self._volatility, self._volatilities.values),
            0.0 if self._volume is None else robust_z(self._volume, self._volumes.values),
            rank(self._price, prices),
            1.0 - self._price / float(prices.max()),
            self._imbalance,
        ]


class Rate:
    """How many times a second something happens: a decaying count, half forgotten in `half_life_s`."""

    def __init__(self, half_life_s: float = 5.0) -> None:
        self._decay = math.log(2.0) / half_life_s
        self._hz = 0.0
        self._time_s: float | None = None

    def add(self, count: int, now_s: float) -> float:
        """`count` more since the last call; the rate in hertz."""
        dt_s = 0.0 if self._time_s is None else max(0.0, now_s - self._time_s)
        self._time_s = now_s
        self._hz = self._hz * math.exp(-self._decay * dt_s) + count * self._decay
        return self._hz
