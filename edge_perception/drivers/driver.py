"""What a driver tells of itself, so that a source can be chosen by what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import os
from typing import Generic, TypeVar

from edge_perception.core.source import SourceError

Request = TypeVar("Request")
Opened = TypeVar("Opened")


@dataclass(frozen=True)
class Driver(Generic[Request, Opened]):
    """
    A kind of source.

    :ivar form: how its sources are written, for the error message.
    :ivar accepts: tells, without opening it, whether a source is of this kind.
    :ivar open: opens it as requested, or raises SourceError.
    """

    form: str
    accepts: Callable[[str], bool]
    open: Callable[[str, Request], Opened]


def choose(
    drivers: Sequence[Driver[Request, Opened]], what: str, spec: str, request: Request
) -> Opened:
    """
    Open a source by the first driver that accepts it.

    :param what: the kind of sources, for the message.
    :raises SourceError: if none accepts it, or it can't be opened.
    """
    spec = os.path.expanduser(spec)
    for driver in drivers:
        if driver.accepts(spec):
            return driver.open(spec, request)
    forms = ", ".join(driver.form for driver in drivers)
    raise SourceError(f"the {what} source {spec!r} does not exist; give one of: {forms}")
