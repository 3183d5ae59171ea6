"""What the benchmark keeps from run to run: environments, networks, conversions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import hashlib
import os
from pathlib import Path

import onnx

from bench.networks import NETWORKS
from edge_compiler.machine import user_cache


class BenchError(Exception):
    """Something can't be measured; the text says what, and why."""


def cache_folder() -> Path:
    """Return the folder, made if need be."""
    folder = user_cache() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone() -> Iterator[None]:
    """
    Keep other benchmarks of this user from running at the same time.

    :raises BenchError: if one is running.
    """
    descriptor = os.open(cache_folder(), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BenchError("another benchmark is running; two would disturb each other") from None
    finally:
        os.close(descriptor)


def network_file(name: str) -> Path:
    """Return the ONNX file of a network, built if need be."""
    here = Path(__file__).parent
    key = digest(
        *(here / f"{part}.py" for part in ("networks", "transformers", "builder", "tokens"))
    )
    path = cache_folder() / "networks" / key / f"{name}.onnx"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        onnx.save(NETWORKS[name](), partial)
        partial.rename(path)
    return path


def digest(*parts: Path | str) -> str:
    """Return a short name for texts and the contents of files and folders."""
    value = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            value.update(part.encode())
            continue
        files = sorted(part.rglob("*")) if part.is_dir() else [part]
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                value.update(str(file.relative_to(part)).encode() + file.read_bytes())
    return value.hexdigest()[:16]


def folder_size(folder: Path) -> int:
    """Return the size of all files in a folder, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
