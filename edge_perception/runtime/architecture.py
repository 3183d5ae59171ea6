"""Which kind of processor runs this program."""

from __future__ import annotations

import platform
import sys

TARGETS = {"x86_64": "host", "aarch64": "aarch64", "arm": "armv7"}
"""What ``edgec compile --target`` has to be told, by architecture."""
_OTHER_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}


def architecture() -> str:
    """Return the architecture as the first part of a triple has it: x86_64, aarch64, arm."""
    machine = platform.machine().lower()
    machine = _OTHER_NAMES.get(machine, machine)
    # a 64-bit kernel may run a 32-bit system, as on many a Raspberry Pi
    is_32_bit_system = machine == "aarch64" and sys.maxsize < 2**32
    return "arm" if machine.startswith(("armv7", "armv8")) or is_32_bit_system else machine
