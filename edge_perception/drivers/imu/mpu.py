"""
InvenSense MPU-6050, MPU-6500, MPU-9250 and MPU-9255 on an I2C bus.

Measurements are read from the part's FIFO, so that a computer that is late loses none, up to the
FIFO's length. Registers as in RM-MPU-6000A-00 and RM-MPU-9250A-00.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from edge_perception.drivers.imu import mpu_self_test

DIVIDER, FILTER, GYROSCOPE, ACCELEROMETER, ACCELEROMETER_FILTER = 0x19, 0x1A, 0x1B, 0x1C, 0x1D
FIFO_SELECT, INTERRUPTS, DATA, USER, POWER = 0x23, 0x3A, 0x3B, 0x6A, 0x6B
FIFO_COUNT, FIFO, WHO_AM_I = 0x72, 0x74, 0x75

_FILTER_42_HZ = 3
_RESET, _CLOCK_OF_GYROSCOPE = 0x80, 0x01
_FIFO_OF_BOTH = 0x78
_FIFO_ON, _FIFO_RESET = 0x40, 0x04
_OVERFLOW = 0x10
_INTERNAL_RATE = 1000
_FRAME = 12
"""Bytes of a measurement in the FIFO: accelerometer and gyroscope, x y z, big endian."""
_FRAMES_A_BLOCK = 2
_GYROSCOPE_RANGES = tuple(math.radians(250 * 2**step) for step in range(4))
_ACCELEROMETER_RANGES = tuple(GRAVITY * 2**step for step in range(1, 5))
_FULL_SCALE = 32768
_RESET_TIME = 0.1


@dataclass(frozen=True)
class MpuModel:
    """
    What differs between the parts.

    :ivar gyroscope_noise: at 42 Hz bandwidth [rad/s], from the data sheet.
    :ivar accelerometer_noise: at 42 Hz bandwidth [m/s²], from the data sheet.
    """

    name: str
    gyroscope_noise: float
    accelerometer_noise: float


_BANDWIDTH = math.sqrt(42 * 1.57)  # of white noise behind a first-order filter
_OLD = (math.radians(0.005) * _BANDWIDTH, 400e-6 * GRAVITY * _BANDWIDTH)
_NEW = (math.radians(0.01) * _BANDWIDTH, 300e-6 * GRAVITY * _BANDWIDTH)
MODELS = {
    0x68: MpuModel("MPU-6050", *_OLD),
    0x70: MpuModel("MPU-6500", *_NEW),
    0x71: MpuModel("MPU-9250", *_NEW),
    0x73: MpuModel("MPU-9255", *_NEW),
}
"""By what they answer to who-am-I."""


class Mpu:
    """A part that measures into its FIFO."""

    live = True

    def __init__(self, device: I2cDevice, request: ImuRequest, clock: Clock) -> None:
        """
        Identify, reset, test and start the part.

        :raises SourceError: if it is another part, does not answer, or is damaged.
        """
        self._device = device
        self._clock = clock
        self._model = self._identify()
        divider = min(255, max(0, round(_INTERNAL_RATE / request.rate) - 1)) if request.rate else 4
        self.rate = _INTERNAL_RATE / (divider + 1)
        self._period = SECOND / self.rate
        self._wanted = 1 + int(request.delay * self.rate)
        self._reset()
        if request.self_test:
            mpu_self_test.check(device, clock, self._model.name, self._model.name == "MPU-6050")
        gyroscope = _covering(_GYROSCOPE_RANGES, request.gyroscope_range)
        accelerometer = _covering(_ACCELEROMETER_RANGES, request.accelerometer_range)
        self._part = Part(
            _GYROSCOPE_RANGES[gyroscope],
            _ACCELEROMETER_RANGES[accelerometer],
            self._model.gyroscope_noise,
            self._model.accelerometer_noise,
        )
        device.write(DIVIDER, divider)
        device.write(FILTER, _FILTER_42_HZ)
        device.write(GYROSCOPE, gyroscope << 3)
        device.write(ACCELEROMETER, accelerometer << 3)
        if self._model.name != "MPU-6050":
            device.write(ACCELEROMETER_FILTER, _FILTER_42_HZ)
        device.write(FIFO_SELECT, _FIFO_OF_BOTH)
        self._restart_fifo()

    def describe(self) -> str:
        """Return part and place."""
        return f"{self._model.name} ({self._device.place})"

    def read(self, timeout: float) -> Batch | None:
        """Return what the FIFO holds, as soon as that is what may be waited for."""
        deadline = self._clock.monotonic() + round(timeout * SECOND)
        lost = 0
        while True:
            if self._device.read(INTERRUPTS)[0] & _OVERFLOW:
                lost += self._recover()
            count = int.from_bytes(self._device.read(FIFO_COUNT, 2), "big") // _FRAME
            left = deadline - self._clock.monotonic()
            if count >= self._wanted or (count and left <= 0):
                return self._fetch(count, lost)
            if left <= 0:
                return None
            self._clock.sleep(min(left, (self._wanted - count - 0.5) * self._period) / SECOND)

    def close(self) -> None:
        """Close the bus."""
        self._device.close()

    def _identify(self) -> MpuModel:
        answer = self._device.read(WHO_AM_I)[0]
        if answer not in MODELS:
            known = ", ".join(f"0x{code:02x} {model.name}" for code, model in MODELS.items())
            raise SourceError(
                f"what is on {self._device.place} answers 0x{answer:02x} to who-am-I, expected "
                f"one of {known}; check the address, or use the driver of that part"
            )
        self._device.name = MODELS[answer].name
        return MODELS[answer]

    def _reset(self) -> None:
        """Bring all registers to their defaults, and wake the part up."""
        self._device.write(POWER, _RESET)
        deadline = self._clock.monotonic() + round(_RESET_TIME * 10 * SECOND)
        self._clock.sleep(_RESET_TIME)
        while self._device.read(POWER)[0] & _RESET:
            if self._clock.monotonic() > deadline:
                raise SourceError(
                    f"{self.describe()} does not end its reset; switch it off and on"
                )
            self._clock.sleep(_RESET_TIME)
        self._device.write(POWER, _CLOCK_OF_GYROSCOPE)
        self._clock.sleep(_RESET_TIME)  # the gyroscope starts to swing

    def _restart_fifo(self) -> None:
        self._device.write(USER, _FIFO_RESET)
        self._device.write(USER, _FIFO_ON)
        self._device.read(INTERRUPTS)  # which clears the overflow
        self._filled = self._clock.monotonic()

    def _recover(self) -> int:
        """Empty a FIFO that overflowed: where its measurements begin is unknown."""
        lost = round((self._clock.monotonic() - self._filled) / self._period)
        self._restart_fifo()
        return lost

    def _fetch(self, count: int, lost: int) -> Batch:
        now = self._clock.time()
        self._filled = self._clock.monotonic()
        data = b""
        for begin in range(0, count, _FRAMES_A_BLOCK):
            frames = min(_FRAMES_A_BLOCK, count - begin)
            data += self._device.read(FIFO, frames * _FRAME)
        raw = np.frombuffer(data, ">i2").reshape(count, 6) / _FULL_SCALE
        accelerometer = raw[:, :3] * self._part.accelerometer_limit
        gyroscope = raw[:, 3:] * self._part.gyroscope_limit
        samples = [
            Sample(
                now - round((count - 1 - index) * self._period), vector(turning), vector(pushing)
            )
            for index, (turning, pushing) in enumerate(zip(gyroscope, accelerometer, strict=True))
        ]
        return Batch(samples, self._part, lost)


def _covering(ranges: tuple[float, ...], wanted: float) -> int:
    """Return the smallest range that covers what is wanted, or the greatest."""
    fitting = (index for index, reach in enumerate(ranges) if reach >= wanted * 0.999)
    return next(fitting, len(ranges) - 1)


def open_mpu(
    spec: str, request: ImuRequest, open_it: OpenBus = open_bus, clock: Clock | None = None
) -> ImuSource:
    """
    Open mpu:BUS[:ADDRESS].

    :raises SourceError: if that is not possible.
    """
    bus, place = address(spec, "mpu", 0x68)
    device = I2cDevice("the MPU", bus, place, open_it)
    try:
        return Mpu(device, request, clock or SystemClock())
    except SourceError:
        device.close()
        raise


DRIVER = Driver("mpu:BUS[:ADDRESS]", lambda spec: spec.split(":")[0] == "mpu", open_mpu)
