"""Whose turn it is to run an instance: one thread at a time, and never twice at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import threading
import weakref

from edge_perception.runtime.errors import BundleError


class Turn:
    """A lock that refuses the thread that holds it, and survives a fork."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._holder: int | None = None
        self._sound = True
        _TURNS.add(self)

    @contextmanager
    def taken(self, what: str) -> Iterator[bool]:
        """
        Wait for the turn and keep it for a block.

        :param what: is being run, for the error.
        :returns: False if the process is the child of one in which another thread had the turn
            when it was forked: that thread, and what it was about to do, is not here.
        :raises BundleError: if this thread has the turn already.
        """
        with self._lock:
            if self._holder is not None:
                raise BundleError(
                    f"{what} is being run by this thread: it can't be used before that ends, in "
                    "the callback of observe() or in a signal handler; use a second instance"
                )
            try:
                self._holder = threading.get_ident()
                yield self._sound
            finally:
                self._holder = None

    def forget_other_threads(self) -> None:
        """Free the turn in a process that was forked, if its holder has stayed behind."""
        if self._holder not in (None, threading.get_ident()):
            self._holder, self._sound = None, False
        if self._holder is None:
            self._lock = threading.RLock()


_TURNS: weakref.WeakSet[Turn] = weakref.WeakSet()


def _forget_other_threads() -> None:
    for turn in list(_TURNS):
        turn.forget_other_threads()


os.register_at_fork(after_in_child=_forget_other_threads)
