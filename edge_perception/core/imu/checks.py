"""Measurements of an IMU that can't be true."""

from __future__ import annotations

import math

from edge_perception.core.imu.source import ImuRequest, Part, Sample
from edge_perception.core.plausible import FASTEST_TURN
from edge_perception.core.rotation import Vector
from edge_perception.core.stamps import SECOND

_FROZEN = 3 * SECOND // 10
_NEARLY = 0.99
_MORE = 1.05
"""Times its limit up to which a part may measure: scales differ a little."""
_WIDEST = FASTEST_TURN, 160.0
"""Ranges of usual parts at their widest: 2000 deg/s [rad/s] and 16 g [m/s²]."""
_NO_ROTATION = 0.1


class Checks:
    """
    Compare each measurement with those before and with what the part can measure.

    :ivar frozen: nanoseconds for which the measurements have been identical to the last bit, which
        noise forbids.
    """

    def __init__(self, request: ImuRequest) -> None:
        """
        Begin before the first measurement.

        :param request: the ranges that were asked for; sources that don't know theirs have the
            widest of usual parts, or these.
        """
        self.frozen = 0
        self._ranges = (
            max(request.gyroscope_range, _WIDEST[0]),
            max(request.accelerometer_range, _WIDEST[1]),
        )
        self._same: tuple[float, ...] = ()
        self._since = 0

    def problem(self, sample: Sample, part: Part) -> str:
        """Return why a measurement can't be used; empty if it can."""
        content = sample.angular_velocity + sample.linear_acceleration
        if not all(map(math.isfinite, content + (sample.orientation or ()))):
            return "a measurement is no number (NaN or infinite); look at the driver or the wiring"
        if beyond := self._beyond(sample, part):
            return beyond
        if content != self._same or sample.stamp < self._since:
            self._same, self._since = content, sample.stamp
        self.frozen = sample.stamp - self._since
        if self.frozen >= _FROZEN:
            return (
                f"the measurements are frozen: the same for {self.frozen / SECOND:.1f} s; the "
                "part hangs, it is started anew"
            )
        return ""

    def _beyond(self, sample: Sample, part: Part) -> str:
        """Name what the part can't measure."""
        for what, vector, limit, widest, unit in (
            (
                "gyroscope",
                sample.angular_velocity,
                part.gyroscope_limit,
                self._ranges[0],
                "rad/s",
            ),
            (
                "accelerometer",
                sample.linear_acceleration,
                part.accelerometer_limit,
                self._ranges[1],
                "m/s²",
            ),
        ):
            most = limit * _MORE if math.isfinite(limit) else widest
            largest = max(map(abs, vector))
            if largest > most:
                return (
                    f"a measurement can't be: the {what} gives {largest:.4g} {unit}, its range is "
                    f"{most:.3g} {unit}; look at the unit, the driver or the wiring, or raise "
                    f"{what}_range"
                )
        if sample.orientation is not None:
            length = math.hypot(*sample.orientation)
            if abs(length - 1) > _NO_ROTATION:
                return (
                    f"a measurement can't be: the orientation has the length {length:.3g}, but "
                    "that of a quaternion is 1; look at the driver"
                )
        return ""

    @staticmethod
    def saturated(sample: Sample, part: Part) -> str:
        """Name what is at its limit; empty if nothing is."""
        found = [
            f"{what} (limit {limit:.3g} {unit}, raise {what}_range)"
            for what, vector, limit, unit in (
                ("gyroscope", sample.angular_velocity, part.gyroscope_limit, "rad/s"),
                ("accelerometer", sample.linear_acceleration, part.accelerometer_limit, "m/s²"),
            )
            if _at_limit(vector, limit)
        ]
        return " and ".join(found)


def variance(vector: Vector, limit: float, noise: float) -> float:
    """
    Return the variance of each axis of a measurement; a saturated one says little.

    :param limit: at which the part saturates, in the unit of the measurement.
    :param noise: standard deviation, in the same unit.
    """
    return (limit if _at_limit(vector, limit) else noise) ** 2


def _at_limit(vector: Vector, limit: float) -> bool:
    return math.isfinite(limit) and max(map(abs, vector)) >= _NEARLY * limit
