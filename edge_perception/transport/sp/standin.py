"""Who speaks for nodes that were killed: what makes those safe who obey them."""

from __future__ import annotations

from collections.abc import Mapping
import threading
import time

from edge_perception import messages
from edge_perception.core.stamps import to_time
from edge_perception.transport import log
from edge_perception.transport.endpoints import Words
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.threads import name_thread

INTERVAL = 0.1  # seconds between two messages


class StandIn:
    """Publishes the last words of nodes, again and again, until they are back."""

    def __init__(self, bus: Bus) -> None:
        """Start a thread, which has nothing to say yet."""
        self._bus = bus
        self._ends: list[tuple[End, bytes]] = []
        self._changed = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)
        self._thread.start()

    def speak(self, held: Mapping[str, Words]) -> None:
        """Speak for these nodes from now on, and for no others."""
        before, self._ends = self._ends, []
        for end, _ in before:
            self._bus.remove(end)
        for node, words in held.items():
            log.error(
                "",
                f"the process of {node} was killed; its safe action is published in its place by"
                f" {name_of_stand_in(node)}",
            )
            self._ends += [
                (End(name_of_stand_in(node), topic, kind), data) for topic, kind, data in words
            ]
        for end, _ in self._ends:
            self._bus.advertise(end)
        self._changed.set()

    def close(self) -> None:
        """End."""
        self._ended = True
        self.speak({})
        self._thread.join()

    def _run(self) -> None:
        name_thread(self._thread.name)
        while not self._ended:
            self._changed.wait(INTERVAL if self._ends else None)
            self._changed.clear()
            for end, data in self._ends:
                self._bus.publish(end, _stamped(end.type, data))


def name_of_stand_in(node: str) -> str:
    """Return the fully qualified name of the node that speaks in place of one."""
    return f"{node}_guard"


def _stamped(type_: str, data: bytes) -> bytes:
    """Return a message with the present time, if it has one."""
    message = messages.deserialize(data, messages.get(type_))
    if not hasattr(message, "header"):
        return data
    message.header.stamp = to_time(time.time_ns())
    return messages.serialize(message)
