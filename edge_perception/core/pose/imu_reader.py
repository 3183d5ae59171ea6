"""From messages of an IMU to measurements: what can't be true is refused, and named."""

from __future__ import annotations

from collections.abc import Sequence
import math
import operator

from edge_perception.core import rotation
from edge_perception.core.pose.measurements import Inertial
from edge_perception.core.pose.parameters import Configuration
from edge_perception.core.pose.readings import check_frame, ReadingError, stamp_of
from edge_perception.core.pose.spikes import Spikes
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import Imu

_FROZEN_AFTER = SECOND // 2
_FEWEST = 10
_SATURATED_AFTER = 5
_LARGE = (3.0,) * 3 + (15.0,) * 3
"""What an axis must read at least to be taken for saturated [rad/s, m/s²]."""
_NONE_STUCK = (0,) * 6
_DENSITIES = (1e-3, 2e-2)
"""Of a gyroscope and an accelerometer that say nothing about their noise."""
_SATURATED_NOISE = (1.0, 10.0)
"""Densities of a sensor that says nothing; none is noisier."""
_NOISE_FIELDS = (
    ("angular_velocity_covariance", "gyro_noise"),
    ("linear_acceleration_covariance", "accel_noise"),
)
"""Of a message what tells the noise, and the parameter that does."""
_PAIRED = SECOND // 2
"""A message without the one half comes so soon after one without the other."""
_SHORTEST, _LONGEST = 1e-3, 0.1
_SENSORS = (
    ("gyroscope", "rad/s", "deg/s", "gyro_range"),
    ("accelerometer", "m/s²", "mg", "accel_range"),
)
"""Name, unit, the unit that is taken for it, and the parameter of its range."""


