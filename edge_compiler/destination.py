"""Where a bundle may be written: at a free place, or over a bundle and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from edge_compiler.errors import CompileError
from edge_perception.runtime.manifest import FORMAT, MANIFEST_NAME

LARGEST_MANIFEST = 2**28
LISTED = 3


def check_destination(bundle: Path) -> Path:
    """
    Return the absolute path of the bundle to write.

    :raises CompileError: if it can't be written there, or something else would be overwritten.
    """
    bundle = bundle.resolve()
    if bundle.suffix != ".edge":
        raise CompileError(f"the bundle's name {bundle.name!r} must end in .edge: -o NAME.edge")
    if not bundle.parent.is_dir():
        raise CompileError(f"the folder {bundle.parent} does not exist; create it first")
    if not bundle.exists():
        return bundle
    files = _bundle_files(bundle)
    if files is None:
        raise CompileError(
            f"{bundle} exists and is no bundle; it was left alone: remove it or choose another -o"
        )
    present = (path for path in bundle.rglob("*") if path.is_symlink() or not path.is_dir())
    others = sorted({path.relative_to(bundle).as_posix() for path in present} - files)
    if others:
        more = f" and {len(others) - LISTED} more" if len(others) > LISTED else ""
        raise CompileError(
            f"{bundle} is a bundle, but holds other files too, which would be lost: "
            f"{', '.join(others[:LISTED])}{more}; move them elsewhere or choose another -o"
        )
    return bundle


def _bundle_files(folder: Path) -> set[str] | None:
    """Return the files that belong to a bundle, intact or not; None if it is something else."""
    path = folder / MANIFEST_NAME
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_MANIFEST:
            return None
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    files = manifest.get("files")
    return {MANIFEST_NAME, *(files if isinstance(files, dict) else ())}
