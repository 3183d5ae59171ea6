"""Resize, from tables made for the model's exact coordinate rule."""

from __future__ import annotations

from itertools import accumulate
import math

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ir.resize import (
    blends_four,
    COORDINATES,
    ends,
    MODES,
    resized_axes,
    ROUNDING,
    Window,
    windows,
)
from edge_compiler.targets.c.rules.axis import gather_fields
from edge_compiler.targets.c.rules.table import INTEGERS, lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, Table, writing
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, DENSE, is_image
from edge_compiler.targets.program.limits import require, require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.dtypes import FLOAT32


def check_resize(node: Node) -> str | None:
    """Resizing of any axes: nearest, linear or cubic, with or without antialiasing."""
    crops = node.attributes["coordinate_transformation_mode"] == "tf_crop_and_resize"
    if crops and node.input(0).type != FLOAT32:
        return "a part of integers is not resized: export it with a Cast to float32 before it"
    return (
        require_constant(node, 1, 2, 3)
        or require(node, "mode", *MODES)
        or require(node, "nearest_mode", *ROUNDING)
        or require(node, "coordinate_transformation_mode", *COORDINATES)
    )


@lowers("Resize", check=check_resize)
def lower_resize(low: Lowering, node: Node) -> None:
    """Resize an image in blocks at once, where no more than four pixels make one, or each axis."""
    axes = resized_axes(node)
    sides = len(node.output.shape) == 4 and is_image(node.output) and min(axes) > 1
    if sides and blends_four(node):
        _resize_image(low, node)
        return
    tables = {axis: windows(node, axis) for axis in axes}
    layout = BLOCKED if sides else DENSE
    source = low.source(node.input(0), layout)
    target = low.target(node.output, layout)
    shape = list(source.shape)
    axes.sort(key=lambda axis: node.output.shape[axis] / shape[axis])  # what shrinks comes first
    for number, axis in enumerate(axes, 1):
        shape[axis] = node.output.shape[axis]
        last = number == len(axes)
        name = f"{node.output.name}/{number}"
        result = target if last else Buffer(name, tuple(shape), layout, source.type)
        _resize_axis(low, node, axis, tables[axis], source, result, node.output if last else None)
        source = result


def check_nearest(node: Node) -> str | None:
    """Return a reason if integers would have to be interpolated."""
    return require(node, "mode", "nearest") or check_resize(node)


@lowers("Resize", check=check_nearest, types=INTEGERS)
def lower_nearest(low: Lowering, node: Node) -> None:
    """Copy the nearest pixels of bytes in blocks, or look each axis up after the other."""
    axes = resized_axes(node)
    if _suits_pixels(low, node.input(0), axes):
        _copy_pixels(low, node)
        return
    source = low.source(node.input(0), DENSE)
    shape, target = list(source.shape), low.target(node.output, DENSE)
    for axis in axes:
        last = axis == axes[-1]
        shape[axis] = node.output.shape[axis]
        name = f"{node.output.name}/{axis}"
        result = target if last else Buffer(name, tuple(shape), DENSE, source.type)
        _look_up(low, node, axis, source, result, node.output if last else None)
        source = result


def _suits_pixels(low: Lowering, value: Value, axes: list[int]) -> bool:
    """Return whether bytes lie in blocks, and only height and width change."""
    image = value.type.bytes == 1 and len(value.shape) == 4 and is_image(value)
    return image and min(axes) > 1 and low.is_free(value, BLOCKED)


def _copy_pixels(low: Lowering, node: Node) -> None:
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    places = [[str(window.first) for window in windows(node, axis)] for axis in (2, 3)]
    rows, columns = (Table("int", tuple(place)) for place in places)

    def call(_: object) -> Call:
        fields = image_fields(source, target)
        pointers = (rows, columns, reading(source), writing(target))
        return Call("qresize_run", "qresize", fields, pointers)

    low.add(node, "resize nearest", [source], target, call, value=node.output)


