"""
What lets processes that are forked from this one share more of its memory.

They share pages until one is written to, and CPython writes to whatever it touches: it counts
references in the objects themselves. Much of that is in vain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import sys

_POOL = 1 << 14  # bytes in which CPython keeps objects of one size
_CLASS, _LARGEST = 16, 512  # bytes between these sizes, and of the largest that it keeps so
_EMPTY = sys.getsizeof(b"")
_MOST = 1 << 20  # bytes of a size that are tried: another allocator has other pools
_kept: list[object] = []


def share_more() -> None:
    """
    Prepare to be forked; all that processes have in common is there.

    The cache of methods forgets what the start called, or each process would write to the names
    when others take their place. The gaps between objects are filled: new ones lie together then,
    and not one by one on pages that could be shared.
    """
    if clear := getattr(sys, "_clear_type_cache", None):
        clear()
    for size in range(_CLASS, _LARGEST + 1, _CLASS):
        _kept.extend(_fill(size))


def _fill(size: int) -> list[object]:
    """Return new objects of a size in all gaps: until they begin to have a pool for themselves."""
    make, enough = _maker(size), _POOL * 9 // 10 // size
    made: list[object] = []
    pools = Counter[int]()
    for _ in range(_MOST // size):
        made.append(make())
        pool = id(made[-1]) // _POOL
        pools[pool] += 1
        if pools[pool] == enough:
            return [one for one in made if id(one) // _POOL != pool]
    return []


def _maker(size: int) -> Callable[[], object]:
    """Return what makes an object of a size."""
    if size < _EMPTY:
        return object if size == _CLASS else lambda: float(len(_kept))
    return lambda: bytes(size - _EMPTY)
