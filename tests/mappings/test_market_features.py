"""Market features against slow references, and against everything a feed can send."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.market.features import NAMES, Features, PriceGate, Rate

prices = st.lists(st.floats(1.0, 1000.0).map(lambda p: round(p, 1)), min_size=1, max_size=60)


def named(features: Features) -> dict[str, float]:
    return dict(zip(NAMES, features.values(), strict=True))


def slow_z(value: float, window: list[float]) -> float:
    if len(window) < 8:
        return 0.0
    middle = statistics.median(window)
    away = [abs(w - middle) for w in window]
    spread = 1.4826 * statistics.median(away) or 1.2533 * sum(away) / len(away)
    if spread == 0:
        return 0.0
    return 4 * math.tanh(min(6.0, max(-6.0, (value - middle) / spread)) / 4)


def slow_rank(window: list[float]) -> float:
    value, others = window[-1], window[:-1]
    if not others:
        return 0.5
    return sum(1.0 if o < value else 0.5 if o == value else 0.0 for o in others) / len(others)


@given(prices, st.integers(8, 40), st.floats(1, 20))
def test_features_are_those_of_a_slow_reference(series, window, half_life) -> None:
    features = Features(window, half_life)
    volatility, volatilities, returns = 0.0, [], []
    squares: list[float] = []
    for i, price in enumerate(series):
        features.push(price, volume=price * 2)
        if i:
            change = math.log(price / series[i - 1])
            returns.append(change)
            if len(returns) > 8 and volatility > 0:
                change = max(-6 * volatility, min(6 * volatility, change))
            squares.append(change * change)
            weights = [0.5 ** ((len(squares) - 1 - k) / half_life) for k in range(len(squares))]
            volatility = math.sqrt(sum(w * s for w, s in zip(weights, squares, strict=True)) / sum(weights))
            volatilities.append(volatility)
    got = named(features)
    recent = series[-window:]
    assert got["price"] == series[-1]
    assert got["return"] == pytest.approx(returns[-1] if returns else 0.0)
    assert got["return_z"] == pytest.approx(slow_z(returns[-1], returns[-window:]) if returns else 0.0, abs=1e-6)
    assert got["volatility"] == pytest.approx(volatility, rel=1e-6, abs=1e-12)
    assert got["rank"] == pytest.approx(slow_rank(recent))
    assert got["drawdown"] == pytest.approx(1 - series[-1] / max(recent))
    volumes = [math.log1p(2 * p) for p in recent]
    assert got["volume_z"] == pytest.approx(slow_z(volumes[-1], volumes), abs=1e-6)


wild = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -1.0, 1e-300, 1e300, 1e9, 100.0, 101.0])


@given(st.lists(st.tuples(wild, st.none() | wild, st.none() | wild), max_size=60))
def test_whatever_comes_the_features_stay_in_their_ranges(rows) -> None:
    gate, features = PriceGate(), Features(16)
    for price, volume, imbalance in rows:
        if gate.accept(price):
            features.push(price, volume, imbalance)
        got = named(features)
        assert all(math.isfinite(v) for v in got.values())
        assert -4 <= got["return_z"] <= 4 and -4 <= got["volume_z"] <= 4
        assert 0 <= got["rank"] <= 1 and 0 <= got["volatility_rank"] <= 1
        assert 0 <= got["drawdown"] <= 1 and -1 <= got["imbalance"] <= 1
        assert got["volatility"] >= 0


def test_a_spike_is_kept_out_and_a_new_level_is_believed_the_third_time() -> None:
    gate = PriceGate()
    assert [gate.accept(p) for p in (100, 101, 1e11, 102, 0, -5, math.nan, 103)] == [
        True, True, False, True, False, False, False, True,
    ]  # fmt: skip
    assert [gate.accept(p) for p in (200, 201, 202, 203)] == [False, False, True, True]


def test_an_interruption_is_no_return() -> None:
    features = Features()
    features.push(100.0)
    features.push(101.0)
    before = named(features)["return"]
    features.interrupt()
    features.push(140.0)
    assert named(features)["return"] == before
    features.push(141.0)
    assert named(features)["return"] == pytest.approx(math.log(141 / 140))


def test_a_quiet_market_still_has_a_scale() -> None:
    features = Features(64)
    for i in range(64):
        features.push(100.0 if i % 8 else 100.5)
    features.push(101.0)
    assert 0.5 < named(features)["return_z"] <= 4


def test_a_steady_rate_is_found_and_forgotten() -> None:
    rate = Rate(half_life_s=5.0)
    got = [rate.add(1 if i % 50 == 0 else 0, i * 0.002) for i in range(30000)]
    assert np.mean(got[-5000:]) == pytest.approx(10.0, rel=0.03)
    assert rate.add(0, 60 + 5.0) == pytest.approx(got[-1] / 2, rel=0.01)
