"""Operators that take or yield indices."""

from __future__ import annotations

from edge_compiler.ops.table import define

define("Gather", summary="Elements along an axis by their indices.")
define("ArgMax", summary="Index of the largest element along an axis.")
define("ArgMin", summary="Index of the smallest element along an axis.")
define("GatherElements", summary="Elements by an index each, along an axis.")
define("GatherND", summary="Slices by tuples of indices.")
define("ScatterElements", summary="A tensor with some elements replaced, by an index each.")
define("ScatterND", summary="A tensor with some slices replaced, by tuples of indices.")
define("TopK", summary="The largest or smallest elements along an axis.", variadic=True)
