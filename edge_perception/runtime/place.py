"""Where a bundle may be written: at a free place, or over a bundle and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from edge_perception.runtime.contents import open_bundle
from edge_perception.runtime.document import LARGEST_DOCUMENT
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import Files
from edge_perception.runtime.manifest import FORMAT, MANIFEST_NAME, OWN_FILES, RECORD_NAME
from edge_perception.runtime.schema import parse

_LISTED = 3
"""More files than that are not listed in an error message."""


def check_place(place: Path) -> None:
    """
    Check that a bundle may be written at a place.

    :raises BundleError: if it can't, or something else would be overwritten.
    """
    if not place.parent.is_dir():
        raise BundleError(f"the folder {place.parent} does not exist; create it first")
    if not os.path.lexists(place):
        return
    try:
        with open_bundle(place) as files:
            strangers = sorted(files.names() - _own(files))
    except (BundleError, OSError):
        raise BundleError(
            f"{place} exists and is no bundle; it was left alone: remove it or choose another "
            "name, such as robot/model.edge"
        ) from None
    if strangers:
        more = f" and {len(strangers) - _LISTED} more" if len(strangers) > _LISTED else ""
        raise BundleError(
            f"{place} is a bundle, but holds other files too, which would be lost: "
            f"{', '.join(map(repr, strangers[:_LISTED]))}{more}; move them elsewhere first"
        )


def _own(files: Files) -> set[str]:
    """
    Return the files that belong to a bundle of any version, intact or not.

    :raises BundleError: if it is none.
    """
    listed = _listed(files, MANIFEST_NAME, FORMAT)
    record = _listed(files, RECORD_NAME) if files.has(RECORD_NAME) else set()
    return {*OWN_FILES, *listed, *record}


def _listed(files: Files, name: str, kind: str | None = None) -> set[str]:
    with files.open(name) as file:
        content = file.read(LARGEST_DOCUMENT)
    document = parse(content.decode(errors="replace"), name)
    if not isinstance(document, dict) or kind not in (None, document.get("format")):
        raise BundleError(f"{name} is of no bundle")
    listed = document.get("files")
    return set(listed) if isinstance(listed, dict) else set()