class ImuReader:
    """
    Reads the IMU's messages.

    :ivar warning: what is doubtful about the message that was read last; empty if nothing is.
    """

    def __init__(self, topic: str, configuration: Configuration) -> None:
        self.warning = ""
        self._topic = topic
        given = configuration.given
        self._frame = given.text("imu_frame")
        mounting = given.numbers("imu_mounting")
        self._turn = rotation.quaternion(*mounting) if any(mounting) else None
        self._given = given.number("gyro_noise"), given.number("accel_noise")
        self._last: tuple[float, ...] = (math.nan,) * 6
        self._stamp = 0
        self._changed = 0
        self._same = 0
        self._stuck: Sequence[int] = _NONE_STUCK
        self._interval = 0.005
        self._ranges = (
            given.number("gyro_range"),
            given.number("accel_range"),
        )
        self._spikes = Spikes()
        self._halves = {"gyroscope": 0, "accelerometer": 0}

    def read(self, message: Imu, now: int) -> list[Inertial]:
        """
        Return what can be relied upon by now: a reading that leaps waits for those that follow.

        :raises ReadingError: if the message can't be used.
        """
        self.warning = ""
        stamp = stamp_of(message, self._topic, now)
        check_frame(message.header.frame_id, self._frame, self._topic, "imu_frame")
        gyro, accel = message.angular_velocity, message.linear_acceleration
        turning, pushing = (gyro.x, gyro.y, gyro.z), (accel.x, accel.y, accel.z)
        turn_variances = message.angular_velocity_covariance[::4].tolist()
        push_variances = message.linear_acceleration_covariance[::4].tolist()
        turn_denied, push_denied = turn_variances[0] == -1, push_variances[0] == -1
        # what is not measured is denied by a variance of -1 (REP-145), or left at zero
        if push_denied or not any(pushing):
            self._refuse_half("accelerometer", push_denied, stamp)
        elif turn_denied or not any(turning):
            self._refuse_half("gyroscope", turn_denied, stamp)
        numbers = turning + pushing
        self._check_ranges(numbers)
        interval = (stamp - self._stamp) / SECOND
        if _SHORTEST <= interval <= _LONGEST:
            self._interval += 0.05 * (interval - self._interval)
        self._stamp = max(stamp, self._stamp) if interval > -1.0 else stamp
        self._check_frozen(numbers, stamp)
        noise = self._noise(numbers, max(turn_variances), max(push_variances))
        if self._turn is not None:
            turning = rotation.turned(self._turn, turning)
            pushing = rotation.turned(self._turn, pushing)
        passed = self._spikes.pass_on(Inertial(stamp, turning, pushing, noise))
        if self._spikes.left_out:
            self.warning = (
                f"{self._topic}: {self._spikes.left_out}; look for a loose wire or a bus that is "
                "disturbed"
            )
        return passed

    def _refuse_half(self, missing: str, denied: bool, stamp: int) -> None:
        """
        Notice a driver that sends gyroscope and accelerometer in turns, or one alone.

        :param denied: whether the message says itself that it does not hold it.
        """
        other = "gyroscope" if missing == "accelerometer" else "accelerometer"
        self._halves[missing] = stamp
        if abs(stamp - self._halves[other]) < _PAIRED:
            raise ReadingError(
                f"{self._topic} brings gyroscope and accelerometer in turns, in messages of their "
                "own, but the pose needs both of one time: let the driver unite them (realsense: "
                "unite_imu_method)"
            )
        if missing == "gyroscope" and denied:
            raise ReadingError(
                f"{self._topic} says that it holds no angular velocity: its covariance begins "
                "with -1 (REP-145); let the driver fill it in"
            )
        if missing == "accelerometer":
            raise ReadingError(
                f"{self._topic} holds no acceleration, not even gravity's: let the driver fill in "
                "the specific force (REP-145)"
            )

    def _check_ranges(self, numbers: tuple[float, ...]) -> None:
        """Refuse what no sensor of that range can read."""
        turn, push = self._ranges
        wx, wy, wz, ax, ay, az = map(abs, numbers)
        # written out, as it is asked for each of thousands of readings; NaN is beyond all limits
        if wx <= turn and wy <= turn and wz <= turn and ax <= push and ay <= push and az <= push:
            return
        if not all(map(math.isfinite, numbers)):
            raise ReadingError(
                f"{self._topic} holds NaN or infinity; the IMU's driver fails to read it: check "
                "its wiring and log"
            )
        for index, value in enumerate(numbers):
            limit = self._ranges[index // 3]
            if not -limit <= value <= limit:
                name, unit, others, parameter = _SENSORS[index // 3]
                raise ReadingError(
                    f"the {name} of {self._topic} reads {value:.4g} {unit} on its "
                    f"{'xyz'[index % 3]} axis, more than {parameter} ({limit:g}), which can't be; "
                    f"check that its unit is {unit}, not {others}, and its wiring and log"
                )

    def _check_frozen(self, numbers: tuple[float, ...], stamp: int) -> None:
        last, self._last = self._last, numbers
        if not any(map(operator.eq, numbers, last)):
            self._stuck = _NONE_STUCK
            self._changed, self._same = stamp, 0
            return
        self._stuck = [
            count + 1 if value == before and abs(value) > large else 0
            for count, value, before, large in zip(self._stuck, numbers, last, _LARGE, strict=True)
        ]
        if numbers != last:
            self._changed, self._same = stamp, 0
            return
        self._same += 1
        if self._same >= _FEWEST and stamp - self._changed >= _FROZEN_AFTER:
            raise ReadingError(
                f"{self._topic} is frozen: it has repeated the same values for "
                f"{(stamp - self._changed) / SECOND:.1f} s; restart the IMU's driver, check its "
                "bus"
            )

    def _noise(self, numbers: tuple[float, ...], turn: float, push: float) -> tuple[float, float]:
        """
        Return the noise densities: as the parameters say, or the message, or of any IMU.

        :param turn: variance of the gyroscope that the message tells; push: of the accelerometer.
        """
        found = self._density(0, turn), self._density(1, push)
        if self._stuck is not _NONE_STUCK and max(self._stuck) >= _SATURATED_AFTER:
            axis = self._stuck.index(max(self._stuck))
            sensor, unit = ("gyroscope", "rad/s") if axis < 3 else ("accelerometer", "m/s²")
            self.warning = (
                f"the {sensor} of {self._topic} is saturated: its {'xyz'[axis % 3]} axis stays at "
                f"{numbers[axis]:.4g} {unit}; give it a wider range"
            )
            return _SATURATED_NOISE
        return found

    def _density(self, half: int, variance: float) -> float:
        """Return the noise density of one half: 0 is the gyroscope, 1 the accelerometer."""
        if self._given[half] > 0:
            return self._given[half]
        if 0 < variance < math.inf:
            return min(math.sqrt(variance * self._interval), _SATURATED_NOISE[half])
        field, parameter = _NOISE_FIELDS[half]
        usual = _DENSITIES[half]
        self.warning = (
            f"{field} of {self._topic} is {variance:g}, so that its noise is unknown and taken as "
            f"{usual:g}/√Hz; let the driver fill it in, or set {parameter}"
        )
        return usual
