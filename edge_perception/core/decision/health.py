"""Whether other nodes are well, by what they say on /diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import fnmatch

from edge_perception.core.node import Level
from edge_perception.messages.types import DiagnosticArray

_MOST = 2000  # states of all nodes of a robot, whose names come from elsewhere


@dataclass(frozen=True)
class _State:
    level: int
    message: str
    came: int


class Health:
    """The newest state of each part of the robot."""

    def __init__(self, timeout: int = 0) -> None:
        """
        Begin without any.

        :param timeout: nanoseconds after which a state says nothing any more.
        """
        self._timeout = timeout
        self._now = 0
        self._states: dict[str, _State] = {}

    def tick(self, now: int) -> None:
        """Record the time; after a jump backwards nothing that was said before counts."""
        if now < self._now:
            self._states.clear()
        self._now = now

    def accept(self, messages: Sequence[DiagnosticArray]) -> None:
        """Record what nodes say of themselves."""
        for message in messages:
            for one in message.status:
                if one.name in self._states or len(self._states) < _MOST:
                    self._states[one.name] = _State(one.level, one.message, self._now)

    def fault(self, pattern: str) -> str | None:
        """
        Return what is wrong with the parts whose names fit; empty if nothing is.

        None if nothing is known: no such part has spoken lately.

        :param pattern: in lower case; ``*`` stands for any text, ``?`` for a letter.
        """
        known = False
        for name, state in self._states.items():
            if fnmatch.fnmatchcase(name.lower(), pattern):
                if self._now - state.came > self._timeout:
                    continue
                known = True
                if state.level >= Level.ERROR:
                    return f"{name}: {state.message}"
        return "" if known else None
