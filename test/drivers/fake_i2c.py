"""An I2C bus with emulated parts: registers, FIFO, time that passes, and failures."""

from __future__ import annotations

import errno
import math
import struct

GRAVITY = 9.80665
EPOCH = 1_700_000_000_000_000_000


class FakeClock:
    """Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 10_000_000_000

    def time(self) -> int:
        return EPOCH + self.now

    def monotonic(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += max(1, round(seconds * 1e9))


class FakeBus:
    """
    Like smbus2.SMBus.

    :ivar failures: errno of the transfers to come, one each; 0: that one succeeds.
    :ivar gone: whether nothing answers.
    """

    def __init__(self, address: int, part: FakeMpu | FakeBno055) -> None:
        self.address, self.part = address, part
        self.failures: list[int] = []
        self.gone = False
        self.closed = 0

    def open(self, number: int) -> FakeBus:
        if number != 1:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return self

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        assert 0 < length <= 32, "an SMBus block has 32 bytes"
        self._transfer(i2c_addr)
        return list(self.part.read(register, length))

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        assert 0 <= value <= 255
        self._transfer(i2c_addr)
        self.part.write(register, value)

    def close(self) -> None:
        self.closed += 1

    def _transfer(self, address: int) -> None:
        failure = self.failures.pop(0) if self.failures else 0
        if self.gone or address != self.address or not self.part.answers():
            failure = errno.EREMOTEIO
        if failure:
            raise OSError(failure, "Remote I/O error")


class FakeMpu:
    """An MPU-6050 (who-am-I 0x68) or a later part."""

    def __init__(self, clock: FakeClock, who: int = 0x68) -> None:
        self.clock = clock
        self.who = who
        self.old = who == 0x68
        self.turning = (0.0, 0.0, 0.0)
        self.pushing = (0.0, 0.0, GRAVITY)
        self.health = 1.0
        self.measured = 0
        self.resets = 0
        self._reset()
        self.resets = 0

    def answers(self) -> bool:
        return True

    def read(self, register: int, length: int) -> bytes:
        self._live()
        if register == 0x74:
            data, self.fifo = self.fifo[:length], self.fifo[length:]
            return bytes(data).ljust(length, b"\xff")
        if register == 0x72:
            return struct.pack(">H", len(self.fifo))
        if register == 0x3B:
            x, y, z, *gyroscope = self._digits()
            return struct.pack(">7h", x, y, z, 0, *gyroscope)[:length]
        data = bytes(self.registers[register + offset] for offset in range(length))
        if register == 0x3A:
            self.registers[0x3A] = 0
        return data

    def write(self, register: int, value: int) -> None:
        self._live()
        if register == 0x6B and value & 0x80:
            self._reset()
            return
        if register == 0x6A and value & 0x04:
            self.fifo = bytearray()
            value &= ~0x04
        self.registers[register] = value

    def _reset(self) -> None:
        self.resets += 1
        self.registers = bytearray(128)
        self.registers[0x6B] = 0x40  # asleep
        self.registers[0x75] = self.who
        for register in range(0x0D, 0x10):
            self.registers[register] = 0x8A if self.old else 100
        for register in range(0x03):
            self.registers[register] = 0 if self.old else 100
        self.registers[0x10] = 0x15 if self.old else 0
        self.fifo = bytearray()
        self.since = self.clock.now

    def _live(self) -> None:
        """Measure what would have been measured since the last look."""
        period = 1_000_000 * (1 + self.registers[0x19])
        count, self.since = (
            (self.clock.now - self.since) // period,
            (self.clock.now - (self.clock.now - self.since) % period),
        )
        awake = self.registers[0x6B] == 0x01
        if not (awake and self.registers[0x6A] & 0x40 and self.registers[0x23] == 0x78):
            return
        for _ in range(count):
            self.fifo += struct.pack(">6h", *self._digits())
            self.measured += 1
        size = 1024 if self.old else 512
        if len(self.fifo) > size:
            self.registers[0x3A] |= 0x10
            self.fifo = self.fifo[-size:]

    def _digits(self) -> list[int]:
        gyroscope, accelerometer = self.registers[0x1B], self.registers[0x1C]
        reach = 2 * 2 ** (accelerometer >> 3 & 3) * GRAVITY
        turn = math.radians(250 * 2 ** (gyroscope >> 3 & 3))
        found = [value / reach * 32768 for value in self.pushing]
        found += [value / turn * 32768 for value in self.turning]
        if accelerometer & 0xE0 == 0xE0:
            for axis, response in enumerate(self._trim()[:3]):
                found[axis] += response * self.health
        if gyroscope & 0xE0 == 0xE0:
            for axis, response in enumerate(self._trim()[3:]):
                found[3 + axis] += response * self.health
        return [max(-32768, min(32767, round(value))) for value in found]

    def _trim(self) -> list[float]:
        """Return the factory's response, computed by hand from the data sheet's formulas."""
        if not self.old:
            return [2620 * 1.01**99] * 6
        # 0x8A: accelerometer code 0b100 and two low bits 0b01 = 17, gyroscope code 10
        accelerometer = 4096 * 0.34 * (0.92 / 0.34) ** (16 / 30)
        gyroscope = 25 * 131 * 1.046**9
        return [accelerometer] * 3 + [gyroscope, -gyroscope, gyroscope]


class FakeBno055:
    """A BNO055 that fuses at 100 Hz and does not answer for 650 ms after a reset."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.turning = (0.0, 0.0, 0.0)
        self.pushing = (0.0, 0.0, 9.81)
        self.orientation = (1.0, 0.0, 0.0, 0.0)  # w x y z
        self.chip = 0xA0
        self.tested = 0x0F
        self.error = 0
        self.mode, self.units, self.busy_until = 0, 0x80, 0

    def answers(self) -> bool:
        return self.clock.now >= self.busy_until

    def read(self, register: int, length: int) -> bytes:
        if register == 0x08:
            fusing = self.mode == 0x08 and not self.error
            scale = 900 if self.units & 2 else 16 * 180 / math.pi
            values = [
                *(round(value * 100) for value in self.pushing),
                *(0, 0, 0),
                *(round(value * scale) for value in self.turning),
                *(0, 0, 0),
                *(round(value * 16384) if fusing else 0 for value in self.orientation),
            ]
            return struct.pack("<16h", *values)[:length]
        known = {0x00: self.chip, 0x36: self.tested, 0x39: 1 if self.error else 5}
        known[0x3A] = self.error
        return bytes(known.get(register + offset, 0) for offset in range(length))

    def write(self, register: int, value: int) -> None:
        if register == 0x3F and value & 0x20:
            self.busy_until = self.clock.now + 650_000_000
            self.mode, self.units, self.error = 0, 0x80, 0
        elif register == 0x3D:
            self.mode = value
        elif register == 0x3B:
            assert self.mode == 0, "units can be set in configuration mode only"
            self.units = value
