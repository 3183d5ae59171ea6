"""The Python interface: what mkdocstrings makes of the docstrings."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    ("edge_perception.runtime", ()),
    ("edge_perception.decode", ("KINDS", "Decode", "DecodeError", "Options", "make")),
    ("edge_perception.decode.detections", ("Detections",)),
    ("edge_perception.core.node", ("NodeCore", "Port", "Ports", "Qos", "Diagnostic", "Level")),
    ("edge_perception.core.parameters", ("Parameter", "Parameters")),
    ("edge_perception.core.environment", ("Environment",)),
)
"""What programs of others use: names of modules; none named: what the module itself exports."""


def page() -> str:
    """Return the page; each line that begins with ::: is filled in by mkdocstrings."""
    parts = ["# Python interface"]
    for name, chosen in MODULES:
        parts.append(f"## {name}")
        for member in chosen or import_module(name).__all__:
            parts.append(f"::: {_path(name, member)}\n    options:\n      heading_level: 3")
    return "\n\n".join(parts) + "\n"


def _path(module: str, member: str) -> str:
    """Return where something is defined: a package may have a module of the same name."""
    found = getattr(import_module(module), member)
    origin = getattr(found, "__module__", "")
    return f"{origin if origin.startswith('edge_perception') else module}.{member}"
