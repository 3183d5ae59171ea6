"""The stages of perception, one a module; `edge_perception.core.perception.stage` is the base."""

from __future__ import annotations

import importlib
import pkgutil

from edge_perception.core.node import ConfigurationError
from edge_perception.core.perception.stage import Stage


def kinds() -> list[str]:
    """Return the kinds of stages."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(kind: str) -> type[Stage]:
    """
    Return the stage of a kind, one of `kinds`: ``Classify`` of the module ``classify``.

    :raises ConfigurationError: if a package is missing that it needs.
    """
    try:
        module = importlib.import_module(f"{__name__}.{kind}")
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise ConfigurationError(
            f"the stage {kind!r} needs the Python package {package}, which is not installed: "
            f"pip install {package}"
        ) from error
    found: type[Stage] = getattr(module, kind.title().replace("_", ""))
    return found
