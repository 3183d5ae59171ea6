"""How far a replay is, on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from edge_perception.core.stamps import SECOND

_INTERVAL = 0.2  # seconds between two looks of the same line
_WIDTH = 30


class Progress:
    """A line with a bar that is written over and over; nothing if it is no terminal."""

    def __init__(self, end: int, stream: TextIO | None = None) -> None:
        """
        Begin.

        :param end: when the bag ends [ns]; 0: unknown.
        :param stream: standard error if it isn't given.
        """
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._end, self._first = end, 0
        self._began = time.monotonic()
        self._due = 0.0

    def update(self, moment: int) -> None:
        """Show how far it is: at a time of the bag [ns]."""
        self._first = self._first or moment
        now = time.monotonic()
        if not self._shown or now < self._due:
            return
        self._due = now + _INTERVAL
        played = (moment - self._first) / SECOND
        speed = played / max(now - self._began, 1e-3)
        bar = ""
        if self._end > self._first:
            share = min(1.0, (moment - self._first) / (self._end - self._first))
            bar = f"[{'#' * round(share * _WIDTH):{_WIDTH}}] {share:4.0%} "
        self._stream.write(f"\r{bar}{played:.1f} s of the bag, {speed:.1f} times real time\033[K")
        self._stream.flush()

    def close(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
