"""A topic on the bridge: which of its messages pass, and how many did."""

from __future__ import annotations

import struct

from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.stamps import SECOND
from edge_perception.messages import MessageError
from edge_perception.messages.classes import definition
from edge_perception.transport.bridge.rules import Direction, Route

_HEADER = "std_msgs/msg/Header"
_STAMPS = {b"\0\1": struct.Struct("<iI"), b"\0\0": struct.Struct(">iI")}
_BEGIN = 4  # bytes that say how a message is encoded


class Flow:
    """
    Lets messages of a topic pass, or not. Nothing of them is read but the stamp of commands.

    :ivar problem: why nothing goes over the bridge; empty: it does
    """

    def __init__(self, direction: Direction, route: Route, type_: str) -> None:
        self.direction, self.route, self.type = direction, route, type_
        self.problem = ""
        self._stamped = _is_stamped(type_)
        self._passed = self._slowed = self._expired = 0
        self._due = 0
        if route.expires and not self._stamped and direction is Direction.TO_ROS:
            self.problem = (
                f"{route.topic} expires, but {type_} has no header that says how old it is: use a"
                " type with a stamp, such as geometry_msgs/msg/TwistStamped"
            )

    def passes(self, data: bytes, now: int, sent: int = 0) -> bool:
        """
        Return whether a message goes to the other side.

        :param now: in nanoseconds
        :param sent: when it was published, if that is known; else 0
        """
        if self.problem:
            return False
        if self.route.expires:
            stamp = self._stamp(data) or sent
            # from the future counts too: with another clock nobody knows how old it is
            if not stamp or abs(now - stamp) > self.route.expires * SECOND:
                self._expired += 1
                return False
        if self.route.rate:
            if now < self._due:
                self._slowed += 1
                return False
            interval = int(SECOND / self.route.rate)
            self._due = max(self._due + interval, now + interval // 2)  # keeps the beat
        self._passed += 1
        return True

    def diagnose(self) -> Diagnostic:
        """Report what passed, and what did not."""
        values = {
            "direction": self.direction.value,
            "type": self.type,
            "passed": str(self._passed),
            "left out by rate": str(self._slowed),
            "expired": str(self._expired),
        }
        level = Level.ERROR if self.problem else Level.OK
        return Diagnostic(level, self.route.topic, self.problem or "passes", values)

    def _stamp(self, data: bytes) -> int:
        """Return the stamp of a message's header in nanoseconds; 0 if it has none."""
        form = _STAMPS.get(data[:2])
        if not self._stamped or form is None or len(data) < _BEGIN + form.size:
            return 0
        seconds, nanoseconds = form.unpack_from(data, _BEGIN)
        return int(seconds) * SECOND + int(nanoseconds)


def _is_stamped(type_: str) -> bool:
    """Tell whether messages of a type begin with a header."""
    try:
        fields = definition(type_).fields
    except MessageError:
        return False
    return bool(fields) and fields[0].type.base == _HEADER and not fields[0].type.array
