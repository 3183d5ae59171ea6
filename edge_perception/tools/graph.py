"""What runs now: the announcements of all processes that can be heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import time

from edge_perception.robot.plan import RequestError
from edge_perception.transport.sp.announcement import Announcement
from edge_perception.transport.sp.choice import choose
from edge_perception.transport.sp.peers import Peers
from edge_perception.transport.sp.process import Network

PATIENCE = 5.0  # seconds in which processes have to say what they are; they do so when asked


@dataclass(frozen=True)
class Known:
    """
    What processes have said.

    :ivar troubles: by process, why it is not heard any more
    """

    said: tuple[Announcement, ...]
    troubles: dict[str, str]


def known(network: Network) -> Known:
    """
    Listen to all processes, until each has said what it is.

    :raises RequestError: if there is none
    """
    with listening(network) as peers:
        end = time.monotonic() + PATIENCE
        while any(peer.said is None for peer in peers) and time.monotonic() < end:
            time.sleep(0.01)
            for peer in peers:
                peer.hear()
            peers.look()
        said = tuple(peer.said for peer in peers if peer.said is not None)
        troubles = {peer.name: text for peer in peers if (text := peer.trouble())}
        silent = [str(peer.home) for peer in peers if peer.said is None]
    if silent and not said:
        raise RequestError(f"{' and '.join(silent)} can't be heard: does the robot hang?")
    if not said:
        raise RequestError("no robot runs here: edge-robot up --transport nanomsg starts it")
    return Known(said, troubles)


@contextmanager
def listening(network: Network) -> Iterator[Peers]:
    """Listen to all processes while the context lasts."""
    peers = Peers(choose(), "", network.peers, network.identity)
    try:
        peers.look()
        yield peers
    finally:
        peers.close()
