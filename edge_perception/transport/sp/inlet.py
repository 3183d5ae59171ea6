"""Topics of other processes: a socket for each publisher, and the thread that listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
import select
import threading

from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp import frames
from edge_perception.transport.sp.address import Identity
from edge_perception.transport.sp.announcement import Offer
from edge_perception.transport.sp.front import depth
from edge_perception.transport.sp.ring import RingError, RingReader
from edge_perception.transport.sp.sockets import Sockets
from edge_perception.transport.threads import name_thread


class Inlet:
    """
    What a node of another process publishes on a topic, given to the readers of this one.

    :ivar end: the publisher, as the bus knows it
    :ivar lost: messages that were sent and did not come, or were overwritten
    """

    def __init__(
        self,
        bus: Bus,
        end: End,
        offer: Offer,
        sockets: Sockets,
        identity: Identity | None,
        ring: bool,
    ) -> None:
        """
        Connect.

        :param ring: whether the messages are in shared memory
        """
        self.end, self.lost, self.memory_fails = end, 0, False
        self._bus, self._digest, self._number = bus, bytes.fromhex(offer.digest), 0
        self._ring = RingReader() if ring else None
        self._lock = threading.Lock()
        self._ended = False
        self._subscriber = sockets.subscriber(
            addresses.parse(offer.ring if ring else offer.address),
            identity,
            frames.subscription(offer.topic),
            depth(offer.type),
        )

    def fileno(self) -> int:
        """Return a file descriptor that can be read while there is a message."""
        return self._subscriber.fileno()

    def receive(self) -> None:
        """Give what has come to the readers."""
        with self._lock:
            while not self._ended and (frame := self._subscriber.receive()) is not None:
                self._take(frame)

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            self._ended = True
            self._subscriber.close()
            if self._ring is not None:
                self._ring.close()

    def _take(self, frame: bytes) -> None:
        try:
            topic, digest, number, sent, data = frames.parse(frame)
        except frames.FrameError:
            return
        if topic != self.end.topic or digest != self._digest:
            return
        if self._number and number > self._number + 1:
            self.lost += number - self._number - 1
        self._number = number
        if self._ring is not None:
            try:
                copied = self._ring.read(data)
            except RingError:
                self.memory_fails = True
                return
            if copied is None:
                self.lost += 1
                return
            data = copied
        self._bus.publish(self.end, data, sent)


class Receiver:
    """The thread that waits for messages."""

    def __init__(self, report: Callable[[Exception], None]) -> None:
        """
        Start it.

        :param report: is told of exceptions, after which receiving goes on
        """
        self._report = report
        self._inlets: Sequence[Inlet] = ()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._taken_over = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="input", daemon=True)
        self._thread.start()

    def listen(self, inlets: Sequence[Inlet]) -> None:
        """Wait for these from now on; when it returns, the others may be closed."""
        self._taken_over.clear()
        self._inlets = inlets
        os.eventfd_write(self._wake, 1)
        self._taken_over.wait()

    def close(self) -> None:
        """End the thread."""
        self._ended = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._wake)

    def _run(self) -> None:
        name_thread(self._thread.name)
        while not self._ended:
            poll, by_file = select.poll(), {one.fileno(): one for one in self._inlets}
            poll.register(self._wake, select.POLLIN)
            for file in by_file:
                poll.register(file, select.POLLIN)
            self._taken_over.set()
            while self._wake not in (ready := {file for file, _ in poll.poll()}):
                for file in ready:
                    try:
                        by_file[file].receive()
                    except Exception as error:
                        self._report(error)
            os.eventfd_read(self._wake)
