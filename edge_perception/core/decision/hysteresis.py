"""A switch that changes only when enough of the last images agree, and not too soon again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """At least ``count`` of the last ``of`` images."""

    count: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.count} of {self.of}"


class Switch:
    """
    Whether a rule is in force.

    :ivar on: whether it is.
    """

    def __init__(self, after: Share, release: Share, hold: int, cooldown: int = 0) -> None:
        """
        Make a switch that is off.

        :param after: images in which the condition must hold, to switch on.
        :param release: images in which it must not hold, to switch off.
        :param hold: least time in nanoseconds from switching on to switching off.
        :param cooldown: least time in nanoseconds from switching off to switching on again.
        """
        self.on = False
        self._after, self._release = after, release
        self._hold, self._cooldown = hold, cooldown
        self._since: int | None = None
        self._votes: deque[bool] = deque(maxlen=after.of)

    def see(self, holds: bool) -> None:
        """Record whether the condition holds in a new image."""
        self._votes.append(holds != self.on)  # a vote for change

    def settle(self, now: int) -> None:
        """Change if enough images ask for it; the images before a change don't count after it."""
        needed = self._release if self.on else self._after
        least = self._hold if self.on else self._cooldown
        if self._since is not None and 0 <= now - self._since < least:
            return
        if sum(self._votes) >= needed.count:
            self._turn(not self.on)
            self._since = now

    def forget(self, now: int) -> None:
        """Switch off, and begin anew; the time to cool down counts on."""
        if self.on:
            self._since = now
        self._turn(False)

    def _turn(self, on: bool) -> None:
        self.on = on
        self._votes = deque(maxlen=(self._release if on else self._after).of)
