"""Where the bundle of a compiled model may be written."""

from __future__ import annotations

from pathlib import Path

from edge_compiler.errors import CompileError
from edge_perception.runtime.place import check_place


def check_destination(bundle: Path) -> Path:
    """
    Return the absolute path of the bundle to write.

    :raises CompileError: if its name doesn't say that it is a bundle.
    :raises BundleError: if it can't be written there, or something else would be overwritten.
    """
    bundle = bundle.resolve()
    if bundle.suffix != ".edge":
        raise CompileError(f"the bundle's name {bundle.name!r} must end in .edge: -o NAME.edge")
    check_place(bundle)
    return bundle
