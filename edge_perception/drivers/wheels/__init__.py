"""Encoders of wheels: GPIO lines, serial lines and a simulation."""

from __future__ import annotations

from edge_perception.core.wheels.source import WheelRequest, WheelSource
from edge_perception.drivers.driver import choose
from edge_perception.drivers.wheels import gpio, serial_line, simulated

DRIVERS = (gpio.DRIVER, serial_line.DRIVER, simulated.DRIVER)
"""All drivers of wheels; the first one that accepts a source opens it."""


def open_wheels(spec: str, request: WheelRequest) -> WheelSource:
    """
    Open the encoders of wheels.

    :param spec: e.g. "gpio:/dev/gpiochip0:17,27,23,24", "serial:wheels.yaml", "simulated".
    :param request: names and rate.
    :raises SourceError: if it is none of these or can't be opened.
    """
    return choose(DRIVERS, "wheel", spec, request)
