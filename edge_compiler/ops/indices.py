"""Operators that take or yield indices."""

from __future__ import annotations

from edge_compiler.ops.table import define

define("Gather", summary="Elements along an axis by their indices.")
define("ArgMax", summary="Index of the largest element along an axis.")
define("ArgMin", summary="Index of the smallest element along an axis.")
