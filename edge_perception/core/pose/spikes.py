"""Readings of an IMU that leap away and come back are no motion: they are left out."""

from __future__ import annotations

import math

from edge_perception.core.pose.measurements import Inertial
from edge_perception.core.stamps import SECOND

_SENSORS = (("gyroscope", "rad/s"), ("accelerometer", "m/s²"))
_PACES = (50.0, 500.0)
"""The change of these two [unit/s] up to which it is motion, whatever is usual."""
_SHORTEST, _LONGEST = 0.002, 0.02
"""Seconds between readings, as far as they allow for a change."""
_TIMES_USUAL = 8.0
"""Times the usual change of a noisy sensor that noise does not reach."""
_LEARN = 1.05
_LEAST = (5e-4 * _PACES[0], 5e-4 * _PACES[1])
"""Usual changes [unit/s] below which it need not be known how small they are."""
_MOST_WITNESSES = 10
_FORGOTTEN = SECOND // 2
"""Nanoseconds after which nobody can confirm a reading."""


class Spikes:
    """
    Lets readings wait that leap, until those that follow say the same.

    The farther it leaps the more readings have to agree with it, since neither a robot nor what it
    runs into gets fast in no time. Steps that are confirmed are used with the stamps that they
    have, so that nothing of them is lost.

    :ivar left_out: says what was left out at the last reading; empty if nothing.
    """

    def __init__(self) -> None:
        self.left_out = ""
        self._last: Inertial | None = None
        self._usual = _LEAST
        self._waiting: list[Inertial] = []
        self._needed = 0

    def pass_on(self, reading: Inertial) -> list[Inertial]:
        """Record a reading, and return those that can be relied upon, oldest first."""
        self.left_out = ""
        if self._waiting and abs(reading.stamp - self._waiting[-1].stamp) > _FORGOTTEN:
            self._waiting = []  # the clock was set, or there was silence
        last, waiting = self._last, self._waiting
        if last is None:
            self._last = reading
            return [reading]
        before = waiting[-1] if waiting else last
        changes = _changes(before, reading)
        leap = self._leap(changes, reading.stamp - before.stamp)
        self._learn(changes)
        if not waiting and leap <= 1:
            self._last = reading
            return [reading]
        if waiting and leap <= 1:
            waiting.append(reading)
            if len(waiting) <= self._needed:
                return []
            self._last, self._waiting = reading, []
            return waiting
        back = self._leap(_changes(last, reading), reading.stamp - last.stamp)
        if waiting and back <= 1:
            self.left_out = _described(last, waiting)
            self._last, self._waiting = reading, []
            return [reading]
        self._waiting = [reading]
        self._needed = min(_MOST_WITNESSES, math.ceil(back))
        return []

    def _leap(self, changes: tuple[float, float], nanoseconds: int) -> float:
        """Return changes between two readings as a multiple of what may be."""
        interval = min(max(abs(nanoseconds) / SECOND, _SHORTEST), _LONGEST)
        (gyro, accel), (usual_gyro, usual_accel), (turn, push) = changes, self._usual, _PACES
        return max(
            gyro / max(_TIMES_USUAL * usual_gyro, turn * interval),
            accel / max(_TIMES_USUAL * usual_accel, push * interval),
        )

    def _learn(self, changes: tuple[float, float]) -> None:
        """Follow the median of changes, which spikes do not move."""
        (gyro, accel), (usual_gyro, usual_accel) = changes, self._usual
        self._usual = (
            max(usual_gyro * _LEARN if gyro > usual_gyro else usual_gyro / _LEARN, _LEAST[0]),
            max(usual_accel * _LEARN if accel > usual_accel else usual_accel / _LEARN, _LEAST[1]),
        )


def _changes(one: Inertial, other: Inertial) -> tuple[float, float]:
    """Return by how much the axis that changed most did: gyroscope, accelerometer."""
    # written out, as it is asked for each of thousands of readings
    _, (wx, wy, wz), (ax, ay, az), _ = one
    _, (ox, oy, oz), (bx, by, bz), _ = other
    return (
        max(abs(wx - ox), abs(wy - oy), abs(wz - oz)),
        max(abs(ax - bx), abs(ay - by), abs(az - bz)),
    )


def _described(last: Inertial, spike: list[Inertial]) -> str:
    """Return what readings of a spike hold, of the sensor that leapt farther."""
    leaps = [change / pace for change, pace in zip(_changes(last, spike[0]), _PACES, strict=True)]
    name, unit = _SENSORS[leaps.index(max(leaps))]
    before, during = (
        (last.gyro, spike[0].gyro) if name == "gyroscope" else (last.accel, spike[0].accel)
    )
    axis = max(range(3), key=lambda index: abs(during[index] - before[index]))
    count = f"{len(spike)} reading{'s' * (len(spike) > 1)}"
    return (
        f"the {name} leaps from {before[axis]:.3g} to {during[axis]:.4g} {unit} and back on its "
        f"{'xyz'[axis]} axis: {count} left out"
    )
