"""Operators whose results or inputs are bools, and of element types."""

from __future__ import annotations

from edge_compiler.ops.table import define

define(
    *("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
    summary="Comparison of tensors, element by element, with broadcasting.",
)
define("And", "Or", "Xor", summary="Operation on bools, with broadcasting.")
define("Not", summary="Negation of bools.")
define("Where", summary="Choice between two tensors, element by element, with broadcasting.")
define("Cast", summary="Change of the element type.")
define("IsNaN", summary="Whether elements are NaN.")
define("IsInf", summary="Whether elements are infinite.")
define(
    "DynamicQuantizeLinear",
    summary="The integers that stand for floats, by the range of these.",
    variadic=True,
)
define("QuantizeLinear", summary="The integers that stand for floats.")
define("DequantizeLinear", summary="The floats that integers stand for.")
