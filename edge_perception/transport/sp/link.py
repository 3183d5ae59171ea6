"""The link between the bus of this process and those of others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
import os
import select
import threading
import time

from edge_perception.messages import MessageError
from edge_perception.messages.type_hash import digest
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp import announcement as announcements
from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.announcement import Announcement, Child, Offer, Want
from edge_perception.transport.sp.front import Front, HEARTBEAT, next_beat
from edge_perception.transport.sp.inlet import Inlet, Receiver
from edge_perception.transport.sp.peers import Peer, Peers
from edge_perception.transport.sp.ring import can_read
from edge_perception.transport.sp.services import call
from edge_perception.transport.sp.sockets import CallError, Sockets
from edge_perception.transport.threads import name_thread

LOOK = HEARTBEAT / 3  # seconds between two looks at which processes there are
LAST_WORDS = 0.1  # seconds that what was published last has to reach others before the end

_Key = tuple[str, str, Offer]
"""An output of another process: the process, its instance, and what it offers."""


class Link:
    """
    Keeps sockets for the topics of a bus, and the ends of other processes on it.

    What is there and what should be is compared when something changes, and four times a second:
    so it does not matter in which order processes come, go, hang and come back.
    """

    def __init__(
        self,
        bus: Bus,
        name: str,
        sockets: Sockets,
        peers: Peers,
        fronts: Sequence[Front],
        outside: str,
        identity: Identity | None,
        report: Callable[[Exception], None],
    ) -> None:
        """
        Prepare the thread without starting it.

        :param name: of this process
        :param fronts: where others reach it; none: it only listens
        :param outside: where those of other machines do; empty: nowhere
        :param report: is told of exceptions, after which it goes on
        """
        self._children: Sequence[Child] = ()
        self._nodes: Sequence[str] = ()
        self._bus, self._name, self._sockets, self._identity = bus, name, sockets, identity
        self._peers, self._fronts, self._outside = peers, fronts, outside
        self._report = report
        self._ends: dict[_Key, End] = {}
        self._inlets: dict[_Key, Inlet] = {}
        self._heard: list[Inlet] = []
        self._without_memory: set[str] = set()  # instances whose shared memory can't be read
        self._receiver = Receiver(report)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._troubles: list[str] = []
        self._heard_of: Sequence[Announcement] = ()
        self._watch_peers()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def __enter__(self) -> Link:
        self._bus.changed = self._wake_up
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        time.sleep(LAST_WORDS)
        self._bus.changed = lambda: None
        self._ended = True
        self._wake_up()
        self._thread.join()
        self._receiver.listen(())
        self._receiver.close()
        for inlet in self._inlets.values():
            inlet.close()
        self._peers.close()
        for front in self._fronts:
            front.close()
        os.close(self._wake)

    @property
    def children(self) -> Sequence[Child]:
        """The processes that this one watches over, which others are told of."""
        return self._children

    @children.setter
    def children(self, children: Sequence[Child]) -> None:
        self._children = children
        self._wake_up()

    @property
    def nodes(self) -> Sequence[str]:
        """The names of the nodes of this process that others may ask."""
        return self._nodes

    @nodes.setter
    def nodes(self, nodes: Sequence[str]) -> None:
        self._nodes = nodes
        self._wake_up()

    @property
    def homes(self) -> list[Address]:
        """Return where others hear what this process says of itself."""
        return [front.home for front in self._fronts]

    def fetch(self, topics: Collection[str]) -> None:
        """Take what has come on topics whose readers don't wait for it."""
        for inlet in tuple(self._inlets.values()):
            if inlet.end.topic in topics:
                inlet.receive()

    def lost(self, topic: str) -> int:
        """Return how many messages of a topic were sent and did not come."""
        return sum(one.lost for one in tuple(self._inlets.values()) if one.end.topic == topic)

    def services(self) -> dict[str, Want]:
        """Return what other processes offer to be called, by name."""
        return {name: want for name, (want, _) in announcements.services(self._heard_of).items()}

    def call(self, service: str, data: bytes, timeout: float) -> bytes:
        """
        Call a service of another process.

        :param data: the request, CDR
        :param timeout: seconds
        :returns: the answer, CDR
        :raises CallError: if nobody offers it, it doesn't answer, or refuses
        """
        offered = announcements.services(self._heard_of)
        if service not in offered:
            raise CallError(f"nobody offers {service} any more")
        want, address = offered[service]
        where = addresses.parse(address)
        return call(self._sockets, where, self._identity, service, want.type, data, timeout)

    def _wake_up(self) -> None:
        os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        name_thread(self._thread.name)
        due, changed, ready = 0.0, True, set[int]()
        while not self._ended:
            try:
                looks = time.monotonic() >= due or any(one.process in ready for one in self._peers)
                if looks:
                    due = next_beat(LOOK)
                    if self._peers.look(ready):
                        self._watch_peers()
                        changed = True
                troubles = [one.trouble() for one in self._peers] if looks else self._troubles
                if self._peers.hear(ready) or changed or troubles != self._troubles:
                    self._troubles = troubles
                    self._join()
                    self._announce()
                for front in self._fronts:
                    front.beat()
            except Exception as error:
                self._report(error)
            ready = self._wait(due - time.monotonic())
            if changed := self._wake in ready:
                os.eventfd_read(self._wake)

    def _announce(self) -> None:
        others = sorted(said.outside for said in self._heard_of if said.outside)
        for front in self._fronts:
            front.update(self._name, self._bus, self._nodes, self._children, self._outside, others)

    def _watch_peers(self) -> None:
        """Let what the peers announce end the wait."""
        self._poll = select.poll()
        files = (file for peer in self._peers for file in (peer.fileno(), peer.process))
        for file in (self._wake, *files):
            if file >= 0:
                self._poll.register(file, select.POLLIN)

    def _wait(self, seconds: float) -> set[int]:
        """Wait until something changes; return the descriptors that say what."""
        return {file for file, _ in self._poll.poll(max(0.0, seconds) * 1000)}

    def _join(self) -> None:
        """Have the ends of all other processes on the bus, and sockets for what is read here."""
        offered: dict[_Key, Peer] = {}
        troubles: dict[str, str] = {}
        for name, said in self._peers.ended.items():
            for offer in said.offers:
                troubles[offer.topic] = (
                    f"the process {name}, in which {offer.node} published {offer.topic}, has"
                    " ended: start it again"
                )
        for peer in self._peers:
            if peer.said is None:
                continue
            trouble = peer.trouble()
            for offer in peer.said.offers:
                mismatch = _mismatch(offer)
                if problem := trouble or mismatch:
                    troubles[offer.topic] = problem
                else:
                    troubles.pop(offer.topic, None)
                if not mismatch:
                    offered[peer.said.process, peer.said.instance, offer] = peer
        self._bus.troubles = troubles
        self._heard_of = tuple(one.said for one in self._peers if one.said is not None)
        self._take_ends(offered)
        self._connect(offered)

    def _take_ends(self, offered: dict[_Key, Peer]) -> None:
        for key in self._ends.keys() - offered.keys():
            self._bus.remove(self._ends.pop(key))
        for key in offered.keys() - self._ends.keys():
            process, _, offer = key
            end = End(offer.node, offer.topic, offer.type, latched=offer.latched, process=process)
            self._ends[key] = end
            self._bus.advertise(end)

    def _connect(self, offered: dict[_Key, Peer]) -> None:
        readers = self._bus.own()[1]
        read = {(end.topic, end.type) for end in readers}
        wanted = {key for key in offered if (key[2].topic, key[2].type) in read}
        for key, inlet in self._inlets.items():
            if inlet.memory_fails and key[1] not in self._without_memory:
                self._without_memory.add(key[1])
                wanted.discard(key)  # and connect anew the next time
        prompt = {(end.topic, end.type) for end in readers if end.prompt}
        gone = [self._inlets.pop(key) for key in self._inlets.keys() - wanted]
        new = wanted - self._inlets.keys()
        for key in new:
            peer = offered[key]
            self._inlets[key] = Inlet(
                self._bus,
                self._ends[key],
                key[2],
                self._sockets,
                self._identity if peer.record is None else None,
                self._has_memory(key, peer),
            )
        heard = [one for one in self._inlets.values() if (one.end.topic, one.end.type) in prompt]
        if heard != self._heard:
            self._heard = heard
            self._receiver.listen(heard)
        for inlet in gone:
            inlet.close()

    def _has_memory(self, key: _Key, peer: Peer) -> bool:
        """Tell whether messages are read from shared memory."""
        return (
            bool(key[2].ring)
            and peer.record is not None
            and key[1] not in self._without_memory
            and can_read(peer.record.pid)
        )


def _mismatch(offer: Offer) -> str:
    """Return why messages of another process can't be understood; empty: they can."""
    try:
        same = digest(offer.type).hex() == offer.digest
    except MessageError:
        return ""  # nobody reads here what is not known here
    if same:
        return ""
    return (
        f"{offer.node} publishes {offer.topic} with another definition of {offer.type}: install"
        " the same version of edge_perception, and of that package, on both sides"
    )
