"""Whether the newest message of an input may still be acted upon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from edge_perception.core.stamps import nanoseconds, SECOND, Stamped

AHEAD = SECOND // 10
"""How far a time stamp may lie in the future: the clocks of two machines differ a little."""
LONG_AGO = 10 * SECOND
"""Nothing takes so long on its way: a stamp that is older was taken from another clock."""
_M = TypeVar("_M", bound=Stamped)

OTHER_CLOCK = "which is another clock rather than a delay"


class Freshness(Generic[_M]):
    """
    The newest message of an input and its age.

    Messages that carry no time, a time in the future, or one that isn't later than that of the
    message before are not accepted: they may be replayed or mixed up. After one whose content
    can't be true the input is missing until a good one comes.

    :ivar message: the newest one accepted; None if there is none.
    :ivar topic: that it comes on.
    :ivar timeout: the age above which a message is stale [ns].
    :ivar refused: what was wrong with the message that came last; empty if nothing was.
    """

    def __init__(self, topic: str, timeout: int, fault: Callable[[_M], str]) -> None:
        """
        Begin without a message.

        :param timeout: the age above which a message is stale [ns].
        :param fault: says why the content of a message can't be true; empty if it can.
        """
        self.message: _M | None = None
        self.topic = topic
        self._fault = fault
        self.timeout = timeout
        self._stamp = 0
        self._now = 0
        self.refused = ""

    def tick(self, now: int) -> None:
        """Record the time; after a jump backwards nothing that was received before counts."""
        if now < self._now:
            self.message = None
            self._stamp = 0
            self.refused = f"the clock jumped back by {(self._now - now) / SECOND:.3f} s"
        self._now = now

    def accept(self, message: _M) -> bool:
        """Record a message, and return whether it may be acted upon."""
        stamp = nanoseconds(message.header.stamp)
        if stamp == 0:
            self.refused = f"what comes on {self.topic} carries no time (header.stamp is 0)"
        elif stamp > self._now + AHEAD:
            ahead = (stamp - self._now) / SECOND
            self.refused = f"what comes on {self.topic} is stamped {ahead:.3f} s in the future"
        elif stamp < self._now - max(LONG_AGO, self.timeout):
            ago = (self._now - stamp) / SECOND
            self.refused = (
                f"what comes on {self.topic} is stamped {ago:.0f} s in the past, {OTHER_CLOCK}"
            )
        elif stamp <= self._stamp:
            self.refused = f"what comes on {self.topic} is not newer than what came before"
        else:
            self._stamp = stamp
            fault = self._fault(message)
            self.refused = f"what comes on {self.topic} {fault}" if fault else ""
            self.message = None if fault else message
            if not fault and self._now > self.expiry():
                limit = self.timeout / SECOND
                self.refused = f"what comes on {self.topic} is over {limit:g} s old when it comes"
            return self.problem() == ""
        return False

    def problem(self) -> str:
        """Return why the input can't be relied upon now; empty if it can."""
        if self.message is not None and self._now <= self.expiry():
            return ""
        if self.refused:
            return self.refused
        if self.message is None:
            return f"nothing has come on {self.topic} yet"
        age, limit = (self._now - self._stamp) / SECOND, self.timeout / SECOND
        return f"the newest of {self.topic} is {age:.3f} s old, the limit is {limit:g} s"

    def expiry(self) -> int:
        """Return the time after which the newest message is stale."""
        return self._stamp + self.timeout
