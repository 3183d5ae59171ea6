"""What topics and services on the bridge have in common: how they get there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from edge_perception.core.node import ConfigurationError
from edge_perception.messages import MessageError
from edge_perception.transport.bridge.rules import Direction, Route, Rules


class Crossing(Protocol):
    """
    A topic or a service on the bridge.

    :ivar problem: why nothing goes over the bridge; empty: it does
    """

    problem: str


_C = TypeVar("_C", bound=Crossing)


def open_once(
    there: dict[tuple[Direction, str], _C],
    rules: Rules,
    direction: Direction,
    name: str,
    make: Callable[[Route], _C],
    connect: Callable[[Route, _C], None],
) -> None:
    """
    Let a topic or a service go over the bridge, if it may and does not yet.

    :param there: those that do, or should; this one is added
    :param make: makes it, given how it goes
    :param connect: opens it on both sides
    """
    route = rules.route(direction, name)
    if route is None or (direction, name) in there:
        return
    crossing = there[direction, name] = make(route)
    crossing.problem = rules.circle(name) or crossing.problem
    if crossing.problem:
        return
    try:
        connect(route, crossing)
    except (ConfigurationError, MessageError) as error:
        crossing.problem = str(error)
