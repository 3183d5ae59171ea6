"""The stages of perception, one a module; `edge_perception.core.perception.stage` is the base."""

from __future__ import annotations

import importlib
import pkgutil

from edge_perception.core.perception.stage import Stage


def kinds() -> list[str]:
    """Return the kinds of stages."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(kind: str) -> type[Stage]:
    """Return the stage of a kind, one of `kinds`: ``Classify`` of the module ``classify``."""
    module = importlib.import_module(f"{__name__}.{kind}")
    found: type[Stage] = getattr(module, kind.title().replace("_", ""))
    return found
