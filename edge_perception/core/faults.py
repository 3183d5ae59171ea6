"""What went wrong lately, remembered long enough to be seen by a check once a second."""

from __future__ import annotations

from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.stamps import SECOND

_MEMORY = 2 * SECOND


class Faults:
    """The last fault of each aspect of a node; it is over when it did not recur for a while."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, Diagnostic]] = {}

    def report(self, now: int, level: Level, name: str, message: str) -> None:
        """
        Remember that something is wrong.

        :param now: ROS time [ns].
        :param name: the aspect of the node with which it is.
        :param message: cause and fix.
        """
        self._last[name] = (now, Diagnostic(level, name, message))

    def current(self, now: int) -> dict[str, Diagnostic]:
        """Return the faults of the last two seconds by aspect; a clock jump ends them too."""
        return {
            name: fault
            for name, (time, fault) in self._last.items()
            if now - _MEMORY <= time <= now
        }
