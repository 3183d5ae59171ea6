"""The node that hears a replay on a transport: what is said goes to those who look at replays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge_perception import messages
from edge_perception.core.node import Inputs, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameters
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
        is_on: Callable[[int], bool],
        listeners: Sequence[Listen],
    ) -> None:
        """
        Prepare.

        :param ports: to listen to, by their full topics; their names are unique.
        :param is_on: tells whether what comes at a time [ns] counts.
        """
        self._ports = tuple(port.overheard(_QUEUE, _PICTURES) for port in ports)
        self._ends: Mapping[str, End] = {
            port.name: End("", port.topic, port.type) for port in ports
        }
        self._is_on, self._listeners = is_on, listeners
        self.counts: dict[str, int] = {}

    def ports(self, parameters: Parameters) -> Ports:
        """Return the topics that are listened to."""
        return Ports(self._ports)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Tell what has come."""
        for name, came in inputs.items() if self._is_on(now) else ():
            end = self._ends[name]
            self.counts[end.topic] = self.counts.get(end.topic, 0) + len(came)
            for message in came:
                data = messages.serialize(message)
                for listen in self._listeners:
                    listen(now, end, data)
        return ()
