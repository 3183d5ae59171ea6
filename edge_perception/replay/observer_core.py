"""The node that hears a replay on a transport: what is said goes to those who look at replays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from edge_perception import messages
from edge_perception.core.node import Inputs, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameters
from edge_perception.messages import Message
from edge_perception.transport.bag.scheduler import Listen
from edge_perception.transport.local.bus import End

_QUEUE, _PICTURES = 50, 8
"""Messages of a topic that wait for the next step, and those of pictures."""


class ObserverCore(NodeCore):
    """
    Tell listeners what comes on its inputs.

    :ivar counts: of messages that came, by topic.
    """

    def __init__(
        self,
        ports: Sequence[Port],
        begin: int,
        is_done: Callable[[], bool],
        lasting: Collection[str],
        listeners: Sequence[Listen],
    ) -> None:
        """
        Prepare.

        :param ports: to listen to, by their full topics; their names are unique.
        :param begin: from when on it counts what comes [ns].
        :param is_done: tells whether it counts no longer.
        :param lasting: topics whose last message before then is in force when it begins.
        """
        self._ports = tuple(port.overheard(_QUEUE, _PICTURES) for port in ports)
        self._ends: Mapping[str, End] = {
            port.name: End("", port.topic, port.type) for port in ports
        }
        self._begin, self._is_done, self._lasting = begin, is_done, lasting
        self._listeners = listeners
        self._in_force: dict[str, Message] = {}
        self.counts: dict[str, int] = {}

    def ports(self, parameters: Parameters) -> Ports:
        """Return the topics that are listened to."""
        return Ports(self._ports)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Tell what has come."""
        if now < self._begin:
            for name, came in inputs.items():
                if self._ends[name].topic in self._lasting:
                    self._in_force[name] = came[-1]
        elif not self._is_done():
            while self._in_force:
                name, message = self._in_force.popitem()
                self._tell(self._begin, self._ends[name], message)
            for name, came in inputs.items():
                end = self._ends[name]
                self.counts[end.topic] = self.counts.get(end.topic, 0) + len(came)
                for message in came:
                    self._tell(now, end, message)
        return ()

    def _tell(self, moment: int, end: End, message: Message) -> None:
        data = messages.serialize(message)
        for listen in self._listeners:
            listen(moment, end, data)
