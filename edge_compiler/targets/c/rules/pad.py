"""Pad: a constant, or elements of the tensor itself, around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.ops.padding import pads_of
from edge_compiler.targets.c.rules.table import ALL, lowers
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import (
    BLOCK,
    BLOCKED,
    DENSE,
    image_shape,
    is_image,
    row_major,
)
from edge_compiler.targets.program.limits import require, require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.reorder import MAX_RANK, ranked
from edge_perception.runtime.dtypes import FLOAT32

_MODES = {
    "constant": "PAD_CONSTANT",
    "edge": "PAD_EDGE",
    "reflect": "PAD_REFLECT",
    "wrap": "PAD_WRAP",
}


@dataclass(frozen=True)
class _Axis:
    """
    What becomes of an axis.

    :ivar size: of the input, what is cut off left out.
    :ivar before: elements of the result before the input's first one.
    :ivar step: of the input, elements from one to the next; of the result in ``result_step``.
    """

    size: int
    result: int
    before: int
    step: int
    result_step: int

    @property
    def stays(self) -> bool:
        """Whether nothing is put around it."""
        return self.size == self.result


def _axes(
    shape: Sequence[int], pads: Sequence[tuple[int, int]], steps: Sequence[int], out: Sequence[int]
) -> list[_Axis]:
    """Return what becomes of each axis, those as one that follow each other and stay."""
    axes: list[_Axis] = []
    for size, (before, behind), step, result_step in zip(shape, pads, steps, out, strict=True):
        left = size + min(before, 0) + min(behind, 0)
        axis = _Axis(left, size + before + behind, max(before, 0), step, result_step)
        last = axes[-1] if axes else axis
        goes_on = last.step == size * step and last.result_step == axis.result * result_step
        if axes and axis.stays and last.stays and goes_on and left == size:
            size = last.size * size
            axes[-1] = _Axis(size, size, 0, step, result_step)
        else:
            axes.append(axis)
    return axes


def check_pad(node: Node) -> str | None:
    """Pad by a constant, the edge, a reflection or from the other end; or cut off."""
    if reason := require(node, "mode", *_MODES) or require_constant(node, 1, 2, 3):
        return reason
    pads, shape = pads_of(node), node.input(0).shape
    assert pads is not None
    axes = _axes(shape, pads, row_major(shape), row_major(node.output.shape))
    return (
        f"padding along more than {MAX_RANK} axes: {len(axes)}" if len(axes) > MAX_RANK else None
    )


@lowers("Pad", check=check_pad, types=ALL)
def lower_pad(low: Lowering, node: Node) -> None:
    """Pad an image in blocks, pixel by pixel, or a row-major value."""
    value, pads = node.input(0), pads_of(node)
    assert pads is not None
    given = node.constant(2)
    number: Array = np.zeros((), value.type.numpy) if given is None else given
    if _suits_blocks(low, node, pads, number):
        _pad_blocks(low, node, pads[2:], number)
        return
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    steps, out = row_major(value.shape), row_major(node.output.shape)
    axes = _axes(value.shape, pads, steps, out)
    start = sum(max(-before, 0) * step for (before, _), step in zip(pads, steps, strict=True))
    constant = low.weights.add(number)

    def call(_: object) -> Call:
        fields = _fields(node, axes, value.type.bytes)
        pointers = (reading(source).plus(start), constant, writing(target))
        return Call("pad_run", "pad", fields, pointers)

    low.add(node, f"pad {node.attributes['mode']}", [source], target, call, value=node.output)


def _suits_blocks(low: Lowering, node: Node, pads: list[tuple[int, int]], number: Array) -> bool:
    """Return whether an image stays in blocks; an infinity must not get into unused lanes."""
    value = node.input(0)
    free = is_image(value) and value.type == FLOAT32 and low.is_free(value, BLOCKED)
    return free and not any(pads[0] + pads[1]) and bool(np.isfinite(number).all())


def _pad_blocks(low: Lowering, node: Node, pads: list[tuple[int, int]], number: Array) -> None:
    """Pad both sides of an image, whose elements are then the pixels of a block."""
    _, _, height, width = image_shape(node.input(0).shape)
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    constant = low.weights.add(np.full(BLOCK, number, np.float32))
    (top, bottom), (left, right) = ([(0, 0), *pads])[-2:]

    def call(_: object) -> Call:
        strides = (source.plane, source.row, BLOCK), (target.plane, target.row, BLOCK)
        steps, out = ([stride // BLOCK for stride in each] for each in strides)
        shape = (source.blocks, height, width)
        axes = _axes(shape, [(0, 0), (top, bottom), (left, right)], steps, out)
        start = reading(source, max(-top, 0), max(-left, 0))
        fields = _fields(node, axes, BLOCK * source.type.bytes)
        return Call("pad_run", "pad", fields, (start, constant, writing(target)))

    low.add(node, f"pad {node.attributes['mode']}", [source], target, call, value=node.output)


def _fields(node: Node, axes: list[_Axis], element: int) -> dict[str, Field]:
    return {
        "mode": _MODES[node.attributes["mode"]],
        "shape": ranked(tuple(axis.result for axis in axes), 1),
        "size": ranked(tuple(axis.size for axis in axes), 1),
        "before": ranked(tuple(axis.before for axis in axes), 0),
        "in": ranked(tuple(axis.step for axis in axes), 0),
        "out": ranked(tuple(axis.result_step for axis in axes), 0),
        "bytes": element,
    }
