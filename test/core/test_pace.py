from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_perception.core.pace import Pace

RATES = st.floats(0.1, 500)
STARTS = st.integers(0, 2**60)


@settings(deadline=None)
@given(RATES, STARTS, st.lists(st.integers(1, 2**33), min_size=1, max_size=200))
def test_never_faster_than_the_rate(rate: float, start: int, gaps: list[int]) -> None:
    pace, now, emitted = Pace(rate), start, 0
    for gap in gaps:
        if pace.wait(now) == 0:
            pace.advance(now)
            emitted += 1
        now += gap
    interval = round(1e9 / rate)
    assert 1 <= emitted <= (now - start) // interval + 1


@settings(deadline=None)
@given(RATES, STARTS, st.randoms(use_true_random=False))
def test_no_drift_when_called_when_due_with_jitter(
    rate: float, start: int, random: object
) -> None:
    pace, now, emitted = Pace(rate), start, 0
    interval = round(1e9 / rate)
    for _ in range(300):
        # woken when due, but up to a third of an interval late, as on a busy machine
        late = int(interval * random.random() / 3)  # type: ignore[attr-defined]
        now += round(pace.wait(now) * 1e9) + late
        if pace.wait(now) == 0:
            pace.advance(now)
            emitted += 1
    elapsed = (now - start) / interval
    assert abs(emitted - elapsed) <= 2


@settings(deadline=None)
@given(RATES, STARTS, st.floats(1, 1000))
def test_a_long_pause_is_not_made_up_for(rate: float, start: int, pause: float) -> None:
    pace = Pace(rate)
    pace.advance(start)
    resumed = start + round(1e9 / rate * (1 + pause))
    assert pace.wait(resumed) == 0
    pace.advance(resumed)
    assert pace.wait(resumed) > 0


@settings(deadline=None)
@given(RATES, STARTS, st.integers(1, 2**40))
def test_goes_on_when_the_clock_is_set_back(rate: float, start: int, back: int) -> None:
    pace = Pace(rate)
    pace.advance(start + back)
    assert pace.wait(start) <= 3e9 / (rate * 1e9) + 1e-6


def test_zero_is_always_due() -> None:
    pace = Pace(0)
    for now in (5, 5, 6, 4):
        assert pace.wait(now) == 0
        assert pace.admits(now)
        pace.advance(now)


def test_a_jittering_camera_is_decimated_to_the_rate() -> None:
    pace, admitted = Pace(10), 0
    for index in range(300):  # 30 a second for 10 s, each up to 4 ms off
        stamp = round(index * 1e9 / 30) + (index * 7919 % 9 - 4) * 1_000_000
        if pace.admits(stamp):
            pace.advance(stamp)
            admitted += 1
    assert admitted == 100
