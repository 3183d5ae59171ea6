"""
Limits that the kernels of several operators share: each a reason, or None if it is kept.

A reason is a clause that ends in what to change at export.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.program.layout import has_sides, is_image
from edge_compiler.targets.program.reorder import MAX_RANK
from edge_perception.runtime.dtypes import ElementType


def require_image(value: Value) -> str | None:
    """Return a reason if a value isn't made of images, channels first."""
    if not is_image(value):
        return (
            f"only images of shape NxCxHxW or NxCxW are supported, received {list(value.shape)}: "
            "export it with windows of one or two dimensions"
        )
    return None


def require_sides(value: Value) -> str | None:
    """Return a reason if a value isn't made of images of height and width, channels first."""
    if has_sides(value):
        return None
    return (
        f"only images of shape NxCxHxW are supported, received {value}: export it with images of "
        "two dimensions"
    )


def require_constant(node: Node, *indices: int) -> str | None:
    """Return a reason if one of these inputs is computed; one that is left out is fine."""
    for index in indices:
        value = node.inputs[index] if index < len(node.inputs) else None
        if value is not None and value.constant is None:
            return (
                f"the input '{value.name}' must be a constant: export it with one, or fix what it "
                "is computed of with edgec import --constant"
            )
    return None


def require(node: Node, attribute: str, *values: Any) -> str | None:
    """Return a reason if an attribute has another value than these."""
    value = node.attributes.get(attribute, values[0])
    if value not in values:
        return f"{attribute}={value!r} is not supported: export it with {_either(values)}"
    return None


def require_type(value: Value, types: Collection[ElementType]) -> str | None:
    """Return a reason if a value has another element type than these."""
    if value.type in types:
        return None
    return (
        f"'{value.name}' is {value.type}, only {_either(types)} is supported: export it with "
        "another type"
    )


def require_axes(what: str, count: int) -> str | None:
    """Return a reason if a kernel has to count too many axes one by one; ``what`` it does."""
    if count <= MAX_RANK:
        return None
    return (
        f"{what} along more than {MAX_RANK} axes: {count}: export it with a Reshape before it "
        "that makes one of axes that stay side by side"
    )


def _either(choices: Collection[Any]) -> str:
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last
