"""The keys of files, as their readers declare them."""

from __future__ import annotations

from edge_perception.core.keys import Keys
from reference_pages.markdown import code, prose, table


def keys_table(keys: Keys) -> str:
    """Return a table of keys."""
    return table(
        ("key", "takes", "meaning"),
        (
            (code(name), prose(key.takes), prose(key.meaning) + " (required)" * key.required)
            for name, key in keys.items()
        ),
    )
