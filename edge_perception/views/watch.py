"""A robot at work, on a terminal: how often messages come, and what is seen, decided and wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import math
from typing import Any, TextIO

import numpy as np

from edge_perception.core.labels import caption
from edge_perception.core.node import Inputs, Level, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import nanoseconds, SECOND

_PERIOD = SECOND // 5
"""Between two looks of the screen [ns]."""
_WINDOW = 3 * SECOND
"""Over which a rate is taken [ns]."""
_QUEUE, _PICTURES = 100, 2
"""Messages of a topic that wait for the next step, and those of pictures."""
_SHOWN = 5  # things of a list
_CLEAR = "\x1b[H\x1b[2J"
_HELP = "space: pause, n: next topic, q: end"


@dataclass
class _Topic:
    """
    What came on a topic.

    :ivar times: of the last messages [ns].
    """

    port: Port
    times: deque[int] = field(default_factory=deque)
    newest: Any = None

    def take(self, messages: Sequence[Any], now: int) -> None:
        self.times.extend([now] * len(messages))
        self.newest = messages[-1]

    def rate(self, now: int) -> float:
        while self.times and now - self.times[0] > _WINDOW:
            self.times.popleft()
        return len(self.times) * SECOND / _WINDOW

    def age(self, now: int) -> float:
        """Return how old the newest message is by its stamp [s]; NaN: nothing tells."""
        header = getattr(self.newest, "header", None)
        stamp = nanoseconds(header.stamp) if header is not None else 0
        return (now - stamp) / SECOND if stamp else math.nan


class WatchCore(NodeCore):
    """Shows a robot on a terminal, drawn anew five times a second."""

    def __init__(
        self,
        ports: Sequence[Port],
        out: TextIO,
        key: Callable[[], str],
        ended: Callable[[], None],
    ) -> None:
        """
        Begin.

        :param ports: those to watch; their names are unique.
        :param key: returns the key that was pressed; empty: none was.
        :param ended: is called when somebody wants it to end.
        """
        self._ports = tuple(port.overheard(_QUEUE, _PICTURES) for port in ports)
        self._topics = {port.name: _Topic(port) for port in self._ports}
        self._out, self._key, self._ended = out, key, ended
        self._wrong: dict[str, str] = {}
        self._paused = False
        self._chosen = -1
        self._due = 0

    def ports(self, parameters: Parameters) -> Ports:
        """Return the topics that are watched."""
        return Ports(self._ports)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Take what has come, and draw it if it is time to."""
        for name, came in inputs.items():
            self._topics[name].take(came, now)
            if self._topics[name].port.type == "diagnostic_msgs/msg/DiagnosticArray":
                self._note([one for report in came for one in report.status])
        self._act(self._key())
        if now >= self._due and not self._paused:
            self._due = now + _PERIOD
            self._out.write(_CLEAR + "\n".join(self.lines(now)) + "\n")
            self._out.flush()
        return ()

    def lines(self, now: int) -> list[str]:
        """Return what is shown."""
        heard = [one for one in self._topics.values() if one.newest is not None]
        shown = [f"{'topic':40} {'a second':>9} {'age [ms]':>9}"]
        for index, one in enumerate(heard):
            mark = ">" if self._chosen >= 0 and index == self._chosen % len(heard) else " "
            age = one.age(now)
            text = "" if math.isnan(age) else f"{age * 1e3:.0f}"
            name = self.topic(one.port.name)
            shown.append(f"{mark}{name:39} {one.rate(now):9.1f} {text:>9}")
        shown += ["", *self._summary(heard)]
        shown += [f"wrong     {name}: {said}" for name, said in list(self._wrong.items())[:_SHOWN]]
        if heard and self._chosen >= 0:
            one = heard[self._chosen % len(heard)]
            shown += ["", self.topic(one.port.name), *_fields(one.newest)]
        return [*shown, "", _HELP]

    def _summary(self, heard: Sequence[_Topic]) -> list[str]:
        """Return what is seen, where the robot is, and what it decides."""
        newest = {one.port.type.rpartition("/")[2]: one.newest for one in heard}
        lines = []
        if (seen := newest.get("DetectionArray")) is not None:
            things = [f"{caption(one)} {one.score:.2f}" for one in seen.detections[:_SHOWN]]
            lines.append(f"sees      {', '.join(things) or 'nothing'}")
        if (odometry := newest.get("Odometry")) is not None:
            place, turned = odometry.pose.pose.position, odometry.pose.pose.orientation
            heading = math.degrees(2 * math.atan2(turned.z, turned.w))
            lines.append(f"is at     {place.x:.2f}, {place.y:.2f} m, {heading:.0f} degrees")
        if (decision := newest.get("Decision")) is not None:
            safe = " (safe)" if decision.safe else ""
            lines.append(f"decides   {decision.action}{safe}: {decision.reason}")
        return lines

    def _note(self, status: Sequence[Any]) -> None:
        """Remember who says that something is wrong, until it says that it isn't."""
        for one in status:
            self._wrong.pop(one.name, None)
            if one.level >= Level.WARN:
                self._wrong[one.name] = one.message

    def _act(self, key: str) -> None:
        if key == " ":
            self._paused = not self._paused
        elif key == "n":
            self._chosen += 1
        elif key == "q":
            self._ended()


def _fields(message: Any) -> list[str]:
    """Return the fields of a message, a line each; of long ones the size."""
    found = []
    for name in message.__slots__:
        value = getattr(message, name)
        if isinstance(value, np.ndarray | bytes | memoryview) and len(value) > _SHOWN:
            value = f"{len(value)} numbers"
        elif isinstance(value, list) and len(value) > _SHOWN:
            value = f"{len(value)} of them"
        found.append(f"  {name}: {str(value)[:160]}")
    return found
