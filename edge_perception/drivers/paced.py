"""Readings that are known beforehand, from a log or a simulation, given out when they are due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from edge_perception.core.source import SourceFinished
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.clock import Clock

_LATE = SECOND

Item = TypeVar("Item")
Reading = TypeVar("Reading")


class Paced(Generic[Item, Reading]):
    """A log or simulation as if it happened now."""

    live = False

    def __init__(
        self,
        name: str,
        rate: float,
        items: Iterator[tuple[int, Item]],
        make: Callable[[list[tuple[int, Item]], int], Reading],
        clock: Clock,
        begin: int | None = None,
        delay: float = 0.0,
    ) -> None:
        """
        Begin with the first reading.

        :param items: times [ns] that increase, and what was measured then.
        :param make: makes a reading of items with present times; it is told how many were lost,
            because nobody read them within a second.
        :param begin: when time zero of the items is, by the monotonic clock; None: the first item
            is due when it is first asked for.
        :param delay: seconds for which what has become due may wait for what follows.
        """
        self._name = name
        self.rate = rate
        self._items = items
        self._make = make
        self._clock = clock
        self._offset = begin
        self._delay = round(delay * SECOND)
        self._next: tuple[int, Item] | None = next(items, None)

    def describe(self) -> str:
        """Return the name."""
        return self._name

    def read(self, timeout: float) -> Reading | None:
        """
        Return what has become due, or None if nothing does in time.

        :raises SourceFinished: if there is nothing left.
        """
        if self._next is None:
            raise SourceFinished
        now = self._clock.monotonic()
        if self._offset is None:
            self._offset = now - self._next[0]
        wait = self._next[0] + self._offset + self._delay - now
        if wait > 0:
            self._clock.sleep(min(wait / SECOND, timeout))
            now = self._clock.monotonic()
        past = self._clock.time() - now
        due: list[tuple[int, Item]] = []
        lost = 0
        while self._next is not None and (at := self._next[0] + self._offset) <= now:
            if at < now - _LATE:
                lost += 1
            else:
                due.append((at + past, self._next[1]))
            self._next = next(self._items, None)
        return self._make(due, lost) if due else None

    def close(self) -> None:
        """Nothing to give back."""
