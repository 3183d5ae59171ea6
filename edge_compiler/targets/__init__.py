"""The targets by name. A target is a folder here whose modules register it."""

from __future__ import annotations

from typing import TypeVar

from edge_compiler.errors import CompileError, hint
from edge_compiler.targets.base import Target

_TARGETS: dict[str, type[Target]] = {}
_T = TypeVar("_T", bound=type[Target])


def register(target: _T) -> _T:
    """Make a target known under its name (a class decorator)."""
    _TARGETS[target.name] = target
    return target


def names() -> list[str]:
    """Return the names of all targets."""
    _load()
    return sorted(_TARGETS)


def get(name: str) -> Target:
    """
    Return a target.

    :raises CompileError: if there is none of that name.
    """
    _load()
    if name not in _TARGETS:
        raise CompileError(f"unknown target {name!r}; {hint(name, names())}")
    return _TARGETS[name]()


def _load() -> None:
    """Import the targets' modules; not at the top, since they import this package."""
    import edge_compiler.targets.acl.target
    import edge_compiler.targets.c.target  # noqa: F401
