"""A device on an I2C bus: registers, errors that pass, and what the others mean."""

from __future__ import annotations

from collections.abc import Callable
import errno
from typing import Any, Protocol

from edge_perception.core.source import SourceError

_ATTEMPTS = 3
"""A disturbed transfer is repeated; a device that is gone does not come back that fast."""


class Bus(Protocol):
    """What is used of smbus2.SMBus; failures are OSError."""

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read bytes from a register on."""

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write a register."""

    def close(self) -> None:
        """Close the bus."""


OpenBus = Callable[[int], Bus]


def open_bus(number: int) -> Bus:
    """
    Open /dev/i2c-NUMBER.

    :raises SourceError: if smbus2 is not installed.
    """
    try:
        from smbus2 import SMBus
    except ImportError as error:
        raise SourceError("I2C needs the package smbus2: pip install smbus2") from error
    bus: Any = SMBus(number)
    return bus  # type: ignore[no-any-return]


class I2cDevice:
    """The registers of a device."""

    def __init__(self, name: str, bus: int, address: int, open_it: OpenBus) -> None:
        """
        Open the bus.

        :param name: of the device, for messages.
        :raises SourceError: if the bus can't be opened.
        """
        self._bus_number = bus
        self._address = address
        self.name = name
        try:
            self._bus: Bus | None = open_it(bus)
        except OSError as error:
            raise self.failure(error) from error

    @property
    def place(self) -> str:
        """Return where it is, for messages."""
        return f"i2c-{self._bus_number} at 0x{self._address:02x}"

    def read(self, register: int, length: int = 1) -> bytes:
        """
        Read registers, or the next bytes of a FIFO, at most 32.

        :raises SourceError: if the device does not answer.
        """
        bus = self._opened()
        return bytes(
            self._repeat(lambda: bus.read_i2c_block_data(self._address, register, length))
        )

    def write(self, register: int, value: int) -> None:
        """
        Write a register.

        :raises SourceError: if the device does not answer.
        """
        bus = self._opened()
        self._repeat(lambda: bus.write_byte_data(self._address, register, value))

    def close(self) -> None:
        """Close the bus."""
        bus, self._bus = self._bus, None
        if bus:
            bus.close()

    def failure(self, error: OSError) -> SourceError:
        """Return what an error means."""
        device = f"/dev/i2c-{self._bus_number}"
        reason = {
            errno.ENOENT: f"{device} is not there; enable I2C (raspi-config) or see ls /dev/i2c-*",
            errno.EACCES: f"{device} may not be opened; sudo usermod -aG i2c $USER, log in again",
            errno.EREMOTEIO: f"it does not answer; check wiring and power, and the address with "
            f"i2cdetect -y {self._bus_number}",
            errno.EBUSY: "a kernel driver uses it; unload that, or read its IIO device",
        }.get(error.errno or 0, f"the bus fails ({error.strerror}); check wiring and pull-ups")
        return SourceError(f"{self.name} on {self.place}: {reason}")

    def _opened(self) -> Bus:
        if self._bus is None:
            raise SourceError(f"{self.name} on {self.place} was closed")
        return self._bus

    def _repeat(self, transfer: Callable[[], Any]) -> Any:
        for attempt in range(_ATTEMPTS):
            try:
                return transfer()
            except OSError as error:
                if attempt == _ATTEMPTS - 1:
                    raise self.failure(error) from error
        raise AssertionError


def address(spec: str, kind: str, default: int) -> tuple[int, int]:
    """
    Read "KIND:BUS[:ADDRESS]".

    :returns: bus and address.
    :raises SourceError: if it is none.
    """
    parts = spec.split(":")[1:]
    try:
        bus = int(parts[0])
        place = int(parts[1], 0) if len(parts) > 1 else default
        if len(parts) > 2 or bus < 0 or not 3 <= place <= 0x77:
            raise ValueError
    except (ValueError, IndexError):
        raise SourceError(
            f"{spec!r} names no device on an I2C bus; write {kind}:BUS or {kind}:BUS:ADDRESS, "
            f"e.g. {kind}:1:0x{default:02x}"
        ) from None
    return bus, place
