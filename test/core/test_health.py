"""Rates and percentiles over the last seconds, against the plain definition."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception.core.health import Percentiles, Rate
from edge_perception.core.stamps import nanoseconds, SECOND, to_duration, to_time

TIMES = st.lists(st.integers(0, 30 * SECOND), min_size=1, max_size=50)


@given(TIMES, st.data())
def test_percentiles_are_those_of_the_last_ten_seconds(
    times: list[int], data: st.DataObject
) -> None:
    times = sorted(times)
    values = data.draw(st.lists(st.floats(0, 1e6), min_size=len(times), max_size=len(times)))
    percentiles = Percentiles(10)
    for time, value in zip(times, values, strict=True):
        percentiles.add(time, value)
    now = times[-1]
    recent = [v for t, v in zip(times, values, strict=True) if t >= now - 10 * SECOND]
    assert percentiles.at(now) == pytest.approx(np.percentile(recent, [50, 95, 99]))


def test_nothing_measured_is_not_zero() -> None:
    percentiles = Percentiles(1)
    percentiles.add(0, 5.0)
    assert percentiles.at(SECOND, [50]) == (5.0,)
    assert math.isnan(percentiles.at(SECOND + 1, [50])[0])


def test_a_rate_follows_a_counter() -> None:
    rate = Rate(10)
    assert rate.per_second(0) == 0
    for second in range(30):
        rate.add(second * SECOND, 25 * second)
    assert rate.per_second(29 * SECOND) == pytest.approx(25)
    for second in range(30, 45):
        rate.add(second * SECOND, 25 * 29)
    assert rate.per_second(44 * SECOND) == 0


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(0, 1000)), max_size=30))
def test_any_sequence_of_times_gives_a_finite_rate(samples: list[tuple[int, int]]) -> None:
    rate = Rate(1e-8)
    for time, count in samples:
        rate.add(time, count)
        assert 0 <= rate.per_second(time) < math.inf


def test_a_jump_of_the_clock_forgets_the_future() -> None:
    percentiles = Percentiles(10)
    percentiles.add(100 * SECOND, 1.0)
    percentiles.add(5 * SECOND, 3.0)
    assert percentiles.at(5 * SECOND, [50]) == (3.0,)


@given(st.integers(0, 2**31 * SECOND - 1))
def test_times(value: int) -> None:
    assert nanoseconds(to_time(value)) == value
    assert 0 <= to_time(value).nanosec < SECOND
    assert nanoseconds(to_duration(-value)) == -value
