"""Operators that move data or only rename it: views where possible, copies elsewhere."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.rules.table import ALL, lowers
from edge_compiler.targets.program.boxes import (
    Box,
    check_axes,
    check_slice,
    copy_beside,
    copy_box,
    copy_part,
    sliced,
)
from edge_compiler.targets.program.layout import (
    BLOCK,
    BLOCKED,
    DENSE,
    has_sides,
    image_size,
    is_image,
    repeated,
    row_major,
)
from edge_compiler.targets.program.limits import require_constant, require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import starts
from edge_compiler.targets.program.reorder import channel_copy
from edge_compiler.targets.program.views import concat_channels
from edge_perception.runtime.manifest import CONVOLUTION


@lowers("Flatten", "Reshape", "Squeeze", "Unsqueeze", types=ALL)
def lower_reshape(low: Lowering, node: Node) -> None:
    """Rename: the elements stay in row-major order."""
    low.share_elements(node.output, node.input(0))


def check_dropout(node: Node) -> str | None:
    """Nothing to do when a network only runs; removed."""
    if node.constant(2):
        return "training mode is not supported: export the model for inference"
    return require_constant(node, 2)


@lowers("Dropout", check=check_dropout)
@lowers("Identity", types=ALL)
def lower_identity(low: Lowering, node: Node) -> None:
    """Rename: what remains of these after the passes stands between an input and an output."""
    low.share(node.output, node.input(0))


@lowers("ChannelShuffle", check=lambda node: require_image(node.input(0)))
def lower_channel_shuffle(low: Lowering, node: Node) -> None:
    """Interleave the channels of the groups."""
    value, groups = node.input(0), node.attributes["groups"]
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
    shape = image_size(value.shape)
    order = np.arange(shape[0], dtype=np.uint16).reshape(groups, -1).T.ravel()
    low.add(
        node,
        "channel shuffle",
        [source],
        target,
        lambda _: channel_copy(source, target, shape, order=order),
        value=node.output,
    )


@lowers("Concat", types=ALL)
def lower_concat(low: Lowering, node: Node) -> None:
    """Let the inputs be computed in their place within the output; copy those that can't be."""
    axis = node.attributes["axis"] % len(node.output.shape)
    values = [value for value in node.inputs if value is not None]
    if axis == 1 and _are_images(low, values):
        sources = [low.source(value, BLOCKED) for value in values]
        target = low.target(node.output, BLOCKED)
        concat_channels(low, node, sources, target, BLOCK)
        return
    copy_beside(low, node)


def _are_images(low: Lowering, values: list[Value]) -> bool:
    """Return whether values are computed as images, with height and width or as one of them is."""
    computed = all(value.constant is None and is_image(value) for value in values)
    return computed and any(has_sides(value) or low.is_free(value, BLOCKED) for value in values)


def check_expand(node: Node) -> str | None:
    """Repeat along dimensions, as far as is known before the model runs."""
    shape = node.output.shape
    steps = repeated(node.input(0).shape, shape)
    return require_constant(node, 1) or check_axes(shape, steps, row_major(shape))


@lowers("Expand", check=check_expand, types=ALL)
def lower_expand(low: Lowering, node: Node) -> None:
    """Copy, reading the same elements again."""
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    shape = node.output.shape
    steps = repeated(node.input(0).shape, shape)
    place = (target, (row_major(shape), 0))
    copy_box(low, node, node.output, shape, (source, (steps, 0)), place)


def check_split(node: Node) -> str | None:
    """Cut along any axis."""
    return require_constant(node, 1)


@lowers("Split", check=check_split, types=ALL)
def lower_split(low: Lowering, node: Node) -> None:
    """Show channels of an image under another name, copy anything else."""
    value = node.input(0)
    axis = node.attributes["axis"] % len(value.shape)
    for output, start in zip(node.outputs, starts(node.outputs, axis), strict=True):
        _take(low, node, value, output, {axis: (start, 1)})


@lowers("Slice", check=check_slice, types=ALL)
def lower_slice(low: Lowering, node: Node) -> None:
    """Take a box, possibly with steps."""
    _take(low, node, node.input(0), node.output, sliced(node))


def _take(low: Lowering, node: Node, value: Value, output: Value, box: Box) -> None:
    """Take from ``value`` what begins at (start, step) along each axis of ``box``."""
    start, step = box.get(1, (0, 1))
    channels = is_image(value) and step == 1 and not _turns(box, 0, 2, 3)
    whole_pixels = output.shape == (*value.shape[:1], *output.shape[1:2], *value.shape[2:])
    if channels and whole_pixels and low.is_free(value, BLOCKED):
        source = low.source(value, BLOCKED)
        if start % BLOCK == 0:
            low.target(output, BLOCKED).place_in(source, start)
            return
        order = np.arange(start, start + output.shape[1], dtype=np.uint16)
        target = low.target(output, BLOCKED)
        low.add(
            node,
            "copy channels",
            [source],
            target,
            lambda _: channel_copy(source, target, image_size(output.shape), order=order),
            value=output,
            group=CONVOLUTION,
        )
        return
    copy_part(low, node, value, output, box)


def _turns(box: Box, *axes: int) -> bool:
    """Return whether any of the axes is taken backwards."""
    return any(box.get(axis, (0, 1))[1] < 0 for axis in axes)
