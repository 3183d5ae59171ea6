"""A circuit breaker: a server that fails is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
import random

FAILURES = 3  # in a row, after which it is left alone
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds


class Breaker:
    """
    Says when a server may be asked.

    After `FAILURES` in a row it may not for a second, after as many after that for twice as long.
    One request after a pause would say little of a server that is only just in time: on a new or
    idle connection the first picture takes several round trips more than those that follow it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """
        Begin with confidence.

        :param clock: seconds that never go back.
        """
        self._clock = clock
        self._failures, self._pause, self._until = 0, FIRST_PAUSE, 0.0

    @property
    def left(self) -> float:
        """Return for how many seconds it may not be asked; 0: it may."""
        return max(0.0, self._until - self._clock())

    def succeed(self) -> None:
        """Note an answer."""
        self._failures, self._pause = 0, FIRST_PAUSE

    def fail(self) -> None:
        """Note that there was none, or none that can be used."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._failures = 0
            # robots that lost the same server don't come back to it all at once
            self._until = self._clock() + random.uniform(self._pause / 2, self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
