"""The node that records the others: the same on every transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

from edge_perception import messages
from edge_perception.bags.record import BagError, Topic
from edge_perception.bags.recorder import Recorder
from edge_perception.core.node import Inputs, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import SECOND

_QUEUE = 200
"""Messages of a topic that wait while the disk is slow."""


class RecorderCore(NodeCore):
    """Records what comes on its inputs, and shows how much that is."""

    def __init__(
        self,
        ports: Iterable[Port],
        recorder: Recorder,
        out: TextIO,
        ended: Callable[[str], None],
    ) -> None:
        """
        Begin.

        :param ports: those to record; names are unique, topics as the nodes have them.
        :param out: a terminal, on which it is shown once a second how much was recorded.
        :param ended: is told once why no more is recorded.
        """
        self._ports = tuple(port.overheard(_QUEUE) for port in ports)
        self._recorder = recorder
        self._out, self._ended = out, ended
        self._counts: dict[str, int] = {}
        self._named: Mapping[str, Topic] = {}
        self._shown = 0

    def ports(self, parameters: Parameters) -> Ports:
        """Return the topics that are recorded."""
        return Ports(self._ports)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Record what has come."""
        if self._recorder.full:
            return ()
        if not self._named:
            self._named = {
                port.name: Topic(self.topic(port.name), port.type) for port in self._ports
            }
        try:
            for name, came in inputs.items():
                for message in came:
                    self._recorder.write(now, self._named[name], messages.serialize(message))
                self._counts[name] = self._counts.get(name, 0) + len(came)
        except BagError as error:
            self._recorder.full = str(error)
        if now - self._shown >= SECOND:
            self._show(now)
        if self._recorder.full:
            self._ended(self._recorder.full)
        return ()

    def finish(self) -> str:
        """
        End the recording; return what was recorded, for a person.

        :raises BagError: if the disk is full, or nothing came.
        """
        self._recorder.close()
        if not self._counts:
            topics = ", ".join(port.topic for port in self._ports)
            raise BagError(f"there is no bag: nothing came on {topics}")
        lines = [
            f"{self._named[name].name}: {count} messages"
            for name, count in sorted(self._counts.items())
        ]
        return "\n".join([*lines, self._sum()])

    def _show(self, now: int) -> None:
        self._shown = now
        if self._out.isatty():
            self._out.write(f"\r{self._sum()}\033[K")
            self._out.flush()

    def _sum(self) -> str:
        recorder = self._recorder
        rate = recorder.size / 1e6 / recorder.seconds if recorder.seconds else 0.0
        return (
            f"{sum(self._counts.values())} messages, {recorder.seconds:.1f} s, "
            f"{recorder.size / 1e6:.1f} MB, {rate:.2f} MB/s"
        )
