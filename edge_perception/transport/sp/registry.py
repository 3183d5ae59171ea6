"""
The processes of this machine: a folder for each, with its sockets and where it is heard.

They find each other there, without a port or a server. A process is there while it runs: that of
one that was killed is known by its number and the time of its start, and is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import shutil
import stat

from edge_perception.robot.plan import RequestError

VARIABLE = "EDGE_ROBOT_RUN"
"""The environment variable with the folder; robots with different ones don't see each other."""
_RECORD = "process.json"
_LARGEST = 4096  # bytes of a record


class RegistryError(RequestError):
    """This process can't be found by others: why, and what to do."""


@dataclass(frozen=True)
class Record:
    """
    Where a process is heard.

    :ivar started: when, in ticks since the boot of the machine
    :ivar home: the address of its announcements
    """

    name: str
    pid: int
    started: int
    home: str


def folder() -> Path:
    """
    Return the folder of all processes.

    :raises RegistryError: if it is somebody else's
    """
    given, runtime = os.environ.get(VARIABLE), os.environ.get("XDG_RUNTIME_DIR")
    if given:
        path = Path(given)
    elif runtime:
        path = Path(runtime) / "edge-robot"
    else:
        path = Path(f"/tmp/edge-robot-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = path.lstat()
    except OSError as error:
        raise RegistryError(
            f"{path}: {error.strerror}: set {VARIABLE} to a folder that can be written"
        ) from error
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o022:
        raise RegistryError(
            f"{path} is no folder of this user's alone, so others could speak to the robot: remove"
            f" it, or set {VARIABLE}"
        )
    return path


class Place:
    """The folder of this process."""

    def __init__(self, name: str) -> None:
        """
        Take it, from one of the same name that has ended.

        :raises RegistryError: if such a process runs
        """
        self.path = folder() / name
        old = _read(self.path)
        if old is not None and is_running(old):
            raise RegistryError(
                f"a process called {name} runs already (process {old.pid}): stop it, or set"
                f" {VARIABLE} to another folder for a second robot"
            )
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(mode=0o700)
        self.name = name

    def open(self, home: str) -> None:
        """Let others find this process."""
        pid = os.getpid()
        record = Record(self.name, pid, _started(pid) or 0, home)
        new = self.path / f"{_RECORD}.new"
        new.write_text(json.dumps(asdict(record)), encoding="utf-8")
        new.rename(self.path / _RECORD)

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.path, ignore_errors=True)


class Lookout:
    """Sees at little cost whether a process may have come since it looked last."""

    def __init__(self) -> None:
        self._path = folder()
        self._changed = 0  # when the folder was, in nanoseconds
        self._awaited = True  # a process has a folder, but can't be found yet

    def is_new(self) -> bool:
        """Return whether there may be another process."""
        changed = self._path.stat().st_mtime_ns
        if changed == self._changed and not self._awaited:
            return False
        self._changed = changed
        self._awaited = not all((entry / _RECORD).exists() for entry in self._path.iterdir())
        return True


def records() -> Iterator[Record]:
    """Yield the processes that run."""
    for path in sorted(folder().iterdir()):
        record = _read(path)
        if record is not None and is_running(record):
            yield record


def clean() -> None:
    """Remove what processes left that were killed."""
    for path in folder().iterdir():
        record = _read(path)
        if record is not None and not is_running(record):
            shutil.rmtree(path, ignore_errors=True)


def is_running(record: Record) -> bool:
    """Tell whether a process still runs, and its number is not another's by now."""
    return _started(record.pid) == record.started


def is_stopped(pid: int) -> bool:
    """Tell whether a process was stopped by a signal (SIGSTOP) or a debugger."""
    return status(pid)[:1] in (["T"], ["t"])


def status(pid: int) -> list[str]:
    """Return what the kernel says of a process, from its state on; empty: there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _read(path: Path) -> Record | None:
    """Return what stands in a folder; None if there is no record yet."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        with (path / _RECORD).open("rb") as file:
            fields = json.loads(file.read(_LARGEST))
        record = Record(**fields)
        if record.name == path.name and all(
            type(value) is kind
            for value, kind in zip(asdict(record).values(), (str, int, int, str), strict=True)
        ):
            return record
    return None


def _started(pid: int) -> int | None:
    """Return when a process was started; None if there is none, or it has ended (a zombie)."""
    found = status(pid)
    return int(found[19]) if found and found[0] not in "ZX" else None
