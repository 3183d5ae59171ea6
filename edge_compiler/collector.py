"""Python's collector of garbage, which looks through all that lives again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import gc


@contextmanager
def collector_paused() -> Iterator[None]:
    """
    Collect nothing meanwhile, where a graph is made or changed: nearly all that is made stays.

    Each look would take a time that grows with the graph, and find next to nothing.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
