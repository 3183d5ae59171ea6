"""Operators that move elements: other names where that is enough, copies elsewhere."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c99.table import lowers
from edge_compiler.targets.program.boxes import (
    check_axes,
    check_slice,
    check_transpose,
    copy_beside,
    copy_box,
    copy_part,
    sliced,
)
from edge_compiler.targets.program.calls import Call, Field, writing
from edge_compiler.targets.program.layout import DENSE, row_major
from edge_compiler.targets.program.limits import require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import starts


@lowers("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def lower_reshape(low: Lowering, node: Node) -> None:
    """Rename the same elements to another shape."""
    low.share_elements(node.output, node.input(0))


@lowers("Dropout", "Identity")
def lower_identity(low: Lowering, node: Node) -> None:
    """Rename."""
    low.share(node.output, node.input(0))


def _copy_axes(low: Lowering, node: Node, shape: tuple[int, ...], perm: tuple[int, ...]) -> None:
    """Copy the input, seen as of this shape, with its axes in another order."""
    steps = row_major(shape)
    turned = tuple(shape[axis] for axis in perm)
    moved = tuple(steps[axis] for axis in perm)
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    places = (source, (moved, 0)), (target, (row_major(turned), 0))
    copy_box(low, node, node.output, turned, *places)


@lowers("Transpose", check=check_transpose)
def lower_transpose(low: Lowering, node: Node) -> None:
    """Copy with the axes in another order."""
    _copy_axes(low, node, node.input(0).shape, tuple(node.attributes["perm"]))


@lowers("ChannelShuffle")
def lower_channel_shuffle(low: Lowering, node: Node) -> None:
    """Interleave the channels of the groups."""
    images, channels, *inner = node.input(0).shape
    groups = node.attributes["groups"]
    shape = (images, groups, channels // groups, *inner)
    _copy_axes(low, node, shape, (0, 2, 1, *range(3, len(shape))))


@lowers("Concat")
def lower_concat(low: Lowering, node: Node) -> None:
    """Copy tensors side by side."""
    copy_beside(low, node)


@lowers("Split", check=lambda node: require_constant(node, 1))
def lower_split(low: Lowering, node: Node) -> None:
    """Copy parts along an axis."""
    value = node.input(0)
    axis = node.attributes["axis"] % len(value.shape)
    for output, start in zip(node.outputs, starts(node.outputs, axis), strict=True):
        copy_part(low, node, value, output, {axis: (start, 1)})


@lowers("Slice", check=check_slice)
def lower_slice(low: Lowering, node: Node) -> None:
    """Take a part with constant bounds and steps."""
    copy_part(low, node, node.input(0), node.output, sliced(node))


def _check_pad(node: Node) -> str | None:
    if node.attributes.get("mode", "constant") != "constant":
        return f"the mode {node.attributes['mode']} is not supported: export it with constant"
    pads = node.constant(1)
    if pads is not None and (pads.min() < 0 or (len(node.inputs) > 3 and node.inputs[3])):
        return "it pads below zero, or named axes: export it with Slice, or pads for all axes"
    shapes = node.input(0).shape, node.output.shape
    return require_constant(node, 1, 2) or check_axes(shapes[0], *map(row_major, shapes))


@lowers("Pad", check=_check_pad)
def lower_pad(low: Lowering, node: Node) -> None:
    """Put a constant around a tensor."""
    value, shape, pads, filler = (
        node.input(0),
        node.output.shape,
        node.constant(1),
        node.constant(2),
    )
    assert pads is not None
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    number = 0.0 if filler is None else float(filler.item())
    fields: dict[str, Field] = {"count": node.output.size, "value": number}

    def fill(_: object) -> Call:
        return Call("plain_fill_run", "plain_fill", fields, (writing(target),))

    low.add(node, "fill", [], target, fill)
    strides = row_major(shape)
    start = sum(int(n) * step for n, step in zip(pads[: len(shape)], strides, strict=True))
    places = (source, (row_major(value.shape), 0)), (target, (strides, start))
    copy_box(low, node, node.output, value.shape, *places)
