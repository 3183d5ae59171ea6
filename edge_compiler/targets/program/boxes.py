"""Copies of boxes between row-major values, which Transpose, Slice or Concat come down to."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Pointer, reading, writing
from edge_compiler.targets.program.layout import DENSE, merge_axes, row_major
from edge_compiler.targets.program.limits import require_axes, require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import starts
from edge_compiler.targets.program.reorder import strided_fields


def check_axes(shape: tuple[int, ...], *steps: tuple[int, ...]) -> str | None:
    """Return a reason if a copy with these steps has to count too many axes one by one."""
    axes, _ = merge_axes(shape, *steps)
    return require_axes("copies", len(axes))


def transposed(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the steps of a Transpose's input and output along the output's axes."""
    strides = row_major(node.input(0).shape)
    return tuple(strides[axis] for axis in node.attributes["perm"]), row_major(node.output.shape)


def check_transpose(node: Node) -> str | None:
    """Reorder dimensions."""
    return check_axes(node.output.shape, *transposed(node))


def check_slice(node: Node) -> str | None:
    """Take a part of a tensor, with constant bounds and steps."""
    if reason := require_constant(node, 1, 2, 3, 4):
        return reason
    moved, _ = stepped(node.input(0), sliced(node))
    return check_axes(node.output.shape, moved, row_major(node.output.shape))


def source_of(low: Lowering, value: Value) -> Buffer | Pointer:
    """Return where a dense value is: in the arena, or among the weights if it is constant."""
    return low.source(value, DENSE) if value.constant is None else low.weights.add(value.constant)


Steps = tuple[tuple[int, ...], int]
"""Elements from one to the next along each axis of a box, and before the first."""


def copy_box(
    low: Lowering,
    node: Node,
    value: Value | None,
    shape: tuple[int, ...],
    source: tuple[Buffer | Pointer, Steps],
    target: tuple[Buffer, Steps],
) -> None:
    """
    Add a step that copies a box of this shape between row-major values.

    :param value: that is complete then.
    """
    (data, (reads, read_from)), (buffer, (writes, write_from)) = source, target
    fields = strided_fields(buffer.type, shape, reads, writes)

    def call(_: object) -> Call:
        start = data if isinstance(data, Pointer) else reading(data)
        pointers = (start.plus(read_from), writing(buffer).plus(write_from))
        return Call("copy_strided_run", "strided_copy", fields, pointers)

    sources = [] if isinstance(data, Pointer) else [data]
    low.add(node, f"copy {math.prod(shape)}", sources, buffer, call, value=value)


Box = dict[int, tuple[int, int]]
"""Where a part begins along an axis, and its steps; axes that aren't named are whole."""


def sliced(node: Node) -> Box:
    """Return the part that a Slice with constant bounds takes."""
    shape = node.input(0).shape
    starts = _integers(node, 1) or []
    axes = _integers(node, 3) or list(range(len(starts)))
    steps = _integers(node, 4) or [1] * len(starts)
    box = {}
    for axis, start, step in zip(axes, starts, steps, strict=True):
        size = shape[axis]
        first = start + size if start < 0 else start
        box[axis % len(shape)] = (min(max(first, 0), size - (step < 0)), step)
    return box


def _integers(node: Node, index: int) -> list[int] | None:
    data = node.constant(index)
    return None if data is None else [int(x) for x in data.ravel()]


def stepped(value: Value, box: Box) -> Steps:
    """Return how the elements of a part lie in a value."""
    strides = row_major(value.shape)
    at = sum(start * strides[axis] for axis, (start, _) in box.items())
    return tuple(s * box.get(axis, (0, 1))[1] for axis, s in enumerate(strides)), at


def copy_part(low: Lowering, node: Node, value: Value, output: Value, box: Box) -> None:
    """Add a step that copies a part of a value, both in row-major order."""
    source, target = low.source(value, DENSE), low.target(output, DENSE)
    whole = row_major(output.shape)
    places = (source, stepped(value, box)), (target, (whole, 0))
    copy_box(low, node, output, output.shape, *places)


def copy_beside(low: Lowering, node: Node) -> None:
    """Add a step for each input of a Concat that copies it beside the one before."""
    values = [value for value in node.inputs if value is not None]
    axis = node.attributes["axis"] % len(node.output.shape)
    strides, target = row_major(node.output.shape), low.target(node.output, DENSE)
    for index, (value, start) in enumerate(zip(values, starts(values, axis), strict=True), 1):
        # by position: a value may be concatenated several times
        done = node.output if index == len(values) else None
        source = source_of(low, value), (row_major(value.shape), 0)
        copy_box(low, node, done, value.shape, source, (target, (strides, start * strides[axis])))
