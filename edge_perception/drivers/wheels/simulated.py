"""The wheels of a robot that drives a circle, in ticks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import math

from edge_perception.core.stamps import SECOND
from edge_perception.core.wheels.source import Reading, WheelSource, WheelWish
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.drive import began, Drive, is_simulated, read_drive
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.paced import Paced

Counts = Mapping[str, float]


def _turned(drive: Drive, wish: WheelWish, time: float) -> dict[str, float]:
    """Return what each wheel has turned by and where a steering stands [rad], by encoder."""
    size = wish.size
    way = drive.driven(time) / size.wheel_radius
    lever = (size.track + (size.wheelbase if wish.geometry.sideways else 0.0)) / 2
    angles = {"steering": math.atan(size.wheelbase * drive.curvature)}
    for side, sign in (("left", -1), ("right", 1)):
        turned = way * (1 + sign * drive.curvature * lever)
        angles |= {side: turned, f"front {side}": turned, f"rear {side}": turned}
    return angles


def counts(drive: Drive, wish: WheelWish) -> Iterator[tuple[int, Counts]]:
    """Give times [ns] and the counters then, for ever."""
    count = 0
    while True:
        time = count / wish.rate
        count += 1
        turned = _turned(drive, wish, time)
        yield (
            round(time * SECOND),
            {
                joint: turned[encoder]
                if encoder == "steering"
                else float(math.floor(turned[encoder] * wish.ticks_per_radian))
                for joint, encoder in zip(wish.joints, wish.geometry.encoders, strict=True)
            },
        )


def _readings(items: list[tuple[int, Counts]], lost: int) -> Sequence[Reading]:
    return [Reading(stamp, values) for stamp, values in items]


def open_simulated(spec: str, wish: WheelWish, clock: Clock | None = None) -> WheelSource:
    """
    Open simulated[:KEY=VALUE,...].

    :raises SourceError: if a value can't be used.
    """
    drive = read_drive(spec)
    begin = None if clock else began()
    return Paced(
        "simulated wheels",
        wish.rate,
        counts(drive, wish),
        _readings,
        clock or SystemClock(),
        begin,
    )


DRIVER = Driver("simulated[:KEY=VALUE,...]", is_simulated, open_simulated)
