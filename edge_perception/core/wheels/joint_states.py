"""What joint states say of the wheels: angles, or velocities that add up to angles."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
import numpy.typing as npt

from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.core.wheels.source import WheelReading
from edge_perception.messages.types import JointState

_FOREIGN = 2 * SECOND
"""Nanoseconds without a joint of this robot's wheels after which their names must be wrong."""
_LONGEST = SECOND
"""Between two messages over which a velocity can't be taken as even."""
_LARGEST = 1e9
"""Angle [rad] that no wheel reaches."""
_SHOWN = 8


class JointStates:
    """
    Reads the wheels' joints out of a topic that may carry others, in messages of their own.

    A joint whose driver gives no angle, only a velocity, turns by the mean of its velocities.

    :ivar problem: why the last message gave no reading; empty if it did or was about others.
    """

    def __init__(self, joints: Sequence[str], steering: str) -> None:
        """
        Begin before the first message.

        :param joints: names of the wheels' joints, the steering included.
        :param steering: which of them must give its angle; empty: none.
        """
        self.problem = ""
        self._joints = joints
        self._steering = steering
        self._heard: int | None = None
        self._others: dict[str, None] = {}
        self._angles: dict[str, float] = {}
        self._velocities: dict[str, float] = {}
        self._stamp: int | None = None

    def read(self, message: JointState, now: int) -> WheelReading | None:
        """Return the angles [rad] of the wheels' joints; None if the message doesn't tell them."""
        self.problem = ""
        places = {name: place for place, name in enumerate(message.name)}
        found = [name for name in self._joints if name in places]
        if not found:
            self._hear_others(places, now)
            return None
        self._heard, self._others = now, {}
        missing = [name for name in self._joints if name not in places]
        if missing:
            self.problem = _missing(missing[0], places)
            return None
        stamp = nanoseconds(message.header.stamp) or now
        angles = {name: self._angle(name, places[name], message, stamp) for name in self._joints}
        unknown = next((name for name, angle in angles.items() if angle is None), None)
        if unknown is not None:
            self.problem = self._no_angle(unknown)
            return None
        self._stamp = stamp
        return WheelReading(
            stamp, {name: angle for name, angle in angles.items() if angle is not None}
        )

    def _hear_others(self, others: dict[str, int], now: int) -> None:
        """Let other joints be, unless there are none but others."""
        self._heard = now if self._heard is None or self._heard > now else self._heard
        self._others |= dict.fromkeys(others)
        if now - self._heard >= _FOREIGN:
            self.problem = _missing(self._joints[0], self._others)

    def _angle(self, name: str, place: int, message: JointState, stamp: int) -> float | None:
        angle = _at(message.position, place)
        if angle is not None:
            self._velocities.pop(name, None)
            self._angles[name] = angle
            return angle
        velocity = _at(message.velocity, place)
        known = name in self._angles and name not in self._velocities
        if velocity is None or known or name == self._steering:
            return None
        before = self._velocities.get(name, velocity)
        seconds = (stamp - self._stamp) / SECOND if self._stamp is not None else 0.0
        if not 0 < seconds < _LONGEST / SECOND:
            seconds = 0.0
        self._velocities[name] = velocity
        self._angles[name] = self._angles.get(name, 0.0) + 0.5 * (before + velocity) * seconds
        return self._angles[name]

    def _no_angle(self, name: str) -> str:
        if name == self._steering:
            return f"the steering {name!r} gives no angle; let its driver fill in its position"
        return (
            f"the joint {name!r} gives no number as its position (NaN, infinite or missing), and "
            "no velocity instead; look at its driver"
        )


def _at(values: npt.NDArray[np.float64], place: int) -> float | None:
    """Return a value if there is one that can be true."""
    if place >= len(values):
        return None
    value = float(values[place])
    return value if math.isfinite(value) and abs(value) < _LARGEST else None


def _missing(name: str, present: dict[str, int] | dict[str, None]) -> str:
    shown = ", ".join(list(present)[:_SHOWN]) or "none"
    more = f" and {len(present) - _SHOWN} more" if len(present) > _SHOWN else ""
    return f"there is no joint {name!r}, but {shown}{more}; set the parameter joints"
