"""Threads as the operating system knows them."""

from __future__ import annotations

from contextlib import suppress
import ctypes
import gc
from pathlib import Path
import sys
import threading

SWITCH_INTERVAL = 0.0005
"""
Seconds after which a thread that computes lets another one run Python. With Python's own 5 ms a
decision may wait for the pose's filter for longer than the model runs.
"""
LONGEST = 15  # bytes of a thread's name that the kernel keeps


def name_thread(name: str) -> None:
    """Let `top -H`, debuggers and profilers show what the calling thread is for."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    with suppress(OSError):  # no Linux, or no /proc: a name is no necessity
        path.write_bytes(name.encode()[:LONGEST])


def switch_soon() -> None:
    """Let threads of this process not wait long for each other."""
    sys.setswitchinterval(SWITCH_INTERVAL)


def keep_what_is_there() -> None:
    """
    Look no more through what stays until the end: it takes some 15 ms each time.

    What the start needed and nobody does any more goes back to the operating system.
    """
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):  # a C library without it keeps what it has
        ctypes.CDLL(None).malloc_trim(0)


def look_through_everything() -> None:
    """Destroy what nobody needs any more, even of what was to be kept until the end."""
    gc.unfreeze()
    gc.collect()
