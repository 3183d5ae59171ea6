"""What the wheel odometry core expects of a driver, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_perception.core.source import Device
from edge_perception.core.wheels.geometry import Dimensions, Geometry


@dataclass(frozen=True)
class WheelRequest:
    """
    How wheels are to be read.

    :ivar joints: names of the encoders in the order of the geometry.
    :ivar rate: readings a second.
    :ivar ticks_per_radian: of a wheel.
    """

    joints: Sequence[str]
    rate: float
    ticks_per_radian: float
    size: Dimensions
    geometry: Geometry


@dataclass(frozen=True)
class WheelReading:
    """
    The counters at one time.

    :ivar stamp: when they were read, nanoseconds of system time.
    :ivar counts: by encoder; they may overflow.
    """

    stamp: int
    counts: Mapping[str, float]


WheelSource = Device[Sequence[WheelReading]]
OpenWheels = Callable[[str, WheelRequest], WheelSource]
