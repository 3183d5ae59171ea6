"""What ends a process with nodes."""

from __future__ import annotations

from queue import Empty, SimpleQueue

from edge_perception import ending
from edge_perception.transport import log


class Stop:
    """What ends the process: a signal, a failure, or anybody who calls `set`."""

    def __init__(self) -> None:
        self.failed = False
        self._told = False
        self._queue: SimpleQueue[None] = SimpleQueue()
        ending.on_signal(self.set)

    def set(self) -> None:
        """End the process; a signal's handler may interrupt even this: no locks of Python."""
        self._told = True
        self._queue.put(None)

    def fail(self, reason: str) -> None:
        """End the process with exit code 1."""
        log.error("", reason)
        self.failed = True
        self.set()

    def wait(self, seconds: float | None) -> None:
        """Wait until the process is to end, or for so many seconds."""
        if not self:
            try:
                self._queue.get(timeout=seconds)
            except Empty:
                return

    def __bool__(self) -> bool:
        """Tell whether the process is to end."""
        return self._told
