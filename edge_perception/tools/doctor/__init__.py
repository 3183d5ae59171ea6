"""What a machine has for a robot, and what to do about what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
import textwrap

from edge_perception.tools.doctor.devices import cameras, device_files, i2c
from edge_perception.tools.doctor.limits import clock, memory, network, processor, shared_memory
from edge_perception.tools.doctor.machine import Finding, Machine

__all__ = ["Finding", "Machine", "examine", "table"]

_NARROWEST = 40
"""Columns for what there is, however narrow the terminal."""


def examine(machine: Machine) -> list[Finding]:
    """Return what there is of each part."""
    return [
        *cameras(machine),
        *i2c(machine),
        device_files(machine, "serial ports", "dialout", "ttyUSB*", "ttyACM*", "ttyAMA*"),
        device_files(machine, "GPIO", "gpio", "gpiochip*"),
        *processor(machine),
        *memory(machine),
        *network(machine),
        *shared_memory(machine),
        clock(machine),
    ]


def table(found: Sequence[Finding], columns: int = 80) -> str:
    """Return it for people: what there is, and below it what to do, never broken into lines."""
    width = max(len(one.part) for one in found)
    room = max(_NARROWEST, columns - width - 4)
    lines = []
    last = ""
    for one in found:
        mark = "!" if one.remedy else " "
        part = one.part if one.part != last else ""
        last = one.part
        for text in textwrap.wrap(one.found, room, break_on_hyphens=False) or [""]:
            lines.append(f"{mark:1} {part:{width}}  {text}")
            mark = part = ""
        if one.remedy:
            lines.append(f"  {'':{width}}  -> {one.remedy}")
    return "\n".join(lines)
