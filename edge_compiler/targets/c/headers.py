"""The kernels' headers, which lie side by side in the source of a library."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "kernels", *sorted((_HERE / "algorithms").iterdir()))
HEADERS = sorted((p for d in _FOLDERS for p in d.glob("*.h")), key=lambda path: path.name)
