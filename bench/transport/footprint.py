"""What processes need: memory, processor time, bytes on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path

_SHARED = ("numpy", "pyyaml")
"""What either robot needs."""
_NANOMSG = ("cffi", "pycparser", "pynng", "sniffio")
_ROS = "ros-kilted-"
_OF_BUILDS = ("ros-kilted-ament", "ros-kilted-rosidl-generator", "ros-kilted-rosidl-default")


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
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(text.split("Pss:")[1].split()[0]) * 1024
    return total


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


def installed(ros: bool) -> int:
    """Return the bytes of the packages that a transport needs, in this environment."""
    total = 0
    for one in distributions():
        name = one.metadata["Name"].lower()
        of_ros = name.startswith(_ROS) and not name.startswith(_OF_BUILDS)
        if name in _SHARED or (of_ros if ros else name in _NANOMSG):
            for file in one.files or ():
                path = Path(str(one.locate_file(file)))
                total += path.stat().st_size if path.is_file() else 0
    return total


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from list(folder.iterdir())
    except OSError:
        return
