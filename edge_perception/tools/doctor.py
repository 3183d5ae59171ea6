"""What a machine has for a robot, and what to do about what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import ctypes
from dataclasses import dataclass, field
import errno
import os
from pathlib import Path
from typing import NamedTuple

from edge_perception.drivers.linux import Linux, System
from edge_perception.drivers.v4l2 import formats

_RECEIVE = 8 << 20
"""Bytes of the kernel's buffer of a socket, which images over DDS need at least."""
_MEMORY = 1 << 30
_TIME_ERROR = 5  # what adjtimex(2) returns when nothing synchronises the clock
_CPU = "sys/devices/system/cpu"


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
    """

    root: Path = Path("/")
    system: System = field(default_factory=Linux)
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    is_timed: Callable[[], bool | None] = lambda: _is_timed()

    def read(self, path: str) -> str:
        """Return the text of a file of the kernel, empty if there is none."""
        try:
            return (self.root / path).read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def devices(self, *patterns: str) -> list[Path]:
        """Return the devices of these names, in order."""
        return sorted(path for one in patterns for path in (self.root / "dev").glob(one))


def examine(machine: Machine) -> list[Finding]:
    """Return what there is of each part."""
    return [
        *_cameras(machine),
        _bus(machine, "I2C", "i2c", "i2c-*"),
        _bus(machine, "serial ports", "dialout", "ttyUSB*", "ttyACM*", "ttyAMA*"),
        _bus(machine, "GPIO", "gpio", "gpiochip*"),
        *_processor(machine),
        *_memory(machine),
        _network(machine),
        _clock(machine),
    ]


def table(found: Sequence[Finding]) -> str:
    """Return it for people: what there is, and below it what to do."""
    width = max(len(one.part) for one in found)
    lines = []
    for one in found:
        lines.append(f"{'!' if one.remedy else ' '} {one.part:{width}}  {one.found}")
        if one.remedy:
            lines.append(f"  {'':{width}}  -> {one.remedy}")
    return "\n".join(lines)


def _cameras(machine: Machine) -> Iterator[Finding]:
    devices = machine.devices("video*")
    if not devices:
        yield Finding("camera", "none at /dev/video*: images come from a topic, a video or a bag")
    for device in devices:
        try:
            descriptor = machine.system.open(str(device))
        except OSError as error:
            is_barred = error.errno in (errno.EACCES, errno.EPERM)
            yield Finding(
                f"camera {device.name}",
                f"can't be opened: {error.strerror}",
                _join("video") if is_barred else f"fuser -v {device}",
            )
            continue
        try:
            offered = formats(machine.system, descriptor)
        except OSError:
            offered = []
        finally:
            machine.system.close(descriptor)
        if offered:  # cameras have devices without pictures, too
            yield Finding(f"camera {device.name}", f"offers {', '.join(offered)}")


def _bus(machine: Machine, part: str, group: str, *patterns: str) -> Finding:
    devices = machine.devices(*patterns)
    barred = [one for one in devices if not os.access(one, os.R_OK | os.W_OK)]
    if barred:
        return Finding(part, f"{_names(barred)} may not be opened", _join(group))
    return Finding(part, _names(devices) or "none")


def _processor(machine: Machine) -> Iterator[Finding]:
    yield Finding("cores", str(machine.cores))
    policies = {
        machine.read(str(path.relative_to(machine.root)))
        for path in (machine.root / _CPU).glob("cpu[0-9]*/cpufreq/scaling_governor")
    }
    if policies:
        others = policies - {"performance"}
        yield Finding(
            "governor",
            ", ".join(sorted(policies)),
            f"echo performance | sudo tee /{_CPU}/cpu*/cpufreq/scaling_governor" if others else "",
        )


def _memory(machine: Machine) -> Iterator[Finding]:
    fields = dict(
        line.split(":", 1) for line in machine.read("proc/meminfo").splitlines() if ":" in line
    )
    sizes = {name: int(text.split()[0]) << 10 for name, text in fields.items() if text.split()}
    if "MemAvailable" in sizes:
        left = sizes["MemAvailable"]
        yield Finding(
            "memory",
            f"{left / 1e9:.1f} GB of {sizes.get('MemTotal', 0) / 1e9:.1f} GB are free",
            "end other programs (ps aux --sort=-rss | head)" if left < _MEMORY else "",
        )
    used = sizes.get("SwapTotal", 0) - sizes.get("SwapFree", 0)
    yield Finding(
        "swap",
        f"{used / 1e6:.0f} MB in use",
        "sudo swapoff -a && sudo swapon -a, which bring back what was put out" if used else "",
    )


def _network(machine: Machine) -> Finding:
    most = machine.read("proc/sys/net/core/rmem_max")
    if not most.isdigit():
        return Finding("DDS", "net.core.rmem_max can't be read")
    found = f"net.core.rmem_max is {most}"
    if int(most) >= _RECEIVE:
        return Finding("DDS", found)
    return Finding(
        "DDS",
        f"{found}: images between machines get lost",
        f"echo net.core.rmem_max={_RECEIVE} | sudo tee /etc/sysctl.d/60-robot.conf"
        " && sudo sysctl --system",
    )


def _clock(machine: Machine) -> Finding:
    timed = machine.is_timed()
    if timed is None:
        return Finding("clock", "it can't be known whether it is synchronised")
    if timed:
        return Finding("clock", "synchronised")
    return Finding("clock", "not synchronised", "sudo timedatectl set-ntp true")


def _is_timed() -> bool | None:
    """Ask the kernel, as adjtimex(2) says, without changing anything."""
    buffer = ctypes.create_string_buffer(512)  # struct timex, whose modes are 0
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    return None if state < 0 else state != _TIME_ERROR


def _join(group: str) -> str:
    return f"sudo usermod -aG {group} $USER, then log in again"


def _names(devices: Sequence[Path]) -> str:
    return ", ".join(f"/dev/{one.name}" for one in devices)
