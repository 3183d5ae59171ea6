"""What this machine is, as Linux tells it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path
import platform

from edge_compiler.errors import CompileError
from edge_perception.runtime import cache
from edge_perception.runtime.errors import BundleError


class NoCacheError(CompileError):
    """A user who has no place for what can be made again."""


_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_USUAL_CACHE = {2: 1 << 20, 3: 16 << 20}
"""Bytes, where the machine does not tell."""


def processor() -> str:
    """Return the name of the processor."""
    return _cpuinfo().get("model name") or platform.machine()


def processor_identity() -> str:
    """Return what tells the processor from others that run the same code at another speed."""
    found = _cpuinfo()
    numbers = (
        f"{name} {found[name]}" for name in ("cpu family", "model", "stepping") if name in found
    )
    caches = (f"L{level} {cache_bytes(level)}" for level in (2, 3))
    return ", ".join((processor(), *numbers, *caches))


def processor_features() -> frozenset[str]:
    """Return Linux's names of what the processor can do."""
    found = _cpuinfo()
    return frozenset((found.get("flags") or found.get("Features") or "").split())


def cache_bytes(level: int, threads: int = 1) -> int:
    """Return how much of a cache belongs to so many threads, if every core has its share."""
    for folder in sorted(_CACHES.glob("index*")):
        with contextlib.suppress(OSError, ValueError):
            if int((folder / "level").read_text()) == level:
                size = int((folder / "size").read_text().strip().removesuffix("K")) << 10
                sharing = _count((folder / "shared_cpu_list").read_text())
                return size * threads // max(threads, sharing)
    return _USUAL_CACHE[level]


def give_back_memory() -> None:
    """Let other processes have what this one has freed; else the C library keeps most of it."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # C libraries but GNU's keep less
        ctypes.CDLL(None).malloc_trim(0)


def user_cache() -> Path:
    """
    Return the folder of this user for what can be made again; see docs/cli.md.

    :raises NoCacheError: if this user has none, as in some containers.
    """
    try:
        return cache.user_cache()
    except BundleError as error:
        raise NoCacheError(str(error)) from None


def _count(ranges: str) -> int:
    """Return how many numbers a list such as 0-3,8 has."""
    ends = (part.partition("-") for part in ranges.strip().split(","))
    return sum(int(last or first) - int(first) + 1 for first, _, last in ends)


def _cpuinfo() -> dict[str, str]:
    """Return what Linux says of the first processor."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines():
            name, _, value = line.partition(":")
            found[name.strip()] = value.strip()
    return found
