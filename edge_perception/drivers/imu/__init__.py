"""Inertial sensors: parts, logs and a simulation."""

from __future__ import annotations

from edge_perception.core.imu.source import ImuRequest, ImuSource
from edge_perception.drivers.driver import choose
from edge_perception.drivers.imu import bno055, log, mpu, serial_line, simulated

DRIVERS = (mpu.DRIVER, bno055.DRIVER, serial_line.DRIVER, simulated.DRIVER, log.DRIVER)
"""All IMU drivers; the first one that accepts a source opens it."""


def open_imu(spec: str, request: ImuRequest | None = None) -> ImuSource:
    """
    Open an IMU.

    :param spec: e.g. "mpu:1", "bno055:1:0x29", "serial:imu.yaml", "drive.csv", "simulated".
    :param request: rate and ranges.
    :raises SourceError: if it is none of these or can't be opened.
    """
    return choose(DRIVERS, "IMU", spec, request or ImuRequest())
