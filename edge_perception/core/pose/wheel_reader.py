"""From messages of wheel odometry to measurements: what can't be true is refused, and named."""

from __future__ import annotations

import math

from edge_perception.core.plausible import FASTEST_TURN
from edge_perception.core.pose.measurements import Axis, Wheels
from edge_perception.core.pose.parameters import Configuration
from edge_perception.core.pose.readings import check_frame, ReadingError, stamp_of
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import Odometry

_TWIST_DIAGONAL = (0, 7, 14, 35)
_INPUT_PARAMETERS = ("speed_noise", "speed_noise", "speed_noise", "turn_noise")
_VARIANCES = 1e-10, 1e6
"""Variances below and above are not meant: no wheel is so good, and so bad says nothing."""


class WheelReader:
    """
    Reads the wheels' messages.

    :ivar warning: what is doubtful about the message that was read last; empty if nothing is.
    """

    def __init__(self, topic: str, configuration: Configuration) -> None:
        self.warning = ""
        self._topic = topic
        self._frame = configuration.given.text("base_frame")
        self._axes = configuration.settings.wheel_axes
        self._fastest = configuration.given.number("max_speed")
        self._default = [configuration.given.number(name) ** 2 for name in _INPUT_PARAMETERS]
        self._last: tuple[int, float, float] | None = None
        self._jumps: list[int] = []

    def read(self, message: Odometry, now: int) -> Wheels:
        """
        Return the measurement.

        :raises ReadingError: if there is none.
        """
        self.warning = ""
        stamp = stamp_of(message, self._topic, now)
        check_frame(message.child_frame_id, self._frame, self._topic, "base_frame", "child_")
        twist = message.twist.twist
        twists = (twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z)
        velocity = [0.0] * 4
        for axis in self._axes:
            velocity[axis] = self._checked(axis, twists[axis])
        self._check_publishers(message, stamp)
        return Wheels(stamp, tuple(velocity), self._variances(message))

    def _checked(self, axis: Axis, value: float) -> float:
        """Return a component of the twist if it can be true."""
        if not math.isfinite(value):
            raise ReadingError(
                f"the twist of {self._topic} holds NaN or infinity; check the encoders and the "
                "parameters of the wheel odometry, e.g. a wheel radius or track of 0"
            )
        limit, unit = (FASTEST_TURN, "rad/s") if axis is Axis.WZ else (self._fastest, "m/s")
        if abs(value) > limit:
            raise ReadingError(
                f"the twist of {self._topic} says {value:.4g} {unit} for {axis.name.lower()}, but "
                f"the robot never exceeds {limit:g} {unit}; check the encoders, or raise max_speed"
            )
        return value

    def _variances(self, message: Odometry) -> tuple[float, ...]:
        diagonal = [float(message.twist.covariance[place]) for place in _TWIST_DIAGONAL]
        for axis in self._axes:
            if not 0 < diagonal[axis] < math.inf:
                name = _INPUT_PARAMETERS[axis]
                self.warning = (
                    f"the twist of {self._topic} has the variance {diagonal[axis]:g} for "
                    f"{Axis(axis).name.lower()}, which must be above 0; {name} is used instead: "
                    "let the wheel odometry fill it in"
                )
        return tuple(
            min(max(value, _VARIANCES[0]), _VARIANCES[1]) if 0 < value < math.inf else default
            for value, default in zip(diagonal, self._default, strict=True)
        )

    def _check_publishers(self, message: Odometry, stamp: int) -> None:
        """Notice poses that jump to and fro, as those of two publishers do."""
        place = message.pose.pose.position
        last, self._last = self._last, (stamp, place.x, place.y)
        if last is None:
            return
        seconds = abs(stamp - last[0]) / SECOND
        speed = math.hypot(message.twist.twist.linear.x, message.twist.twist.linear.y)
        if math.hypot(place.x - last[1], place.y - last[2]) > 0.2 + 2 * speed * seconds:
            self._jumps.append(stamp)
        self._jumps = [jump for jump in self._jumps[-4:] if abs(stamp - jump) < SECOND]
        if len(self._jumps) >= 3:
            self.warning = (
                f"the pose of {self._topic} jumps to and fro: two publishers seem to use this "
                "topic; end one of them, or give it another topic"
            )
