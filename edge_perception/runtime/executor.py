"""Threads that several models share, so that together they don't ask for more than there are."""

from __future__ import annotations

from collections.abc import Collection
import ctypes
from threading import Lock
from typing import Any
import weakref

from edge_perception.runtime.abi import ExecutorOptions
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import ABI_VERSION

_ERROR_BYTES = 1024
_PROCESSORS = 64
"""That the C interface can name."""


class Executor:
    """
    Threads for the models that are loaded with it; see edge_executor in edge_model.h.

    One run at a time has them, the most urgent model's first. The first model's library makes
    them, and none of it is Python: a run calls from library to library. They end when neither a
    model nor anybody else refers to the executor any more.
    """

    def __init__(self, threads: int = 0, processors: Collection[int] = ()) -> None:
        """
        Note what is wanted; the threads are started with the first model.

        :param threads: the one that runs a model included; 0: one per processor.
        :param processors: numbers of those that its threads may use; none: all that the process
            may use.
        :raises BundleError: if a number is out of range.
        """
        if not isinstance(threads, int) or not 0 <= threads < 2**32:
            raise BundleError(
                f"threads must be 1..64, or 0 for one per processor, not {threads!r}"
            )
        if any(not 0 <= processor < _PROCESSORS for processor in processors):
            raise BundleError(
                f"processors must have numbers 0..{_PROCESSORS - 1}, not {sorted(processors)}"
            )
        mask = sum(1 << processor for processor in set(processors))
        self._options = ExecutorOptions(ABI_VERSION, threads, mask)
        self._lock = Lock()
        self._handle: ctypes.c_void_p | None = None

    def handle(self, functions: Any) -> ctypes.c_void_p:
        """
        Return the executor for a library; the first one makes it.

        :param functions: the library's.
        :raises BundleError: if the threads can't be had.
        """
        with self._lock:
            if self._handle is None:
                handle = ctypes.c_void_p()
                error = ctypes.create_string_buffer(_ERROR_BYTES)
                if functions.edge_executor_create(
                    ctypes.byref(self._options), ctypes.byref(handle), error, _ERROR_BYTES
                ):
                    raise BundleError(error.value.decode(errors="replace"))
                destroy = weakref.finalize(self, _destroy, functions, handle)
                destroy.atexit = False  # another thread may still be running a model then
                self._handle = handle
            return self._handle


def _destroy(functions: Any, handle: ctypes.c_void_p) -> None:
    """Destroy an executor; ``functions`` keep its library loaded until then."""
    functions.edge_executor_destroy(handle)
