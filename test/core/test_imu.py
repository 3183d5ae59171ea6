"""The IMU node's core: frames, stamps, calibration, and what can't be true."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import pairwise
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.gravity import GRAVITY
from edge_perception.core.imu.bias import BiasStoreError, StoredBias
from edge_perception.core.imu.node import ImuCore
from edge_perception.core.imu.source import Batch, ImuRequest, ImuSource, Part, Sample
from edge_perception.core.imu.stamp_smoother import StampSmoother
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.rotation import vector
from edge_perception.core.source import SourceError
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.environment import this_machine

START = 1_700_000_000 * SECOND
PERIOD = SECOND // 200
PART = Part(gyroscope_limit=10.0, accelerometer_limit=40.0)
RANDOM = np.random.default_rng(1)
Odometry = messages.get("nav_msgs/msg/Odometry")


class Script:
    """A source whose measurements a test writes down."""

    live = True
    rate = 200.0

    def __init__(self) -> None:
        self.batches: deque[Batch] = deque()
        self.plugged = True
        self.wishes: list[ImuRequest] = []

    def open(self, spec: str, wish: ImuRequest) -> ImuSource:
        if not self.plugged:
            raise SourceError("the IMU does not answer; check its wiring")
        self.wishes.append(wish)
        return self

    def describe(self) -> str:
        return "a script"

    def read(self, timeout: float) -> Batch | None:
        if not self.plugged:
            raise SourceError("the IMU does not answer; check its wiring")
        return self.batches.popleft() if self.batches else None

    def close(self) -> None:
        pass


class Store:
    def __init__(self, stored: StoredBias | None = None) -> None:
        self.stored = stored
        self.saved: list[StoredBias] = []
        self.failure: BiasStoreError | None = None

    def load(self, source: str) -> StoredBias | None:
        if self.failure:
            raise self.failure
        return self.stored

    def save(self, source: str, bias: StoredBias) -> None:
        if self.failure:
            raise self.failure
        self.saved.append(bias)


class Rig:
    """A core with its source and store, and time."""

    def __init__(self, stored: StoredBias | None = None, **parameters: Any) -> None:
        self.script, self.store = Script(), Store(stored)
        self.core = ImuCore(
            replace(this_machine(), open_imu=self.script.open, open_biases=lambda: self.store)
        )
        self.core.configure(Parameters(self.core.parameters, {"source": "script", **parameters}))
        self.now = START
        self.published: list[Any] = []

    def measure(
        self,
        seconds: float,
        turning: Any = (0.0, 0.0, 0.0),
        pushing: Any = (0.0, 0.0, GRAVITY),
        noise: float = 0.002,
        orientation: Any = None,
    ) -> None:
        """Measure for a while, one sample a step."""
        for _ in range(round(seconds * 200)):
            self.now += PERIOD
            sample = Sample(
                self.now,
                vector(np.array(turning) + noise * RANDOM.standard_normal(3)),
                vector(np.array(pushing) + noise * RANDOM.standard_normal(3)),
                orientation,
            )
            self.step(Batch([sample], PART))

    def step(self, batch: Batch | None = None, **inputs: Any) -> None:
        if batch:
            self.script.batches.append(batch)
        self.published += [message for _, message in self.core.step(inputs, self.now)]

    def wait(self, seconds: float) -> None:
        """Let time pass without measurements."""
        for _ in range(round(seconds * 10)):
            self.now += SECOND // 10
            self.step()

    def state(self, name: str) -> tuple[Level, str]:
        found = next(d for d in self.core.diagnostics(self.now) if d.name == name)
        return found.level, found.message


def test_measurements_are_messages_in_si_units_with_covariances() -> None:
    rig = Rig(gyroscope_noise=0.01, accelerometer_noise=0.1, frame_id="imu")
    rig.measure(0.01, (0.1, 0.2, 0.3), (1.0, 2.0, 3.0), noise=0.0)
    message = rig.published[0]
    assert message.header.frame_id == "imu"
    assert nanoseconds(message.header.stamp) == START + PERIOD
    turning, pushing = message.angular_velocity, message.linear_acceleration
    assert (turning.x, turning.y, turning.z) == pytest.approx((0.1, 0.2, 0.3))
    assert (pushing.x, pushing.y, pushing.z) == pytest.approx((1.0, 2.0, 3.0))
    assert message.orientation_covariance[0] == -1
    np.testing.assert_allclose(message.angular_velocity_covariance, 1e-4 * np.eye(3).ravel())
    np.testing.assert_allclose(message.linear_acceleration_covariance, 1e-2 * np.eye(3).ravel())


def test_mounting_turns_all_that_is_measured() -> None:
    rig = Rig(mounting=[0.0, 0.0, math.pi / 2])  # the part's x axis points to the left
    rig.measure(0.01, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.0, orientation=(0.0, 0.0, 0.0, 1.0))
    message = rig.published[0]
    turning, pushing, turned = (
        message.angular_velocity,
        message.linear_acceleration,
        message.orientation,
    )
    assert (turning.x, turning.y) == pytest.approx((0.0, 1.0))
    assert (pushing.x, pushing.y) == pytest.approx((-1.0, 0.0))
    assert 2 * math.atan2(turned.z, turned.w) == pytest.approx(-math.pi / 2)
    assert message.orientation_covariance[0] > 0


@pytest.mark.parametrize("mounting", [[0.0], [0.0] * 4])
def test_a_mounting_that_is_no_rotation_is_refused(mounting: list[float]) -> None:
    with pytest.raises(ConfigurationError, match="three angles"):
        Rig(mounting=mounting)


def test_bias_is_found_at_standstill_taken_off_and_saved_once() -> None:
    rig = Rig()
    rig.measure(2.1, (0.02, -0.01, 0.005))
    assert len(rig.store.saved) == 1
    assert rig.store.saved[0].gyroscope == pytest.approx((0.02, -0.01, 0.005), abs=1e-3)
    assert rig.state("calibration") == (Level.OK, "calibrated at standstill")
    rig.published.clear()
    rig.measure(0.5, (0.02, -0.01, 0.505))
    mean = np.mean([message.angular_velocity.z for message in rig.published])
    assert mean == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("turning", "pushing"),
    [
        ((0.0, 0.0, 0.5), (0.0, 0.0, GRAVITY)),  # it drives a circle
        ((0.0, 0.0, 0.0), (2.0, 5.0, GRAVITY)),  # it is pushed
    ],
)
def test_motion_is_no_bias(turning: Any, pushing: Any) -> None:
    rig = Rig()
    rig.measure(4.0, turning, pushing)
    assert not rig.store.saved
    assert "not calibrated yet" in rig.state("calibration")[1]


def test_slow_turning_after_the_start_is_no_bias_unless_the_wheels_stand() -> None:
    rig = Rig()
    rig.measure(2.1)
    rig.measure(3.0, (0.0, 0.0, 0.1))  # slow enough to be a bias
    rig.published.clear()
    rig.measure(0.1, (0.0, 0.0, 0.1))
    assert rig.published[-1].angular_velocity.z == pytest.approx(0.1, abs=0.02)
    for _ in range(5):
        rig.step(wheels=Odometry())
        rig.measure(0.5, (0.0, 0.0, 0.1))
    assert rig.published[-1].angular_velocity.z == pytest.approx(0.0, abs=0.02)


def test_stored_bias_is_used_if_it_is_young() -> None:
    bias = (0.05, 0.0, 0.0)
    young = Rig(StoredBias(bias, START - 3600 * SECOND))
    young.measure(0.05)
    assert young.published[0].angular_velocity.x == pytest.approx(-0.05, abs=0.01)
    assert "stored bias is used" in young.state("calibration")[1]
    old = Rig(StoredBias(bias, START - 30 * 86400 * SECOND))
    old.measure(0.05)
    assert old.published[0].angular_velocity.x == pytest.approx(0.0, abs=0.01)
    assert old.state("calibration")[0] is Level.WARN
    assert "30.0 days old" in old.state("calibration")[1]


def test_a_store_that_fails_is_reported_and_nothing_more() -> None:
    rig = Rig()
    rig.store.failure = BiasStoreError("the bias can't be saved; make the folder writable")
    rig.measure(2.5, (0.02, 0.0, 0.0))
    assert rig.state("calibration") == (Level.WARN, str(rig.store.failure))
    assert rig.published[-1].angular_velocity.x == pytest.approx(0.0, abs=0.02)


def test_frozen_measurements_are_not_published_and_the_part_is_started_anew() -> None:
    rig = Rig()
    rig.measure(0.5)
    count = len(rig.published)
    rig.measure(1.0, noise=0.0)
    assert rig.state("measurements")[0] is Level.ERROR
    assert "frozen" in rig.state("measurements")[1]
    assert len(rig.published) - count <= 0.31 * 200
    rig.measure(2.5, noise=0.0)
    assert len(rig.script.wishes) == 2
    assert [wish.self_test for wish in rig.script.wishes] == [True, False]
    rig.script.batches.clear()
    rig.measure(3.0)
    assert rig.state("measurements")[0] is Level.OK
    assert rig.state("source")[0] is Level.OK


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_left_out_and_reported(value: float) -> None:
    rig = Rig()
    rig.measure(0.1)
    count = len(rig.published)
    rig.measure(0.01, (value, 0.0, 0.0))
    assert len(rig.published) == count
    assert rig.state("measurements")[0] is Level.ERROR
    rig.measure(2.5)
    assert rig.state("measurements")[0] is Level.OK


@pytest.mark.parametrize(
    ("turning", "pushing", "orientation", "says"),
    [
        ((0, 0, 11.0), (0, 0, GRAVITY), None, "the gyroscope gives 11 rad/s, its range is 10.5"),
        ((0, 0, -1e160), (0, 0, GRAVITY), None, "the gyroscope gives 1e+160 rad/s"),
        ((0, 0, 0), (1e30, 0, GRAVITY), None, "the accelerometer gives 1e+30 m/s²"),
        ((0, 0, 0), (0, 0, GRAVITY), (0, 0, 0, 1e30), "the orientation has the length 1e+30"),
        ((0, 0, 0), (0, 0, GRAVITY), (0, 0, 0, 0), "the orientation has the length 0"),
    ],
)
def test_what_the_part_can_not_measure_is_left_out_and_reported(
    turning: Any, pushing: Any, orientation: Any, says: str
) -> None:
    rig = Rig()
    rig.measure(0.1)
    count = len(rig.published)
    rig.measure(0.005, turning, pushing, orientation=orientation)
    assert len(rig.published) == count
    assert rig.state("measurements")[0] is Level.ERROR
    assert says in rig.state("measurements")[1]
    rig.measure(0.1)
    assert len(rig.published) == count + 20


@pytest.mark.parametrize(
    ("limit", "passes"), [({}, False), ({"accelerometer_range": 500.0}, True)]
)
def test_a_log_has_the_widest_range_of_usual_parts_or_what_is_asked_for(
    limit: dict[str, float], passes: bool
) -> None:
    rig = Rig(**limit)
    rig.now += PERIOD
    sample = Sample(rig.now, (0.0, 0.0, 0.0), (400.0, 0.0, GRAVITY))
    rig.step(Batch([sample], Part()))
    assert bool(rig.published) == passes


def test_saturation_is_reported_and_widens_the_covariance() -> None:
    rig = Rig()
    rig.measure(0.1, (0.0, 0.0, 10.0), noise=0.01)
    level, message = rig.state("measurements")
    assert level is Level.WARN
    assert "saturated: gyroscope (limit 10 rad/s, raise gyroscope_range)" in message
    saturated = [one for one in rig.published if one.angular_velocity_covariance[0] == 100.0]
    assert saturated
    assert saturated[0].linear_acceleration_covariance[0] < 1
    rig.measure(2.5)
    assert rig.state("measurements")[0] is Level.OK


def test_silence_is_reported_and_ends_by_itself() -> None:
    rig = Rig()
    rig.measure(0.1)
    rig.wait(1.5)
    assert rig.state("source")[0] is Level.ERROR
    assert "has given no measurement for 2 s; check its wiring" in rig.state("source")[1]
    rig.measure(1.0)
    assert rig.state("source")[0] is Level.OK


def test_a_part_that_is_lost_is_reported_and_comes_back() -> None:
    rig = Rig()
    rig.measure(0.1)
    rig.script.plugged = False
    rig.wait(1.0)
    assert rig.state("source") == (Level.ERROR, "the IMU does not answer; check its wiring")
    rig.script.plugged = True
    rig.wait(3.0)
    rig.measure(2.5)
    assert rig.state("source")[0] is Level.OK


def test_drop_outs_are_counted_and_seen() -> None:
    rig = Rig()
    rig.measure(0.1)
    rig.script.batches.append(
        Batch([Sample(rig.now + 1, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))], PART, lost=7)
    )
    rig.step()
    assert rig.state("drop-outs")[0] is Level.WARN
    assert "7 measurements were lost" in rig.state("drop-outs")[1]
    rig.now += SECOND // 10
    rig.measure(0.01)
    assert "no measurement came for 105 ms" in rig.state("drop-outs")[1]


def test_a_source_that_is_slow_is_reported() -> None:
    rig = Rig()
    for _ in range(100):
        rig.now += SECOND // 50
        rig.step(
            Batch([Sample(rig.now, vector(RANDOM.standard_normal(3)), (1.0, 1.0, 1.0))], PART)
        )
    assert rig.state("source")[0] is Level.WARN
    assert "gives 50 measurements/s, expected 200" in rig.state("source")[1]


def test_a_source_that_can_not_be_opened_ends_the_start_unless_it_is_waited_for() -> None:
    script = Script()
    script.plugged = False
    core = ImuCore(replace(this_machine(), open_imu=script.open, open_biases=Store))
    with pytest.raises(ConfigurationError, match="does not answer"):
        core.configure(Parameters(core.parameters))
    core.configure(Parameters(core.parameters, {"wait_for_source": True}))
    assert core.step({}, START) == ()
    assert core.diagnostics(START)[0].level is Level.ERROR


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_moves_the_stamps_at_once(jump: int) -> None:
    rig = Rig()
    rig.measure(0.5)
    rig.now += jump * SECOND
    rig.measure(0.1)
    assert nanoseconds(rig.published[-1].header.stamp) == pytest.approx(rig.now, abs=PERIOD)


def smoothed(raw: list[int], rate: float = 200.0) -> list[int]:
    smoother = StampSmoother(rate)
    return [smoother.smooth(stamp) for stamp in raw]


def test_jitter_is_taken_out() -> None:
    late = RANDOM.exponential(0.5e6, 4000).astype(int)
    truth = START + np.arange(4000) * PERIOD * 1.01  # the part's crystal is 1 % slow
    stamps = smoothed([int(time) + int(delay) for time, delay in zip(truth, late, strict=True)])
    steps = np.diff(stamps)[2000:]
    assert np.diff(np.array(truth) + late)[2000:].std() > 0.6e6
    assert steps.std() < 0.15e6
    assert steps.mean() == pytest.approx(PERIOD * 1.01, rel=1e-3)


@given(
    st.lists(st.integers(0, 30_000_000), min_size=1, max_size=50), st.sampled_from([0.0, 200.0])
)
def test_stamps_increase_and_are_never_in_the_future(gaps: list[int], rate: float) -> None:
    raw = [START + int(end) for end in np.cumsum(gaps)]
    stamps = smoothed(raw, rate)
    assert all(before < after for before, after in pairwise(stamps))
    assert all(
        stamp <= time + place for place, (stamp, time) in enumerate(zip(stamps, raw, strict=True))
    )
