"""
The messages that nodes exchange, by their short names.

>>> from edge_perception.messages.types import Header
>>> Header(frame_id="odom").frame_id
'odom'

A class is made when it is first asked for. What its fields are is written in ``types.pyi`` for
type checkers, which ``python tools/message_types.py`` makes from the .msg files.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from edge_perception.messages.classes import get
from edge_perception.share import share_dir


def __getattr__(name: str) -> Any:
    try:
        full_name = names()[name]
    except KeyError:
        raise AttributeError(f"edge_perception has no message {name!r}") from None
    return get(full_name)


@functools.cache
def names() -> dict[str, str]:
    """Return the full names of the messages by their short ones."""
    own = {path.stem: f"edge_perception/msg/{path.stem}" for path in _files(share_dir() / "msg")}
    standard = {
        path.stem: f"{path.parent.name}/msg/{path.stem}"
        for package in sorted((Path(__file__).parent / "standard").iterdir())
        for path in _files(package)
    }
    return standard | own


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.msg"))
