"""
Write config/metrics.schema.json and config/labels.schema.json, for editors.

Run it after an edit of what these files may hold: ``python tools/replay_schemas.py``.
"""

from __future__ import annotations

import json

from edge_perception.replay import expectations, labels
from edge_perception.share import share_dir

SCHEMAS = {
    "metrics.schema.json": expectations.schema,
    "labels.schema.json": labels.schema,
}
"""What makes each file."""


def text(name: str) -> str:
    """Return the text of a file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name in SCHEMAS:
        (share_dir() / "config" / name).write_text(text(name), encoding="utf-8")
