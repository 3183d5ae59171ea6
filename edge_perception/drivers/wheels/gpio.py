"""
Quadrature encoders on GPIO lines, through libgpiod.

The kernel stamps and queues the edges, so none is lost while Python is busy, up to its buffer's
length. At some thousand edges a second a counter in hardware is the better choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from edge_perception.core.source import SourceError
from edge_perception.core.stamps import SECOND
from edge_perception.core.wheels.source import WheelReading, WheelRequest, WheelSource
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.driver import Driver

_PREFIX = "gpio:"
_STEPS = {
    before << 2 | after: step
    for before, after, step in (
        *((0b00, 0b01, 1), (0b01, 0b11, 1), (0b11, 0b10, 1), (0b10, 0b00, 1)),
        *((0b01, 0b00, -1), (0b11, 0b01, -1), (0b10, 0b11, -1), (0b00, 0b10, -1)),
    )
}
"""Change of the count by the states (B A) before and after; B follows A when counting up."""


class Lines(Protocol):
    """GPIO lines that report their edges; failures are OSError."""

    def levels(self) -> Mapping[int, bool]:
        """Return the level of each line."""

    def wait(self, seconds: float) -> bool:
        """Wait for edges, and tell whether there are any."""

    def edges(self) -> Sequence[tuple[int, bool]]:
        """Return line and new level of each edge since the last call, oldest first."""

    def close(self) -> None:
        """Release the lines."""


class GpiodLines:
    """The lines of a chip, by the package gpiod."""

    def __init__(self, chip: str, lines: Sequence[int]) -> None:
        """
        Request the lines.

        :raises SourceError: if gpiod is not installed.
        """
        try:
            import gpiod
            from gpiod.line import Bias, Direction, Edge, Value
        except ImportError as error:
            raise SourceError("GPIO lines need the package gpiod: pip install gpiod") from error
        settings = gpiod.LineSettings(
            direction=Direction.INPUT, edge_detection=Edge.BOTH, bias=Bias.PULL_UP
        )
        self._lines = tuple(lines)
        self._active = Value.ACTIVE
        self._rising: Any = gpiod.EdgeEvent.Type.RISING_EDGE
        self._request = gpiod.request_lines(
            chip, consumer="edge_perception", config={self._lines: settings}
        )

    def levels(self) -> Mapping[int, bool]:
        """Return the level of each line."""
        values = self._request.get_values(list(self._lines))
        return {
            line: value is self._active for line, value in zip(self._lines, values, strict=True)
        }

    def wait(self, seconds: float) -> bool:
        """Wait for edges, and tell whether there are any."""
        return bool(self._request.wait_edge_events(timedelta(seconds=seconds)))

    def edges(self) -> Sequence[tuple[int, bool]]:
        """Return line and new level of each edge since the last call, oldest first."""
        return [
            (event.line_offset, event.event_type is self._rising)
            for event in self._request.read_edge_events()
        ]

    def close(self) -> None:
        """Release the lines."""
        self._request.release()


class GpioWheels:
    """Counts the edges of two lines for each wheel."""

    live = True

    def __init__(
        self, chip: str, lines: Lines, order: Sequence[int], request: WheelRequest, clock: Clock
    ):
        """
        Begin to count at zero.

        :param order: the lines A and B of each joint.
        """
        self._chip = chip
        self._lines = lines
        self._clock = clock
        self.rate = request.rate
        self._joint = {
            line: joint
            for joint, pair in zip(
                request.joints, zip(order[::2], order[1::2], strict=True), strict=True
            )
            for line in pair
        }
        self._bit = {line: place % 2 for place, line in enumerate(order)}
        self._count = dict.fromkeys(request.joints, 0)
        self._state = dict.fromkeys(request.joints, 0)
        for line, level in lines.levels().items():
            self._set(line, level)
        self._due = clock.monotonic()

    def describe(self) -> str:
        """Return the chip."""
        return f"encoders at {self._chip}"

    def read(self, timeout: float) -> Sequence[WheelReading] | None:
        """Return the counters when a reading is due."""
        deadline = self._clock.monotonic() + round(timeout * SECOND)
        try:
            while (now := self._clock.monotonic()) < self._due:
                left = min(self._due, deadline) - now
                if left <= 0:
                    return None
                if self._lines.wait(left / SECOND):
                    self._take_edges()
            if self._lines.wait(0):
                self._take_edges()
        except OSError as error:
            raise SourceError(
                f"the GPIO lines of {self._chip} are lost ({error.strerror}); look at dmesg"
            ) from error
        period = round(SECOND / self.rate)
        self._due += ((now - self._due) // period + 1) * period
        counts = {joint: float(count) for joint, count in self._count.items()}
        return [WheelReading(self._clock.time(), counts)]

    def close(self) -> None:
        """Release the lines."""
        self._lines.close()

    def _take_edges(self) -> None:
        for line, level in self._lines.edges():
            joint = self._joint[line]
            before = self._state[joint]
            self._set(line, level)
            self._count[joint] += _STEPS.get(before << 2 | self._state[joint], 0)

    def _set(self, line: int, level: bool) -> None:
        joint, bit = self._joint[line], 1 << self._bit[line]
        self._state[joint] = self._state[joint] & ~bit | (bit if level else 0)


def open_gpio(
    spec: str,
    request: WheelRequest,
    open_lines: Callable[[str, Sequence[int]], Lines] = GpiodLines,
    clock: Clock | None = None,
) -> WheelSource:
    """
    Open gpio:CHIP:A,B,A,B, with the lines A and B of each joint.

    :raises SourceError: if that is not possible.
    """
    chip, _, numbers = spec.removeprefix(_PREFIX).rpartition(":")
    try:
        order = [int(number) for number in numbers.split(",")]
    except ValueError:
        order = []
    wanted = 2 * len(request.joints)
    if not chip or len(order) != wanted or len(set(order)) != wanted or request.geometry.steered:
        raise SourceError(
            f"{spec!r} can't be used; write gpio:/dev/gpiochip0: and {wanted} different lines, A "
            f"and B of each of {', '.join(request.joints)}; a steering has no quadrature encoder"
        )
    try:
        return GpioWheels(chip, open_lines(chip, order), order, request, clock or SystemClock())
    except (OSError, ValueError) as error:
        hint = "" if Path(chip).exists() else "; there is no such chip, see gpiodetect"
        raise SourceError(
            f"the lines {numbers} of {chip} can't be used ({error}){hint}; see gpioinfo for who "
            "uses them, and sudo usermod -aG gpio $USER"
        ) from error


DRIVER = Driver("gpio:CHIP:A,B,...", lambda spec: spec.startswith(_PREFIX), open_gpio)