def _look_up(
    low: Lowering, node: Node, axis: int, source: Buffer, target: Buffer, value: Value | None
) -> None:
    firsts = [window.first for window in windows(node, axis)]
    indices = low.weights.add(np.asarray(firsts, np.int64))
    fields = gather_fields(source.shape, axis, source.type, len(firsts))

    def call(_: object) -> Call:
        pointers = (reading(source), indices, writing(target))
        return Call("select_gather_int64_t", "gather", fields, pointers)

    low.add(node, "resize nearest", [source], target, call, value=value)


def _resize_image(low: Lowering, node: Node) -> None:
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    rows, columns = (resize_taps(node, axis) for axis in (2, 3))

    def call(_: object) -> Call:
        linear = int(node.attributes["mode"] != "nearest")
        fields = image_fields(source, target) | {"linear": linear}
        pointers = (rows, columns, reading(source), writing(target))
        return Call("resize_run", "resize", fields, pointers)

    low.add(node, f"resize {node.attributes['mode']}", [source], target, call, value=node.output)


def image_fields(source: Buffer, target: Buffer) -> dict[str, Field]:
    """Return the fields of every kernel that resizes an image in blocks."""
    return {
        "blocks": source.blocks,
        "out_h": target.height,
        "out_w": target.width,
        "in_plane": source.plane,
        "in_row": source.row,
        "out_plane": target.plane,
        "out_row": target.row,
    }


def resize_taps(node: Node, axis: int) -> Table:
    """Return two indices for each one of an axis, and the weight of the second."""
    table = windows(node, axis)
    return Table("resize_tap", tuple(f"{{{a}, {b}, {f!r}f}}" for a, b, f in map(ends, table)))


def _resize_axis(
    low: Lowering,
    node: Node,
    axis: int,
    table: list[Window],
    source: Buffer,
    target: Buffer,
    value: Value | None,
) -> None:
    """Add the step that resizes one axis."""
    counts = [len(window.weights) for window in table]
    firsts = [0, *accumulate(counts)]
    rows = (f"{{{w.first}, {n}, {at}}}" for w, n, at in zip(table, counts, firsts, strict=False))
    entries = Table("resize_window", tuple(rows))
    numbers = [weight for window in table for weight in window.weights]
    weights = low.weights.add(np.asarray(numbers or [0.0], np.float32))

    def call(_: object) -> Call:
        steps = _steps_of_block if source.layout is BLOCKED else _steps_of_rows
        fields = steps(axis, source, target) | {
            "length": len(table),
            "outside": float(node.attributes["extrapolation_value"]),
        }
        pointers = (entries, weights, reading(source), writing(target))
        return Call("resize_axis_run", "resize_axis", fields, pointers)

    kernel = f"resize {node.attributes['mode']}"
    macs = sum(counts) * target.images * math.prod(target.shape) // len(table)
    low.add(node, kernel, [source], target, call, value=value, macs=macs)


def _steps_of_block(axis: int, source: Buffer, target: Buffer) -> dict[str, Field]:
    """Return how an image in blocks lies along an axis: all columns at once, or each row."""
    down = axis == 2
    return {
        "planes": source.blocks,
        "lines": 1 if down else source.height,
        "in_plane": source.plane,
        "out_plane": target.plane,
        "in_line": source.row,
        "out_line": target.row,
        "in_step": source.row if down else BLOCK,
        "out_step": target.row if down else BLOCK,
        "inner": source.width * BLOCK if down else BLOCK,
    }


def _steps_of_rows(axis: int, source: Buffer, target: Buffer) -> dict[str, Field]:
    """Return how a row-major value lies along an axis."""
    inner = math.prod(source.shape[axis + 1 :])
    return {
        "planes": math.prod(source.shape[:axis]),
        "lines": 1,
        "in_plane": source.shape[axis] * inner,
        "out_plane": target.shape[axis] * inner,
        "in_line": 0,
        "out_line": 0,
        "in_step": inner,
        "out_step": inner,
        "inner": inner,
    }
