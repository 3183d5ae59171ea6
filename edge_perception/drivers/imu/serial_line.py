"""IMUs that send lines of text over a serial port."""

from __future__ import annotations

from pathlib import Path

from edge_perception.core.imu_source import Batch, ImuSource, ImuWish, Part
from edge_perception.core.source import Skipped
from edge_perception.drivers import columns
from edge_perception.drivers.clock import Clock
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.imu.measured import sample
from edge_perception.drivers.serial_lines import LineFormat, read_format, SerialLines

_PREFIX = "serial:"


class SerialImu:
    """An IMU behind a serial port. It can't be told anything: rate and ranges are its own."""

    live = True

    def __init__(self, form: LineFormat, clock: Clock | None = None) -> None:
        """
        Open the port.

        :raises SourceError: if that is not possible.
        """
        self._lines = SerialLines(form, clock)
        self._port = form.port
        self.rate = form.rate

    def describe(self) -> str:
        """Return the port."""
        return f"IMU at {self._port}"

    def read(self, timeout: float) -> Batch | Skipped | None:
        """Return what came, as soon as something did."""
        got = self._lines.read(timeout)
        if got is None or isinstance(got, Skipped):
            return got
        return Batch([sample(stamp, numbers) for stamp, numbers in got], Part())

    def close(self) -> None:
        """Close the port."""
        self._lines.close()


def _open(spec: str, wish: ImuWish) -> ImuSource:
    path = Path(spec.removeprefix(_PREFIX))
    return SerialImu(read_format(path, {**columns.TIME, **columns.IMU}, columns.IMU_REQUIRED))


DRIVER = Driver("serial:FORMAT.yaml", lambda spec: spec.startswith(_PREFIX), _open)
