"""Sums and products of two tensors, and means of windows, in integers."""

from __future__ import annotations

from collections.abc import Mapping

from edge_compiler.ir.graph import Node
from edge_compiler.passes.integers.place import Place, Rule


def _combined(place: Place) -> list[Node]:
    """Combine two tensors."""
    return [place.made(f"Q{place.node.op}", [place.source(0), place.source(1)])]


def _mean(place: Place) -> list[Node]:
    """Return the mean of windows."""
    return [place.made(f"Q{place.node.op}", [place.source(0)])]


RULES: Mapping[str, Rule] = {
    "Add": _combined,
    "Mul": _combined,
    "AveragePool": _mean,
    "GlobalAveragePool": _mean,
}
