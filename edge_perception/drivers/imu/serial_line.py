"""IMUs that send lines of text over a serial port."""

from __future__ import annotations

from pathlib import Path

from edge_perception.core.imu.source import Batch, ImuRequest, ImuSource, Part
from edge_perception.drivers import columns
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.imu.measured import sample
from edge_perception.drivers.serial_lines import Lines, read_format, SerialDevice

_PREFIX = "serial:"


def _open(spec: str, request: ImuRequest) -> ImuSource:
    path = Path(spec.removeprefix(_PREFIX))
    form = read_format(path, {**columns.TIME, **columns.IMU}, columns.IMU_REQUIRED)
    return SerialDevice("IMU", form, _batch)


def _batch(lines: Lines) -> Batch:
    return Batch([sample(stamp, numbers) for stamp, numbers in lines], Part())


DRIVER = Driver("serial:FORMAT.yaml", lambda spec: spec.startswith(_PREFIX), _open)
