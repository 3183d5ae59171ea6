"""A sequence that can be changed in the middle, at a cost that doesn't grow with its length."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, overload, TypeVar

T = TypeVar("T", bound=Hashable)

_GAP = 1 << 32
"""Between the labels of neighbours, so that some thirty items fit between any two."""


@dataclass(eq=False)
class _Link(Generic[T]):
    """
    A place in the order.

    :ivar label: grows along the order, so that two places can be compared.
    """

    item: T | None
    label: int
    before: _Link[T]
    after: _Link[T]


class Order(Sequence[T], Generic[T]):
    """
    Different items in an order: a linked list with labels.

    Appending, inserting, removing, finding and comparing take constant time (but for the rare
    case that labels must be dealt out anew); an index takes linear time.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        """Take over items, in their order."""
        self._end = _Link.__new__(_Link)
        self._end.item, self._end.label = None, 0
        self._end.before = self._end.after = self._end
        self._links: dict[T, _Link[T]] = {}
        for item in items:
            self._insert(item, self._end)

    def insert_before(self, place: T, item: T) -> None:
        """Insert an item that isn't there yet."""
        self._insert(item, self._links[place])

    def insert_after(self, place: T, item: T) -> None:
        """Insert an item that isn't there yet."""
        self._insert(item, self._links[place].after)

    def remove(self, item: T) -> None:
        """Remove an item."""
        link = self._links.pop(item)
        link.before.after, link.after.before = link.after, link.before

    def precedes(self, first: T, second: T) -> bool:
        """Return whether ``first`` comes before ``second``."""
        return self._links[first].label < self._links[second].label

    def sorted(self, items: Iterable[T]) -> list[T]:
        """Return some of the items in their order."""
        return sorted(items, key=lambda item: self._links[item].label)

    def _insert(self, item: T, after: _Link[T]) -> None:
        if item in self._links:
            raise ValueError(f"{item!r} is there already")
        before = after.before
        low = before.label
        high = low + 2 * _GAP if after is self._end else after.label
        if high - low < 2:
            self._relabel()
            low, high = before.label, after.label
        link = self._links[item] = _Link(item, (low + high) // 2, before, after)
        before.after = after.before = link

    def _relabel(self) -> None:
        for number, item in enumerate(self, 1):
            self._links[item].label = number * _GAP

    def __iter__(self) -> Iterator[T]:
        """Yield the items in their order."""
        link = self._end.after
        while link.item is not None:
            yield link.item
            link = link.after

    def __reversed__(self) -> Iterator[T]:
        """Yield the items in the opposite order."""
        link = self._end.before
        while link.item is not None:
            yield link.item
            link = link.before

    def __contains__(self, item: object) -> bool:
        """Return whether an item is there."""
        return item in self._links

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._links)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        """Return what stands at an index."""
        if isinstance(index, slice):
            return list(self)[index]
        steps, items = (index, iter(self)) if index >= 0 else (-1 - index, reversed(self))
        found = list(islice(items, steps, steps + 1))
        if not found:
            raise IndexError(index)
        return found[0]
