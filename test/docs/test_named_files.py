"""The pages that say where things are name files and folders that are there."""

from __future__ import annotations

from pathlib import Path
import re

from pages import ROOT
import pytest

PAGES = (
    "ARCHITECTURE.md",
    "edge_compiler/README.md",
    "edge_compiler/targets/README.md",
    "edge_perception/README.md",
)
_FOLDERS = ("bench", "config", "deploy", "docs", "edge_compiler", "edge_perception", "launch")
_MORE = ("msg", "release", "requirements", "srv", "test", "tools")
_NAME = re.compile(r"`((?:\w+/)*\w+\.(?:c|cpp|h|py|pyi)|(?:\w+/)+)`")


@pytest.fixture(scope="module")
def places() -> frozenset[str]:
    """Return the ends of all paths of the checkout, such as ``ir/graph.py`` and ``graph.py``."""
    found: set[str] = set()
    for path in (each for top in (*_FOLDERS, *_MORE) for each in (ROOT / top).rglob("*")):
        parts = path.relative_to(ROOT).parts
        found.update("/".join(parts[first:]) for first in range(len(parts)))
        found.update("/".join(parts[first:-1]) for first in range(len(parts) - 1))
    found.update(path.name for path in Path(ROOT).iterdir())
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_named_is_there(page: str, places: frozenset[str]) -> None:
    named = _NAME.findall((ROOT / page).read_text("utf-8"))
    assert len(named) > 20
    assert [name for name in named if name.rstrip("/") not in places] == []
