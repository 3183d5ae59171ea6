"""Installing toolchains: libraries for this user, compilers and emulators for the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl

from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache
from edge_compiler.progress import Progress
from edge_compiler.toolchain.apt import install_packages
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.toolchain.inspection import inspect
from edge_compiler.toolchain.library import Library


def install(tools: Toolchain, progress: Progress) -> None:
    """
    Install what is missing of a toolchain.

    :raises CompileError: if something can't be had; the rest is installed.
    """
    with _lock(progress):
        packages = tools.packages
        for library in tools.libraries:
            if not library.is_installed():
                library.install(progress)
        if _problem(tools):
            install_packages(packages, progress)
        problem = _problem(tools)
    if problem:
        raise CompileError(problem)


def remove(tools: Toolchain, progress: Progress) -> list[Library]:
    """Remove the libraries of a toolchain; return those of which there was something."""
    with _lock(progress):
        return [library for library in tools.libraries if library.remove()]


def _problem(tools: Toolchain) -> str:
    """Return what is wrong with a toolchain; empty if it works."""
    return next((part.missing for part in inspect(tools) if part.missing), "")


@contextmanager
def _lock(progress: Progress) -> Iterator[None]:
    """Let nobody else install or remove toolchains of this user meanwhile."""
    folder = user_cache() / "toolchains"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another installation", 0, 0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
