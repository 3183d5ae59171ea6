"""Motor controllers that send the counters of their encoders as lines over a serial port."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_perception.core.wheels.source import WheelReading, WheelRequest, WheelSource
from edge_perception.drivers import columns
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.serial_lines import Lines, read_format, SerialDevice

_PREFIX = "serial:"
_UNITS = {"ticks": 1.0, "rad": 1.0}


def _open(spec: str, request: WheelRequest) -> WheelSource:
    known = {**columns.TIME, **dict.fromkeys(request.joints, _UNITS)}
    form = read_format(Path(spec.removeprefix(_PREFIX)), known, request.joints)
    return SerialDevice("wheels", form, _readings)


def _readings(lines: Lines) -> Sequence[WheelReading]:
    return [WheelReading(stamp, numbers) for stamp, numbers in lines]


DRIVER = Driver("serial:FORMAT.yaml", lambda spec: spec.startswith(_PREFIX), _open)
