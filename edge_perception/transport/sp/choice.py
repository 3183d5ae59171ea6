"""Which implementation of the sockets is used."""

from __future__ import annotations

import os

from edge_perception.transport.sp.sockets import Sockets

CHOICE = "EDGE_ROBOT_SP"
"""The environment variable with the implementation: nng or plain; not set: nng if it is there."""


def choose(name: str = "") -> Sockets:
    """
    Return an implementation.

    :param name: nng or plain; empty: that of the variable CHOICE, or nng if it is there
    :raises ValueError: if there is no such
    :raises ImportError: if nng is wanted and pynng isn't there
    """
    name = name or os.environ.get(CHOICE, "")
    if name not in ("", "nng", "plain"):
        raise ValueError(f"{CHOICE} is {name!r}: expected nng or plain")
    if name != "plain":
        try:
            from edge_perception.transport.sp.nng import NngSockets

            return NngSockets()
        except ImportError:
            if name:
                raise
    from edge_perception.transport.sp.plain.sockets import PlainSockets

    return PlainSockets()
