"""What a driver tells of itself, so that a source can be chosen by what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_perception.core.source import Request, Source


@dataclass(frozen=True)
class Driver:
    """
    A kind of source.

    :ivar form: how its sources are written, for the error message.
    :ivar accepts: tells, without opening it, whether a source is of this kind.
    :ivar open: opens it, or raises SourceError.
    """

    form: str
    accepts: Callable[[str], bool]
    open: Callable[[str, Request], Source]
