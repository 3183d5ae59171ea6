"""Transpose: a copy with the strides in another order, or between blocks and channels last."""

from __future__ import annotations

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.rules.table import ALL, lowers, READ_BLOCKS
from edge_compiler.targets.program.boxes import check_transpose, copy_box, transposed
from edge_compiler.targets.program.layout import (
    BLOCKED,
    CHANNELS_LAST,
    DENSE,
    has_sides,
    image_size,
)
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.reorder import channel_copy, pixel_copy

_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
_ARITHMETIC = {"Add", "Mul", "Sub"}


@lowers("Transpose", check=check_transpose, types=ALL)
def lower_transpose(low: Lowering, node: Node) -> None:
    """Copy, if that is asked for; where a side lies in blocks, without making rows of it first."""
    order, value = list(node.attributes["perm"]), node.input(0)
    if order == _TO_LAST and has_sides(value) and _lies_in_blocks(low, value):
        _lower_to_last(low, node)
    elif order == _TO_FIRST and has_sides(node.output) and _is_read_in_blocks(low, node.output):
        _lower_to_first(low, node)
    else:
        low.defer(node.output, lambda: _copy(low, node))


def _copy(low: Lowering, node: Node) -> None:
    moved, whole = transposed(node)
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    places = (source, (moved, 0)), (target, (whole, 0))
    copy_box(low, node, node.output, node.output.shape, *places)


def _lies_in_blocks(low: Lowering, value: Value) -> bool:
    return low.is_free(value, BLOCKED) and not low.is_free(value, DENSE)


def _is_read_in_blocks(low: Lowering, value: Value) -> bool:
    """Return whether a reader takes blocks, by itself or since its other operand lies so."""
    return any(
        reader.op in READ_BLOCKS
        or (
            reader.op in _ARITHMETIC
            and any(
                other is not None and other.shape == value.shape and _lies_in_blocks(low, other)
                for other in reader.inputs
                if other is not value
            )
        )
        for reader in low.graph.consumers(value)
    )


def _lower_to_last(low: Lowering, node: Node) -> None:
    value = node.input(0)
    source, pixels = low.source(value, BLOCKED), low.target(value, CHANNELS_LAST)
    target, shape = low.target(node.output, DENSE), image_size(value.shape)
    target.place_in(pixels, 0)
    low.add(
        node,
        f"to {CHANNELS_LAST}",
        [source],
        target,
        lambda _: channel_copy(source, pixels, shape),
        value=node.output,
    )


def _lower_to_first(low: Lowering, node: Node) -> None:
    source, target = low.source(node.input(0), DENSE), low.target(node.output, BLOCKED)
    low.add(
        node,
        f"to {BLOCKED}",
        [source],
        target,
        lambda _: pixel_copy(source, target),
        value=node.output,
    )
