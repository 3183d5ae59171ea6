"""Which implementation of the sockets is used."""

from __future__ import annotations

from importlib import import_module
import os

from edge_perception.robot.plan import RequestError
from edge_perception.transport.sp.sockets import Sockets

CHOICE = "EDGE_ROBOT_SP"
"""The environment variable with the implementation: plain, which is the default, or nng."""


PLAIN = "plain"
IMPLEMENTATIONS = {
    PLAIN: "edge_perception.transport.sp.plain.sockets:PlainSockets",
    "nng": "edge_perception.transport.sp.nng:NngSockets",
}
"""By name, their module and class, which is loaded when it is chosen."""


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
    name = name or os.environ.get(CHOICE, PLAIN)
    if name not in IMPLEMENTATIONS:
        raise ChoiceError(f"{CHOICE} is {name!r}: expected {' or '.join(IMPLEMENTATIONS)}")
    module, _, kind = IMPLEMENTATIONS[name].partition(":")
    try:
        made: Sockets = getattr(import_module(module), kind)()
    except ImportError as error:
        raise ChoiceError(f"{CHOICE} is {name}: {error}: pip install pynng") from error
    return made
