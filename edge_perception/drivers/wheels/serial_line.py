"""Motor controllers that send the counters of their encoders as lines over a serial port."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_perception.core.source import Skipped
from edge_perception.core.wheel_source import Reading, WheelSource, WheelWish
from edge_perception.drivers import columns
from edge_perception.drivers.clock import Clock
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.serial_lines import LineFormat, read_format, SerialLines

_PREFIX = "serial:"
_UNITS = {"ticks": 1.0, "rad": 1.0}


class SerialWheels:
    """Counters behind a serial port."""

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
        return f"wheels at {self._port}"

    def read(self, timeout: float) -> Sequence[Reading] | Skipped | None:
        """Return what came, as soon as something did."""
        got = self._lines.read(timeout)
        if got is None or isinstance(got, Skipped):
            return got
        return [Reading(stamp, numbers) for stamp, numbers in got]

    def close(self) -> None:
        """Close the port."""
        self._lines.close()


def _open(spec: str, wish: WheelWish) -> WheelSource:
    known = {**columns.TIME, **dict.fromkeys(wish.joints, _UNITS)}
    return SerialWheels(read_format(Path(spec.removeprefix(_PREFIX)), known, wish.joints))


DRIVER = Driver("serial:FORMAT.yaml", lambda spec: spec.startswith(_PREFIX), _open)
