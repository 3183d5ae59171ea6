"""
The self-test of the MPU parts: actuators move the sensors, and the response is compared.

What the response was in the factory is stored in each part. Formulas and limits as in the
registers' descriptions of MPU-6050 (14 % around it) and MPU-6500 and later (half of it at least).
"""

from __future__ import annotations

import numpy as np

from edge_perception.core.rotation import Array
from edge_perception.core.source import SourceError
from edge_perception.drivers.clock import Clock
from edge_perception.drivers.i2c import I2cDevice

_CONFIG, _GYROSCOPE, _ACCELEROMETER, _DATA = 0x1A, 0x1B, 0x1C, 0x3B
_OLD_TRIM, _NEW_GYROSCOPE_TRIM, _NEW_ACCELEROMETER_TRIM = 0x0D, 0x00, 0x0D
_ACTUATE = 0xE0
_EIGHT_G = 0x10
_SETTLE = 0.025
_COUNT = 20
_NAMES = [f"{what} {axis}" for what in ("accelerometer", "gyroscope") for axis in "xyz"]


def check(device: I2cDevice, clock: Clock, name: str, old: bool) -> None:
    """
    Test the part; it should not be shaken meanwhile. Its settings are changed.

    :param old: whether it is an MPU-6050.
    :raises SourceError: if an axis does not respond as it should.
    """
    accelerometer_range = _EIGHT_G if old else 0
    device.write(_CONFIG, 2)
    rest = _mean(device, clock, 0, accelerometer_range)
    moved = _mean(device, clock, _ACTUATE, _ACTUATE | accelerometer_range)
    trim = _old_trim(device) if old else _new_trim(device)
    response = moved - rest
    for axis, expected, received in zip(_NAMES, trim, response, strict=True):
        if not expected:
            continue  # the factory stored nothing for this axis
        ratio = received / expected
        low, high = (0.86, 1.14) if old else (0.5, 1.5)
        if "gyroscope" in axis and not old:
            high = np.inf
        if not low <= ratio <= high:
            raise SourceError(
                f"the self-test of {name} on {device.place} fails: its {axis} responds with "
                f"{ratio:.0%} of what it should; keep it still at the start, and replace it if "
                "that does not help"
            )


def _mean(device: I2cDevice, clock: Clock, gyroscope: int, accelerometer: int) -> Array:
    """Return what accelerometer and gyroscope measure, in digits."""
    device.write(_GYROSCOPE, gyroscope)
    device.write(_ACCELEROMETER, accelerometer)
    clock.sleep(_SETTLE)
    found = []
    for _ in range(_COUNT):
        raw = np.frombuffer(device.read(_DATA, 14), ">i2")
        found.append(np.concatenate([raw[:3], raw[4:]]))  # the fourth is the temperature
        clock.sleep(0.001)
    mean: Array = np.mean(found, axis=0)
    return mean


def _old_trim(device: I2cDevice) -> list[float]:
    x, y, z, low = device.read(_OLD_TRIM, 4)
    accelerometer = [(x >> 5 << 2) | low >> 4 & 3, (y >> 5 << 2) | low >> 2 & 3]
    accelerometer.append((z >> 5 << 2) | low & 3)
    gyroscope = [code & 0x1F for code in (x, y, z)]
    scale = [25 * 131, -25 * 131, 25 * 131]
    return [
        *(
            4096 * 0.34 * (0.92 / 0.34) ** ((code - 1) / 30) if code else 0
            for code in accelerometer
        ),
        *(
            k * 1.046 ** (code - 1) if code else 0
            for k, code in zip(scale, gyroscope, strict=True)
        ),
    ]


def _new_trim(device: I2cDevice) -> list[float]:
    codes = [*device.read(_NEW_ACCELEROMETER_TRIM, 3), *device.read(_NEW_GYROSCOPE_TRIM, 3)]
    return [2620 * 1.01 ** (code - 1) if code else 0 for code in codes]
