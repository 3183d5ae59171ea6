"""What processes need: memory, processor time, bytes on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
import ctypes
from importlib.metadata import distribution, PackageNotFoundError
from pathlib import Path
import platform
import re

_KCMP_VM = 1
_SYS_KCMP = 312 if platform.machine() == "x86_64" else 272
LEAN = ("numpy", "PyYAML")
"""What the robot needs without ROS 2."""
ROS = tuple(
    f"ros-kilted-{name}"
    for name in (
        "diagnostic-msgs",
        "nav-msgs",
        "rclpy",
        "rmw-fastrtps-cpp",
        "sensor-msgs",
        "std-srvs",
        "visualization-msgs",
    )
)
"""What it needs beyond that with ROS 2: the extra ``ros`` of pyproject.toml."""


def tree(roots: Iterable[int]) -> list[int]:
    """Return processes and all of their descendants."""
    found = []
    for pid in roots:
        found.append(pid)
        for task in _listed(Path(f"/proc/{pid}/task")):
            try:
                children = (task / "children").read_text().split()
            except OSError:
                continue
            found += tree(map(int, children))
    return found


def memory(pids: Iterable[int]) -> int:
    """Return the bytes of memory of processes; what they share with others counts in part."""
    total = 0
    counted = list[int]()
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        if any(_is_same_memory(pid, other) for other in counted):
            continue
        counted.append(pid)
        total += int(text.split("Pss:")[1].split()[0]) * 1024
    return total


def _is_same_memory(one: int, other: int) -> bool:
    """Return whether two processes are one to the memory, as a child by vfork before its exec."""
    return bool(ctypes.CDLL(None).syscall(_SYS_KCMP, one, other, _KCMP_VM, 0, 0) == 0)


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that processes have used since they were started [s]."""
    used = 0
    for pid in pids:
        for task in _listed(Path(f"/proc/{pid}/task")):
            try:
                used += int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue
    return used / 1e9


def installed(packages: Iterable[str]) -> int:
    """Return the bytes of packages and of all that they depend on, in this environment."""
    waiting, sizes = list(packages), dict[str, int]()
    while waiting:
        name = re.sub("[-_.]+", "-", waiting.pop()).lower()
        if name in sizes:
            continue
        sizes[name] = 0
        with suppress(PackageNotFoundError):  # it is for another Python or platform
            found = distribution(name)
            files = [Path(str(found.locate_file(file))) for file in found.files or ()]
            sizes[name] = sum(file.stat().st_size for file in files if file.is_file())
            waiting += [
                re.split(r"[^\w.-]", text, maxsplit=1)[0]
                for text in found.requires or ()
                if "extra ==" not in text
            ]
    return sum(sizes.values())


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from list(folder.iterdir())
    except OSError:
        return
