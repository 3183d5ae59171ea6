"""The folder of this user for what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

from edge_perception.runtime.errors import BundleError


def user_cache() -> Path:
    """
    Return the folder; see docs/cli.md.

    :raises BundleError: if this user has none, as in some containers.
    """
    base = os.environ.get("EDGE_CACHE")
    if base:
        return Path(base)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge_perception"
    except RuntimeError:
        raise BundleError(
            "this user has no home folder, and so no place for what is kept: name a folder with "
            "the environment variable EDGE_CACHE"
        ) from None
