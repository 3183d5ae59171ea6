"""An IMU in the middle of a robot that drives a circle, with the errors of a real part."""

from __future__ import annotations

from collections.abc import Iterator
import functools
import itertools

import numpy as np

from edge_perception.core.gravity import GRAVITY
from edge_perception.core.imu.source import ImuRequest, ImuSource, Part, Sample
from edge_perception.core.rotation import vector
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.drive import began, Drive, is_simulated, read_drive
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.imu.errors import ImuErrorModel, MPU6050
from edge_perception.drivers.imu.measured import batch
from edge_perception.drivers.paced import Paced

_USUAL_RATE = 200.0
_BLOCK = 50
"""Measurements that are simulated at once, which takes hardly longer than one."""


def samples(drive: Drive, rate: float) -> Iterator[tuple[int, Sample]]:
    """Yield times [ns] and what the IMU measures then, for ever."""
    errors = ImuErrorModel(MPU6050, round(drive.seed))
    for begin in itertools.count(step=_BLOCK):
        times = [count / rate for count in range(begin, begin + _BLOCK)]
        speeds = [drive.velocity(time) for time in times]
        turns = [speed * drive.curvature for speed in speeds]
        gyro, accel, there = errors.measure(
            np.array([(0.0, 0.0, turn) for turn in turns]),
            np.array(
                [
                    (drive.acceleration(time), speed * turn, GRAVITY)
                    for time, speed, turn in zip(times, speeds, turns, strict=True)
                ]
            ),
            1 / rate,
        )
        for index in np.flatnonzero(there).tolist():
            stamp = round(times[index] * SECOND)
            yield stamp, Sample(stamp, vector(gyro[index]), vector(accel[index]))


def open_simulated(spec: str, request: ImuRequest, clock: Clock | None = None) -> ImuSource:
    """
    Open simulated[:KEY=VALUE,...].

    :raises SourceError: if a value can't be used.
    """
    rate = request.rate or _USUAL_RATE
    part = Part(
        MPU6050.gyro.limit,
        MPU6050.accel.limit,
        MPU6050.gyro.noise * rate**0.5,
        MPU6050.accel.noise * rate**0.5,
    )
    make = functools.partial(batch, part)
    drive = read_drive(spec)
    begin = None if clock else began()
    return Paced(
        "simulated IMU",
        rate,
        samples(drive, rate),
        make,
        clock or SystemClock(),
        begin,
        request.delay,
    )


DRIVER = Driver("simulated[:KEY=VALUE,...]", is_simulated, open_simulated)
