"""
The drive of the simulated robot, the same for its IMU and its wheels: a circle.

It stands still, speeds up within a second, and drives on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
import functools
import math

from edge_perception.core.source import SourceError
from edge_perception.drivers.clock import SystemClock

KIND = "simulated"
_RAMP = 1.0
"""Seconds in which the robot speeds up."""


@dataclass(frozen=True)
class Drive:
    """
    A drive.

    :ivar radius: of the circle, to the left [m]; 0: straight ahead.
    :ivar speed: [m/s].
    :ivar still: seconds before it starts.
    :ivar seed: of the random errors.
    """

    radius: float = 1.0
    speed: float = 0.5
    still: float = 2.0
    seed: float = 1.0

    def driven(self, time: float) -> float:
        """Return the distance driven [m] at a time [s]."""
        moving = max(0.0, time - self.still)
        ramp = min(moving, _RAMP)
        return self.speed * (ramp * ramp / _RAMP / 2 + moving - ramp)

    def velocity(self, time: float) -> float:
        """Return the velocity [m/s]."""
        return self.speed * min(1.0, max(0.0, time - self.still) / _RAMP)

    def acceleration(self, time: float) -> float:
        """Return the acceleration forward [m/s²]."""
        return self.speed / _RAMP if 0 <= time - self.still < _RAMP else 0.0

    @property
    def curvature(self) -> float:
        """Return by how much it turns to the left [rad/m]."""
        return 1 / self.radius if self.radius else 0.0


def is_simulated(spec: str) -> bool:
    """Return whether a source is a simulation."""
    return spec.split(":")[0] == KIND


def read_drive(spec: str) -> Drive:
    """
    Read "simulated[:KEY=VALUE,...]".

    :raises SourceError: if a key is unknown or a value no number.
    """
    known = [field.name for field in fields(Drive)]
    values = {}
    for part in spec.partition(":")[2].split(","):
        if not part:
            continue
        key, _, value = part.partition("=")
        try:
            values[key] = float(value)
        except ValueError:
            values[key] = math.nan
        if key not in known or not math.isfinite(values[key]):
            raise SourceError(
                f"{part!r} in {spec!r} can't be used; write e.g. simulated:radius=1,speed=0.5 "
                f"with numbers for {', '.join(known)}"
            )
    return Drive(**values)


@functools.cache
def began() -> int:
    """Return when the robot of this process began to exist, by the monotonic clock [ns]."""
    return SystemClock().monotonic()
