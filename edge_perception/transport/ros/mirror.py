"""The content of an output once more, as a message of a package that need not be installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mirror:
    """
    What is published beside an output.

    :ivar type: the class that rosidl generated.
    :ivar topic: where to publish.
    :ivar convert: makes an instance of ``type``.
    """

    type: type[Any]
    topic: str
    convert: Callable[[Any], Any]
