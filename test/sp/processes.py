"""Processes that are linked to each other, all in this one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from queue import Queue
import select
import time

from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp.link import Link
from edge_perception.transport.sp.process import linked, Network, network
from edge_perception.transport.sp.services import Services
from edge_perception.transport.sp.sockets import Subscriber

PATIENCE = 60.0
TEXT, IMAGE = "std_msgs/msg/String", "sensor_msgs/msg/Image"


class Process:
    """A bus that is linked to others, with somebody who speaks and listens there."""

    def __init__(self, stack: ExitStack, net: Network | str) -> None:
        self.bus = Bus()
        self.services = Services(self.bus)
        self.net = network(net) if isinstance(net, str) else net
        self._opened: AbstractContextManager[Link] = linked(
            self.bus, self.net, self.services.answer
        )
        self.link = self._opened.__enter__()
        self._stack = stack
        stack.callback(self.close)
        self.is_open = True

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._opened.__exit__(None, None, None)

    def hear(self, topic: str, type_: str = TEXT, prompt: bool = True) -> Queue[bytes]:
        heard: Queue[bytes] = Queue()
        self.bus.read(End("/listener", topic, type_, heard.put, prompt=prompt))
        return heard

    def speaker(
        self, topic: str, type_: str = TEXT, latched: bool = False
    ) -> Callable[[bytes], None]:
        end = End("/speaker", topic, type_, latched=latched)
        self.bus.advertise(end)
        return lambda data: self.bus.publish(end, data)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def next_message(subscriber: Subscriber) -> bytes:
    poll = select.poll()
    poll.register(subscriber.fileno(), select.POLLIN)
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0:
        if (message := subscriber.receive()) is not None:
            return message
        poll.poll(left * 1000)
    raise TimeoutError
