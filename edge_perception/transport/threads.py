"""Threads as the operating system knows them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
import threading

LONGEST = 15  # bytes of a thread's name that the kernel keeps


def name_thread(name: str) -> None:
    """Let `top -H`, debuggers and profilers show what the calling thread is for."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    with suppress(OSError):  # no Linux, or no /proc: a name is no necessity
        path.write_bytes(name.encode()[:LONGEST])
