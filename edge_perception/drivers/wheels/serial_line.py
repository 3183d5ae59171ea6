"""Motor controllers that send the counters of their encoders as lines over a serial port."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_perception.core.wheels.source import Reading, WheelSource, WheelWish
from edge_perception.drivers import columns
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.serial_lines import Lines, read_format, SerialDevice

_PREFIX = "serial:"
_UNITS = {"ticks": 1.0, "rad": 1.0}


def _open(spec: str, wish: WheelWish) -> WheelSource:
    known = {**columns.TIME, **dict.fromkeys(wish.joints, _UNITS)}
    form = read_format(Path(spec.removeprefix(_PREFIX)), known, wish.joints)
    return SerialDevice("wheels", form, _readings)


def _readings(lines: Lines) -> Sequence[Reading]:
    return [Reading(stamp, numbers) for stamp, numbers in lines]


DRIVER = Driver("serial:FORMAT.yaml", lambda spec: spec.startswith(_PREFIX), _open)
