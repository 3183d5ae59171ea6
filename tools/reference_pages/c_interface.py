"""The C interface: its header, whose comments explain it."""

from __future__ import annotations

from pathlib import Path

from reference_pages.markdown import block

HEADER = Path(__file__).parents[2] / "edge_compiler/targets/include/edge_model.h"


def page() -> str:
    """Return the page of the C interface."""
    return (
        "# C interface\n\nEvery library in a bundle has the interface of this header, "
        "`edge_model.h`. [A complete program](../example.c) uses it, and [another](../regions.c) "
        f"with regions and shared threads.\n\n{block(HEADER.read_text('utf-8'), 'c')}"
    )
