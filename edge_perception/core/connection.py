"""Keep a source open: what is lost is opened again, at growing intervals, for ever."""

from __future__ import annotations

from collections.abc import Callable

from edge_perception.core.source import (
    Frame,
    Request,
    Skipped,
    Source,
    SourceError,
    SourceFinished,
)
from edge_perception.core.stamps import SECOND

OpenSource = Callable[[str, Request], Source]

_FIRST_RETRY = SECOND // 2
_LAST_RETRY = 5 * SECOND
_SILENT = 2 * SECOND
_HUNG = 10 * SECOND
_READ = 0.4
"""Seconds that a read may block: a node is asked to stop at any time."""


class Connection:
    """
    A source that may come and go.

    :ivar finished: all pictures were read, and it does not repeat itself.
    :ivar problem: why there are no pictures now; empty while all is well.
    :ivar reconnects: how often a lost source was opened again.
    """

    def __init__(self, spec: str, request: Request, open_source: OpenSource) -> None:
        self.source: Source | None = None
        self.finished = False
        self.problem = ""
        self.reconnects = 0
        self._spec = spec
        self._request = request
        self._open_source = open_source
        self._retry_after = _FIRST_RETRY
        self._retry_at = 0
        self._heard: int | None = None

    def open(self) -> None:
        """
        Open the source.

        :raises SourceError: if that fails; ``read`` tries again.
        """
        try:
            self.source = self._open_source(self._spec, self._request)
        except SourceError as error:
            self.problem = str(error)
            raise

    def wait(self, now: int) -> float:
        """Return the seconds until there is something to do."""
        if self.finished:
            return 1.0
        return 0.0 if self.source else max(0, self._until_retry(now)) / SECOND

    def read(self, now: int) -> Frame | Skipped | None:
        """Return the next picture if there is one; open the source again if it was lost."""
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
            self._lose(str(error), now)
            return None
        if got is None:
            self._listen(now)
            return None
        self._heard = now
        if isinstance(got, Frame):
            self.problem = ""
            self._retry_after = _FIRST_RETRY
        return got

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
            self.open()
        except SourceError as error:
            self._lose(str(error), now)
            return False
        self.reconnects += 1
        return True

    def _until_retry(self, now: int) -> int:
        wait = self._retry_at - now
        return wait if wait <= _LAST_RETRY else 0  # else the clock was set back

    def _lose(self, problem: str, now: int) -> None:
        self.close()
        self.problem = problem
        self._retry_at = now + self._retry_after
        self._retry_after = min(2 * self._retry_after, _LAST_RETRY)

    def _listen(self, now: int) -> None:
        """Notice a device that is there but gives no pictures."""
        if self._heard is None or self._heard > now:
            self._heard = now
        silent = now - self._heard
        if silent < _SILENT:
            return
        assert self.source is not None
        problem = (
            f"{self.source.describe()} is connected but has given no picture for "
            f"{silent / SECOND:.0f} s; check its cable, power and USB bandwidth"
        )
        if silent < _HUNG:
            self.problem = problem
        else:
            self._lose(problem, now)
