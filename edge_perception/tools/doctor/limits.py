"""Processor, memory, network and clock: what of them slows a robot down, or loses its images."""

from __future__ import annotations

from collections.abc import Iterator
import os

from edge_perception.tools.doctor.machine import Finding, Machine

_MEMORY = 512 << 20
"""Bytes: a robot on ROS 2 needs some 400 MB (bench/transport)."""
_SHARED = 128 << 20
"""Bytes in /dev/shm for a robot of a dozen processes, each with its part (config/fastdds.xml)."""
_CPU = "sys/devices/system/cpu"
_LIMITS = {
    "net.core.rmem_max": 4 << 20,  # as much as config/fastdds.xml asks for
    "net.ipv4.ipfrag_high_thresh": 128 << 20,
}
"""
Least bytes of the kernel's buffers for images that come from another machine. Of packets that
Wi-Fi loses, the rest fills the second for half a minute; so much is what ROS 2's guide advises.
"""
_SYNCHRONISERS = ("systemd-timesyncd", "chrony", "chronyd", "ntp", "ntpd", "ntpsec")
"""Services that timedatectl can start."""


def processor(machine: Machine) -> Iterator[Finding]:
    """Yield the number of cores, and who chooses their frequency."""
    yield Finding("cores", str(machine.cores))
    policies = {
        machine.read(str(path.relative_to(machine.root)))
        for path in (machine.root / _CPU).glob("cpu[0-9]*/cpufreq/scaling_governor")
    }
    if policies:
        others = policies - {"performance"}
        yield Finding(
            "governor",
            ", ".join(sorted(policies))
            + (": slow when an image comes after a pause" if others else ""),
            f"echo performance | sudo tee /{_CPU}/cpu*/cpufreq/scaling_governor" if others else "",
        )


def memory(machine: Machine) -> Iterator[Finding]:
    """Yield what is left of memory, and what was put out of it."""
    fields = dict(
        line.split(":", 1) for line in machine.read("proc/meminfo").splitlines() if ":" in line
    )
    known = {name: int(text.split()[0]) << 10 for name, text in fields.items() if text.split()}
    if "MemAvailable" in known:
        left = known["MemAvailable"]
        yield Finding(
            "memory",
            f"{left / 1e9:.1f} GB of {known.get('MemTotal', 0) / 1e9:.1f} GB are free",
            "end other programs (ps aux --sort=-rss | head)" if left < _MEMORY else "",
        )
    used = known.get("SwapTotal", 0) - known.get("SwapFree", 0)
    yield Finding(
        "swap",
        f"{used / 1e6:.0f} MB in use",
        "sudo swapoff -a && sudo swapon -a, which bring back what was put out" if used else "",
    )


def network(machine: Machine) -> Iterator[Finding]:
    """Yield the kernel's limits for DDS, each that is too low with how to raise all of these."""
    there = {name: machine.read(f"proc/sys/{name.replace('.', '/')}") for name in _LIMITS}
    known = {name: int(text) for name, text in there.items() if text.isdigit()}
    low = [name for name, value in known.items() if value < _LIMITS[name]]
    if low:
        lines = " ".join(f"{name}={_LIMITS[name]}" for name in low)
        yield Finding(
            "DDS",
            "images from other machines may get lost: "
            + ", ".join(f"{name} is {known[name]}" for name in low),
            f"printf '%s\\n' {lines} | sudo tee /etc/sysctl.d/60-robot.conf"
            " && sudo sysctl --system",
        )
        return
    said = ", ".join(f"{name} is {value}" for name, value in known.items())
    yield Finding("DDS", said or "its limits can't be read")


def shared_memory(machine: Machine) -> Iterator[Finding]:
    """Yield how much is left of what Fast DDS passes images through."""
    try:
        there = os.statvfs(machine.root / "dev/shm")
    except OSError:
        return
    left = there.f_bavail * there.f_frsize
    yield Finding(
        "shared memory",
        f"{left / 1e6:.0f} MB are free in /dev/shm",
        "fastdds shm clean; in a container: docker run --shm-size=512m" if left < _SHARED else "",
    )


def clock(machine: Machine) -> Finding:
    """Return whether it goes as those of other machines do."""
    timed = machine.is_timed()
    if timed is None:
        return Finding("clock", "it can't be known whether it is synchronised")
    if timed:
        return Finding("clock", "synchronised")
    units = machine.root / "lib/systemd/system"
    has_any = any((units / f"{name}.service").exists() for name in _SYNCHRONISERS)
    install = "" if has_any else "sudo apt-get install -y systemd-timesyncd && "
    return Finding("clock", "not synchronised", f"{install}sudo timedatectl set-ntp true")
