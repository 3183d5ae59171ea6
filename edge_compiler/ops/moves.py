"""Operators that move data or only rename it."""

from __future__ import annotations

from edge_compiler.ops.table import define

define("Concat", summary="Join tensors along any axis.")
define(
    *("Flatten", "Reshape", "Squeeze", "Unsqueeze"),
    summary="Another shape for the same elements; costs nothing.",
)
define(
    *("DepthToSpace", "SpaceToDepth"),
    summary="Turn channels of an image into pixels, or pixels into channels.",
)
define("Tile", summary="Repeat a whole tensor along its dimensions.")
define("Expand", summary="Repeat along dimensions.")
define("Identity", "Dropout", summary="Nothing to do when a network only runs; removed.")
define("Transpose", summary="Reorder dimensions.")
define("Pad", summary="Put numbers or copies of elements around a tensor, or cut elements off.")
define("Split", summary="Cut along any axis.", variadic=True)
define("Slice", summary="Take a part of a tensor.")
