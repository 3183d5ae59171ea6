"""The wheels of a robot that drives a circle, in ticks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import math

from edge_perception.core.stamps import SECOND
from edge_perception.core.wheels.source import WheelReading, WheelRequest, WheelSource
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.drive import began, Drive, is_simulated, read_drive
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.paced import Paced

Counts = Mapping[str, float]


def _turned(drive: Drive, request: WheelRequest, time: float) -> dict[str, float]:
    """Return what each wheel has turned by and where a steering stands [rad], by encoder."""
    size = request.size
    way = drive.driven(time) / size.wheel_radius
    lever = (size.track + (size.wheelbase if request.geometry.sideways else 0.0)) / 2
    angles = {"steering": math.atan(size.wheelbase * drive.curvature)}
    for side, sign in (("left", -1), ("right", 1)):
        turned = way * (1 + sign * drive.curvature * lever)
        angles |= {side: turned, f"front {side}": turned, f"rear {side}": turned}
    return angles


def counts(drive: Drive, request: WheelRequest) -> Iterator[tuple[int, Counts]]:
    """Yield times [ns] and the counters then, for ever."""
    count = 0
    while True:
        time = count / request.rate
        count += 1
        turned = _turned(drive, request, time)
        yield (
            round(time * SECOND),
            {
                joint: turned[encoder]
                if encoder == "steering"
                else float(math.floor(turned[encoder] * request.ticks_per_radian))
                for joint, encoder in zip(request.joints, request.geometry.encoders, strict=True)
            },
        )


def _readings(items: list[tuple[int, Counts]], lost: int) -> Sequence[WheelReading]:
    return [WheelReading(stamp, values) for stamp, values in items]


def open_simulated(spec: str, request: WheelRequest, clock: Clock | None = None) -> WheelSource:
    """
    Open simulated[:KEY=VALUE,...].

    :raises SourceError: if a value can't be used.
    """
    drive = read_drive(spec)
    begin = None if clock else began()
    return Paced(
        "simulated wheels",
        request.rate,
        counts(drive, request),
        _readings,
        clock or SystemClock(),
        begin,
    )


DRIVER = Driver("simulated[:KEY=VALUE,...]", is_simulated, open_simulated)
