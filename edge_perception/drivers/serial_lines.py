"""
Sensors that send lines of text over a serial port, in a format that a small YAML file describes.

docs/imu.md explains the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any, Generic, TypeVar

from edge_perception.core.located_yaml import read
from edge_perception.core.source import Skipped, SourceError
from edge_perception.core.stamps import SECOND
from edge_perception.core.whole_file import FileError
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.columns import ColumnError, Columns, Units
from edge_perception.files import read_file

_LONGEST_LINE = 4096
_NMEA = re.compile(rb"\$?(?P<text>[^*]*)\*(?P<sum>[0-9A-Fa-f]{2})")
_CHECKSUMS = ("none", "nmea")


class LineError(ValueError):
    """A line that can't be used, and why."""


@dataclass(frozen=True)
class LineFormat:
    """
    How lines are to be read.

    :ivar port: serial port.
    :ivar baud: its speed [bit/s].
    :ivar rate: lines a second; 0: unknown.
    :ivar prefix: what lines of interest begin with; others are left out.
    :ivar checksum: "nmea": lines end in * and two hexadecimal digits, the XOR of what is between $
        and *.
    """

    port: str
    baud: int
    rate: float
    separator: str
    prefix: str
    checksum: str
    columns: Columns

    def read(self, line: bytes) -> dict[str, float] | None:
        """
        Return the numbers of a line in SI units; None if it is none of interest.

        :raises LineError: if it is damaged.
        """
        text = line.strip()
        if self.checksum == "nmea":
            match = _NMEA.fullmatch(text)
            if not match:
                raise LineError(f"the line {_shown(line)} has no checksum (*HH)")
            text = match["text"]
            total = 0
            for byte in text:
                total ^= byte
            if total != int(match["sum"], 16):
                raise LineError(f"the line {_shown(line)} has a wrong checksum")
        try:
            content = text.decode("ascii")
        except UnicodeDecodeError:
            raise LineError(f"the line {_shown(line)} is no text; is baud right?") from None
        if not content.startswith(self.prefix):
            return None
        content = content.removeprefix(self.prefix).strip().removeprefix(self.separator)
        try:
            return self.columns.read(
                content.split(self.separator if self.separator != " " else None)
            )
        except ColumnError as error:
            raise LineError(f"the line {_shown(line)} has {error}") from error


def read_format(path: Path, known: Mapping[str, Units], required: Collection[str]) -> LineFormat:
    """
    Read the description of a format.

    :raises SourceError: if there is a mistake in it.
    """
    keys = ("port", "baud", "rate", "separator", "prefix", "checksum", "columns")
    try:
        fields = read(path, read_file).mapping(keys, ("port", "columns"))
        try:
            names = [item.text() for item in fields["columns"].sequence()]
            columns = Columns(names, known, required)
        except ColumnError as error:
            raise fields["columns"].error(str(error)) from error
        return LineFormat(
            port=fields["port"].text(),
            baud=int(fields["baud"].number(50, 4e6)) if "baud" in fields else 115200,
            rate=fields["rate"].number(0, 1e4) if "rate" in fields else 0.0,
            separator=fields["separator"].text() if "separator" in fields else ",",
            prefix=fields["prefix"].text() if "prefix" in fields else "",
            checksum=(
                fields["checksum"].choice(_CHECKSUMS, "checksum")
                if "checksum" in fields
                else "none"
            ),
            columns=columns,
        )
    except FileError as error:
        raise SourceError(f"the line format can't be used: {error}") from error


Reading = TypeVar("Reading")
Lines = list[tuple[int, dict[str, float]]]
"""For each line, when it was read [ns of system time] and its numbers."""


class SerialDevice(Generic[Reading]):
    """A sensor behind a serial port. It can't be told anything: rate and ranges are its own."""

    live = True

    def __init__(
        self,
        what: str,
        form: LineFormat,
        make: Callable[[Lines], Reading],
        clock: Clock | None = None,
    ) -> None:
        """
        Open the port.

        :param what: kind of sensor, for messages.
        :param make: makes a reading of the lines that came together.
        :raises SourceError: if that is not possible.
        """
        try:
            import serial
        except ImportError as error:
            raise SourceError(
                "serial ports need the package pyserial: pip install pyserial"
            ) from error
        self.rate = form.rate
        self._what = what
        self._form = form
        self._make = make
        self._clock = clock or SystemClock()
        self._rest = b""
        self._begin = True
        self._failure = serial.SerialException
        try:
            self._port: Any = serial.Serial(form.port, form.baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError) as error:
            raise SourceError(
                f"the serial port {form.port} can't be opened ({error}); see ls /dev/tty*, and "
                "sudo usermod -aG dialout $USER"
            ) from error

    def describe(self) -> str:
        """Return the port."""
        return f"{self._what} at {self._form.port}"

    def read(self, timeout: float) -> Reading | Skipped | None:
        """
        Return what came, as soon as something did.

        :raises SourceError: if the port is gone.
        """
        deadline = self._clock.monotonic() + round(timeout * SECOND)
        while (left := deadline - self._clock.monotonic()) > 0:
            try:
                self._port.timeout = left / SECOND
                data = self._port.read(max(1, self._port.in_waiting))
            except (self._failure, OSError) as error:
                raise SourceError(
                    f"the serial port {self._form.port} is lost ({error}); plug it in again"
                ) from error
            now = self._clock.time()
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > _LONGEST_LINE:
                self._rest = b""
                return Skipped(self._form.port, "no line ends; is baud right?")
            if self._begin and lines:
                self._begin = False
                lines = lines[1:]  # it may be the end of one
            try:
                found = [self._form.read(line) for line in lines if line.strip()]
            except LineError as error:
                return Skipped(self._form.port, str(error))
            if numbers := [(now, one) for one in found if one is not None]:
                return self._make(numbers)
        return None

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def _shown(line: bytes) -> str:
    return repr(line.strip()[:60].decode("ascii", "replace"))
