"""The machine that is looked at, and what is found there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import ctypes
from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import NamedTuple

from edge_perception.drivers.i2c import open_bus, OpenBus
from edge_perception.drivers.linux import Linux, System

_TIME_ERROR = 5  # what adjtimex(2) returns when nothing synchronises the clock


class Finding(NamedTuple):
    """
    What there is of something.

    :ivar part: of the machine.
    :ivar found: what there is.
    :ivar remedy: a command, or what to do, if it isn't as it should be; empty: it is.
    """

    part: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Machine:
    """
    Where one is looked at.

    :ivar root: of its file system.
    :ivar is_timed: tells whether its clock is synchronised; None: that can't be known.
    :ivar open_bus: of I2C.
    """

    root: Path = Path("/")
    system: System = field(default_factory=Linux)
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    is_timed: Callable[[], bool | None] = lambda: _is_timed()
    open_bus: OpenBus = open_bus

    def read(self, path: str) -> str:
        """Return the text of a file of the kernel, empty if there is none."""
        try:
            text = (self.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text.strip(" \n\0")

    def devices(self, *patterns: str) -> list[Path]:
        """Return the devices of these names, in order."""
        found = [path for one in patterns for path in (self.root / "dev").glob(one)]
        return sorted(found, key=lambda path: (len(path.name), path.name))


def join(group: str) -> str:
    """Return how to become one who may."""
    return f"sudo usermod -aG {group} $USER, then log in again"


def names(devices: Sequence[Path]) -> str:
    """Return devices as a person would write them."""
    return ", ".join(f"/dev/{one.name}" for one in devices)


def _is_timed() -> bool | None:
    """Ask the kernel, as adjtimex(2) says, without changing anything."""
    buffer = ctypes.create_string_buffer(512)  # struct timex, whose modes are 0
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    return None if state < 0 else state != _TIME_ERROR
