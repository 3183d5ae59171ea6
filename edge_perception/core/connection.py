"""Keep a source open: what is lost is opened again, at growing intervals, for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_perception.core.node import ConfigurationError
from edge_perception.core.source import Device, Skipped, SourceError, SourceFinished
from edge_perception.core.stamps import SECOND

_FIRST_RETRY = SECOND // 2
_LAST_RETRY = 5 * SECOND
_READ = 0.4
"""Seconds that a read may block: a node is asked to stop at any time."""
IDLE = 0.5
"""Seconds after which a node that has nothing to read looks again."""


@dataclass(frozen=True)
class Patience:
    """
    How long a connected source may be silent.

    :ivar what: what it does not give, for the message.
    :ivar silent: nanoseconds after which that is a problem.
    :ivar hung: nanoseconds after which it is opened anew.
    :ivar advice: what to do about it.
    """

    what: str
    silent: int
    hung: int
    advice: str


Reading = TypeVar("Reading")


class Connection(Generic[Reading]):
    """
    A source that may come and go.

    :ivar finished: all of it was read, and it does not repeat itself.
    :ivar problem: why nothing comes from it now; empty while all is well.
    :ivar reconnects: how often a lost source was opened again.
    """

    def __init__(self, open_source: Callable[[], Device[Reading]], patience: Patience) -> None:
        self.source: Device[Reading] | None = None
        self.finished = False
        self.problem = ""
        self.reconnects = 0
        self._open_source = open_source
        self._patience = patience
        self._retry_after = _FIRST_RETRY
        self._retry_at = 0
        self._heard: int | None = None

    def open(self, *, may_wait: object = False) -> None:
        """
        Open the source.

        :param may_wait: a source that can't be opened yet is no error; ``read`` tries again.
        :raises ConfigurationError: if it can't be opened, and that is an error.
        """
        try:
            self.source = self._open_source()
        except SourceError as error:
            self.problem = str(error)
            if not may_wait:
                raise ConfigurationError(str(error)) from error

    def wait(self, now: int) -> float:
        """Return the seconds until there is something to do: none while it is open."""
        if self.finished:
            return IDLE
        return 0.0 if self.source else min(max(0, self._until_retry(now)) / SECOND, IDLE)

    def read(self, now: int) -> Reading | Skipped | None:
        """Return the next reading if there is one; open the source again if it was lost."""
        if self.finished or not (self.source or self._reopen(now)):
            return None
        assert self.source is not None
        try:
            got = self.source.read(_READ)
        except SourceFinished:
            self.finished = True
            self.close()
            return None
        except SourceError as error:
            self.lose(str(error), now)
            return None
        if got is None:
            self._listen(now)
            return None
        self._heard = now
        if not isinstance(got, Skipped):
            self.problem = ""
            self._retry_after = _FIRST_RETRY
        return got

    def lose(self, problem: str, now: int) -> None:
        """Close a source that is of no use, to open it again later."""
        self.close()
        self.problem = problem
        self._retry_at = now + self._retry_after
        self._retry_after = min(2 * self._retry_after, _LAST_RETRY)

    def close(self) -> None:
        """Close the source."""
        source, self.source = self.source, None
        self._heard = None
        if source:
            source.close()

    def _reopen(self, now: int) -> bool:
        if self._until_retry(now) > 0:
            return False
        try:
            self.source = self._open_source()
        except SourceError as error:
            self.lose(str(error), now)
            return False
        self.reconnects += 1
        return True

    def _until_retry(self, now: int) -> int:
        wait = self._retry_at - now
        return wait if wait <= _LAST_RETRY else 0  # else the clock was set back

    def _listen(self, now: int) -> None:
        """Notice a device that is there but gives nothing."""
        if self._heard is None or self._heard > now:
            self._heard = now
        silent = now - self._heard
        if silent < self._patience.silent:
            return
        assert self.source is not None
        problem = (
            f"{self.source.describe()} is connected but has given no {self._patience.what} for "
            f"{silent / SECOND:.0f} s; {self._patience.advice}"
        )
        if silent < self._patience.hung:
            self.problem = problem
        else:
            self.lose(problem, now)
