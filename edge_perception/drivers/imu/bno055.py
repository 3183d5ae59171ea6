"""
Bosch BNO055 on an I2C bus, with its own orientation from gyroscope and accelerometer.

Its magnetometer is left out (mode IMUPLUS): near motors and in houses it lies. So yaw counts from
where the part was switched on. Registers as in BST-BNO055-DS000.
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.gravity import GRAVITY
from edge_perception.core.imu.source import Batch, ImuRequest, ImuSource, Part, Sample
from edge_perception.core.rotation import vector
from edge_perception.core.source import SourceError
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.i2c import address, I2cDevice, open_bus, OpenBus

CHIP_ID, DATA, SELF_TEST, STATUS = 0x00, 0x08, 0x36, 0x39
UNITS, MODE, POWER, TRIGGER = 0x3B, 0x3D, 0x3E, 0x3F

ANSWER = 0xA0
"""What the part answers to `CHIP_ID`."""
_CONFIGURE, _IMU_PLUS = 0x00, 0x08
_SI_UNITS = 0x02  # m/s² and rad/s
_RESET = 0x20
_START_TIME = 0.65
_MODE_TIME = 0.02
_TESTED = {0x01: "accelerometer", 0x04: "gyroscope", 0x08: "processor"}
_SYSTEM_ERROR = 1
_LSB_ACCELERATION, _LSB_TURNING, _LSB_QUATERNION = 100.0, 900.0, 16384.0
_PART = Part(
    gyroscope_limit=math.radians(2000),
    accelerometer_limit=4 * GRAVITY,
    gyroscope_noise=math.radians(0.014) * math.sqrt(32 * 1.57),
    accelerometer_noise=150e-6 * GRAVITY * math.sqrt(62.5 * 1.57),
    orientation_noise=math.radians(1.0),
)
"""Ranges and bandwidths that the part sets itself in this mode; noise from the data sheet."""


class Bno055:
    """A part that fuses."""

    live = True
    rate = 100.0

    def __init__(self, device: I2cDevice, clock: Clock) -> None:
        """
        Identify, reset, test and start the part.

        :raises SourceError: if it is another part, does not answer, or is damaged.
        """
        self._device = device
        self._clock = clock
        self._due = 0
        self._identify()
        self._device.write(MODE, _CONFIGURE)
        self._clock.sleep(_MODE_TIME)
        self._reset()
        passed = self._device.read(SELF_TEST)[0]
        broken = [name for bit, name in _TESTED.items() if not passed & bit]
        if broken:
            raise SourceError(
                f"the self-test of {self.describe()} fails: {', '.join(broken)}; switch it off "
                "and on, and replace it if that does not help"
            )
        self._device.write(POWER, 0)
        self._device.write(UNITS, _SI_UNITS)
        self._device.write(MODE, _IMU_PLUS)
        self._clock.sleep(_MODE_TIME)

    def describe(self) -> str:
        """Return part and place."""
        return f"BNO055 ({self._device.place})"

    def read(self, timeout: float) -> Batch | None:
        """Return the next measurement, when the part has computed it."""
        period = round(SECOND / self.rate)
        now = self._clock.monotonic()
        wait = self._due - now
        if wait > timeout * SECOND:
            self._clock.sleep(timeout)
            return None
        if wait > 0:
            self._clock.sleep(wait / SECOND)
            now = self._due
        missed = (now - self._due) // period if self._due else 0
        self._due = (self._due or now) + (missed + 1) * period
        raw = np.frombuffer(self._device.read(DATA, 32), "<i2")
        accelerometer, gyroscope, fused = raw[:3], raw[6:9], raw[12:16] / _LSB_QUATERNION
        if not fused.any():
            self._complain()
            return None
        w, x, y, z = fused.tolist()
        sample = Sample(
            self._clock.time(),
            vector(gyroscope / _LSB_TURNING),
            vector(accelerometer / _LSB_ACCELERATION),
            (x, y, z, w),
        )
        return Batch([sample], _PART, missed)

    def close(self) -> None:
        """Close the bus."""
        self._device.close()

    def _identify(self) -> None:
        answer = self._device.read(CHIP_ID)[0]
        if answer != ANSWER:
            raise SourceError(
                f"what is on {self._device.place} has the chip ID 0x{answer:02x}, expected "
                f"0x{ANSWER:02x} of a BNO055; check the address (0x28 or 0x29)"
            )

    def _reset(self) -> None:
        """Reset, and wait for the part's own test; it does not answer meanwhile."""
        self._device.write(TRIGGER, _RESET)
        self._clock.sleep(_START_TIME)
        for attempt in range(10):
            try:
                self._identify()
                return
            except SourceError:
                if attempt == 9:
                    raise
                self._clock.sleep(0.05)

    def _complain(self) -> None:
        """Raise what the part says of itself when it gives no orientation."""
        status, error = self._device.read(STATUS, 2)
        if status == _SYSTEM_ERROR:
            raise SourceError(f"{self.describe()} reports system error {error}; it is reset")


def open_bno055(
    spec: str, request: ImuRequest, open_it: OpenBus = open_bus, clock: Clock | None = None
) -> ImuSource:
    """
    Open bno055:BUS[:ADDRESS].

    :param request: is not asked: in this mode the part chooses rate and ranges.
    :raises SourceError: if that is not possible.
    """
    bus, place = address(spec, "bno055", 0x28)
    device = I2cDevice("the BNO055", bus, place, open_it)
    try:
        return Bno055(device, clock or SystemClock())
    except SourceError:
        device.close()
        raise


DRIVER = Driver("bno055:BUS[:ADDRESS]", lambda spec: spec.split(":")[0] == "bno055", open_bno055)
