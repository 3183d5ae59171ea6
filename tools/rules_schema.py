"""
Write config/rules.schema.json, with which editors complete and check rule files.

Run it after an edit of what rules may hold: ``python tools/rules_schema.py``.
"""

from __future__ import annotations

import json

from edge_perception.core.decision.rule_schema import schema
from edge_perception.share import share_dir

SCHEMA = share_dir() / "config" / "rules.schema.json"


def text() -> str:
    """Return the text of the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(text(), encoding="utf-8")
