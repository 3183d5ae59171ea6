"""The IMU node: angular velocity and acceleration of a part, a log or a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge_perception.core.connection import Connection, Patience
from edge_perception.core.faults import Faults
from edge_perception.core.health import Rate
from edge_perception.core.imu.bias import Bias
from edge_perception.core.imu.checks import Checks
from edge_perception.core.imu.message_builder import ImuMessageBuilder
from edge_perception.core.imu.parameters import PARAMETERS
from edge_perception.core.imu.source import (
    Batch,
    ImuRequest,
    ImuSource,
    Part,
    Sample,
)
from edge_perception.core.imu.stamp_smoother import StampSmoother
from edge_perception.core.imu.standstill import Standstill
from edge_perception.core.node import Diagnostic, Inputs, Level, Outputs, Port, Qos
from edge_perception.core.parameters import Parameters
from edge_perception.core.source import Skipped
from edge_perception.core.source_core import SourceCore
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import Imu, Odometry

_PATIENCE = Patience(
    "measurement", SECOND, 3 * SECOND, "check its wiring and power, and that nothing else uses it"
)
_SLOW = 0.8
_GAP = 5.0
"""Periods without a measurement that are a drop-out."""
_FROZEN_TOO_LONG = 2 * SECOND
_WHEELS_KNOWN = SECOND
_STANDING = 1e-3
"""
Speed [m/s, rad/s] below which wheels stand. Stricter than the pose's ``still_speed``: a turn that
is overlooked here is taken for the bias, and then for all times.
"""


_WHEELS = Port(
    "wheels",
    "nav_msgs/msg/Odometry",
    "wheel/odometry",
    Qos.SENSOR_DATA,
    optional=True,
    prompt=False,
    interval=0.1,
)
_IMU = Port("imu", "sensor_msgs/msg/Imu", "imu/data", sole=True)


class ImuCore(SourceCore[Batch]):
    """
    Publish what an IMU measures, its bias taken off and turned into the robot's frame.

    What can't be true (NaN, frozen values, beyond the range) is not published but reported.
    """

    parameters = PARAMETERS
    inputs = (_WHEELS,)
    outputs = (_IMU,)

    def configure(self, parameters: Parameters) -> Outputs:
        """
        Open the source and load the stored bias.

        :raises ConfigurationError: if the source can't be opened, or mounting is no rotation.
        """
        self._source_name = self.hardware = parameters.text("source")
        self._builder = ImuMessageBuilder(
            parameters.text("frame_id"),
            parameters.numbers("mounting"),
            parameters.number("gyroscope_noise"),
            parameters.number("accelerometer_noise"),
        )
        self._request = ImuRequest(
            parameters.number("rate"),
            parameters.number("gyroscope_range"),
            parameters.number("accelerometer_range"),
            delay=parameters.number("delay"),
        )
        connection = self._connect(
            self._open, _PATIENCE, may_wait=parameters.flag("wait_for_source")
        )
        time, age = parameters.number("calibration_time"), parameters.number("calibration_age")
        self._standstill = Standstill(time) if time else None
        self._bias = Bias(
            self._environment.open_biases(), self._source_name, round(age * 86400 * SECOND)
        )
        self._loaded = self._calibrated = False
        self._wheels_turn, self._wheels_heard = False, -_WHEELS_KNOWN
        self._measured = Rate(seconds=2)
        self._faults = Faults()
        self._lost = 0
        self._adopt(connection)
        return ()

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Publish what was measured since the last call."""
        self._now = now
        connection = self._connection
        if connection is None:
            return ()
        if "wheels" in inputs:
            self._wheels_turn, self._wheels_heard = _turns(inputs["wheels"]), now
        before = connection.source
        got = connection.read(now)
        if connection.source is not before:
            self._adopt(connection)
        if not self._loaded and connection.source and connection.source.live:
            self._loaded = True
            self._bias.load(now)
        if isinstance(got, Skipped):
            self._faults.report(now, Level.WARN, "measurements", f"{got.name}: {got.reason}")
        if got is None or isinstance(got, Skipped):
            return ()
        self._watch_gaps(got, now)
        made = [
            self._message(sample, got.part, 0 if index else got.lost, now)
            for index, sample in enumerate(got.samples)
        ]
        outputs = [("imu", message) for message in made if message is not None]
        self._published += len(outputs)
        self._measured.add(now, self._published)
        if self._checks.frozen > _FROZEN_TOO_LONG:
            connection.lose(f"{self._source_name} repeats itself; it is started anew", now)
        return outputs

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report source, measurements, drop-outs and calibration."""
        if self._connection is None:
            return ()
        rate = self._measured.per_second(now)
        slow = ""
        if 0 < rate < _SLOW * self._rate:
            slow = (
                f"{self._source()} gives {rate:.3g} measurements/s, expected {self._rate:.3g}; "
                "look for other programs that use the bus, or lower the rate"
            )
        shown = {
            "source": self._diagnose_source(
                "measurements",
                f"{self._source()}, {self._rate:.4g} measurements/s",
                slow,
                {"rate": f"{rate:.1f}", "lost": str(self._lost)},
            ),
            "measurements": Diagnostic(Level.OK, "measurements", "plausible"),
            "drop-outs": Diagnostic(Level.OK, "drop-outs", "none lately"),
            "calibration": self._bias.diagnose(),
        }
        return list({**shown, **self._faults.current(now)}.values())

    def _open(self) -> ImuSource:
        """Open the source; once it worked it is not tested again, as the robot may drive."""
        source = self._environment.open_imu(self._source_name, self._request)
        self._request = replace(self._request, self_test=False)
        return source

    def _adopt(self, connection: Connection[Batch]) -> None:
        """Begin with a source that was opened."""
        source = connection.source
        self._rate = source.rate if source else 0.0
        self._smoother = StampSmoother(self._rate)
        self._checks = Checks(self._request)
        self._heard: int | None = None

    def _message(self, sample: Sample, part: Part, lost: int, now: int) -> Imu | None:
        """Return a measurement as a message; None if it is of no use."""
        stamp = self._smoother.smooth(sample.stamp, lost)
        if problem := self._checks.problem(sample, part):
            self._faults.report(now, Level.ERROR, "measurements", problem)
            return None
        if saturated := self._checks.saturated(sample, part):
            self._faults.report(now, Level.WARN, "measurements", f"saturated: {saturated}")
        self._calibrate(sample, now)
        return self._builder.message(sample, part, stamp, self._bias.gyroscope)

    def _watch_gaps(self, batch: Batch, now: int) -> None:
        """Notice measurements that were lost, and such that never came."""
        problem = ""
        for sample in batch.samples:
            gap = (sample.stamp - (self._heard or sample.stamp)) / SECOND
            self._heard = sample.stamp
            if self._rate and gap > _GAP / self._rate:
                problem = f"no measurement came for {gap * 1e3:.0f} ms"
        if batch.lost:
            self._lost += batch.lost
            problem = f"{batch.lost} measurements were lost"
        if problem:
            advice = "the computer or the bus is too busy; lower the rate"
            self._faults.report(now, Level.WARN, "drop-outs", f"{problem}: {advice}")

    def _calibrate(self, sample: Sample, now: int) -> None:
        """
        Take the bias at the first standstill after the start.

        Later, slow turning could be taken for a bias: then the wheels must say that they stand.
        """
        if self._standstill is None:
            return
        known = 0 <= now - self._wheels_heard < _WHEELS_KNOWN
        moves = self._wheels_turn if known else self._calibrated
        bias = self._standstill.add(sample, moves)
        if bias is not None:
            self._bias.found(bias, now)
            self._calibrated = True


def _turns(odometry: Odometry) -> bool:
    """Return whether the wheels turn."""
    twist = odometry.twist.twist
    return bool(abs(twist.linear.x) + abs(twist.linear.y) + abs(twist.angular.z) > _STANDING)
