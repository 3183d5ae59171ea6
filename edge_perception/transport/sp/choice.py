"""Which implementation of the sockets is used."""

from __future__ import annotations

import os

from edge_perception.robot.plan import RequestError
from edge_perception.transport.sp.sockets import Sockets

CHOICE = "EDGE_ROBOT_SP"
"""The environment variable with the implementation: plain, which is the default, or nng."""


class ChoiceError(RequestError):
    """An implementation that there is not."""


def choose(name: str = "") -> Sockets:
    """
    Return an implementation.

    The plain one takes less memory and processor time, as it has one thread and hands none of the
    messages from thread to thread; ``make bench-transport`` shows it.

    :param name: plain or nng; empty: that of the variable CHOICE
    :raises ChoiceError: if there is no such
    """
    name = name or os.environ.get(CHOICE, "plain")
    if name == "plain":
        from edge_perception.transport.sp.plain.sockets import PlainSockets

        return PlainSockets()
    if name != "nng":
        raise ChoiceError(f"{CHOICE} is {name!r}: expected plain or nng")
    try:
        from edge_perception.transport.sp.nng import NngSockets
    except ImportError as error:
        raise ChoiceError(f"{CHOICE} is nng: {error}: pip install pynng") from error
    return NngSockets()
