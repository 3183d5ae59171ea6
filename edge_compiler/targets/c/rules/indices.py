"""Elements by computed indices: taken one by one, replaced, and the indices of the largest."""

from __future__ import annotations

import math

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.rules.axis import axis_fields
from edge_compiler.targets.c.rules.table import ALL, lowers, NUMBERS
from edge_compiler.targets.program.boxes import copy_box, source_of
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import DENSE, row_major
from edge_compiler.targets.program.limits import (
    require,
    require_axes,
    require_constant,
    require_type,
)
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.reorder import MAX_RANK, ranked
from edge_perception.runtime.dtypes import BOOL, INT32, INT64

_HOW = {
    "none": "SCATTER_NONE",
    "add": "SCATTER_ADD",
    "mul": "SCATTER_MUL",
    "max": "SCATTER_MAX",
    "min": "SCATTER_MIN",
}


def check_elements(node: Node) -> str | None:
    """Elements by indices along an axis; one beyond an end is taken for the last on that side."""
    counted = require_axes("indices", len(node.input(1).shape))
    return counted or require_type(node.input(1), (INT32, INT64))


def check_slices(node: Node) -> str | None:
    """Slices by tuples of indices; one beyond an end is taken for the last on that side."""
    counted = require_axes("tuples of indices", node.input(1).shape[-1])
    return counted or require_type(node.input(1), (INT32, INT64))


def _by_element(value: Value, index: Value, axis: int) -> dict[str, Field]:
    """Return the fields of `indexed` where each index is one along an axis."""
    steps = list(row_major(value.shape))
    step, steps[axis] = steps[axis], 0
    return {
        "wide": int(index.type == INT64),
        "bytes": value.type.bytes,
        "shape": ranked(index.shape, 1),
        "steps": ranked(tuple(steps), 0),
        "length": value.shape[axis],
        "step": step,
    }


def _by_slice(value: Value, index: Value, batch_dims: int) -> dict[str, Field]:
    """Return the fields of `indexed` where tuples name slices."""
    depth, batches = index.shape[-1], math.prod(index.shape[:batch_dims])
    lengths = value.shape[batch_dims : batch_dims + depth]
    return {
        "wide": int(index.type == INT64),
        "bytes": value.type.bytes,
        "batches": batches,
        "tuples": math.prod(index.shape[batch_dims:-1]),
        "depth": depth,
        "lengths": (*lengths, *(1,) * (MAX_RANK - depth)),
        "slice": math.prod(value.shape[batch_dims + depth :]),
        "batch": math.prod(value.shape[batch_dims:]),
    }


@lowers("GatherElements", check=check_elements, types=ALL)
def lower_gather_elements(low: Lowering, node: Node) -> None:
    """Take each element by its index."""
    value, axis = node.input(0), node.attributes["axis"] % len(node.input(0).shape)
    _add_gather(low, node, "indices_gather", _by_element(value, node.input(1), axis))


@lowers("GatherND", check=check_slices, types=ALL)
def lower_gather_slices(low: Lowering, node: Node) -> None:
    """Take each slice by its tuple of indices."""
    fields = _by_slice(node.input(0), node.input(1), node.attributes["batch_dims"])
    _add_gather(low, node, "indices_gather_slices", fields)


def _add_gather(low: Lowering, node: Node, kernel: str, fields: dict[str, Field]) -> None:
    operands = [Data.of(low, node.input(index)) for index in range(2)]
    target = low.target(node.output, DENSE)

    def call(_: object) -> Call:
        pointers = (*(data.pointer() for data in operands), writing(target))
        return Call(kernel, "indexed", fields, pointers)

    reads = [buffer for data in operands for buffer in data.reads]
    low.add(node, node.op, reads, target, call, value=node.output)


def check_scatter_elements(node: Node) -> str | None:
    """Replace elements by indices along an axis, or combine them with others."""
    return require_type(node.input(0), (*NUMBERS, BOOL)) or check_elements(node)


def check_scatter_slices(node: Node) -> str | None:
    """Replace slices by tuples of indices, or combine them with others."""
    return require_type(node.input(0), (*NUMBERS, BOOL)) or check_slices(node)


@lowers("ScatterElements", check=check_scatter_elements, types=(*NUMBERS, BOOL))
def lower_scatter_elements(low: Lowering, node: Node) -> None:
    """Copy, then replace each element by its index."""
    value, axis = node.input(0), node.attributes["axis"] % len(node.input(0).shape)
    _add_scatter(low, node, "indices_scatter", _by_element(value, node.input(1), axis))


@lowers("ScatterND", check=check_scatter_slices, types=(*NUMBERS, BOOL))
def lower_scatter_slices(low: Lowering, node: Node) -> None:
    """Copy, then replace each slice by its tuple of indices."""
    fields = _by_slice(node.input(0), node.input(1), 0)
    _add_scatter(low, node, "indices_scatter_slices", fields)


def _add_scatter(low: Lowering, node: Node, kernel: str, places: dict[str, Field]) -> None:
    value, target = node.input(0), low.target(node.output, DENSE)
    all_elements, whole = (value.size,), ((1,), 0)
    copy_box(low, node, None, all_elements, (source_of(low, value), whole), (target, whole))
    operands = [Data.of(low, node.input(index)) for index in (1, 2)]
    fields: dict[str, Field] = {f"at.{name}": field for name, field in places.items()}
    fields["how"] = _HOW[node.attributes["reduction"]]

    def call(_: object) -> Call:
        pointers = (*(data.pointer() for data in operands), writing(target))
        return Call(f"{kernel}_{c_type(value.type)}", "scatter", fields, pointers)

    reads = [buffer for data in operands for buffer in data.reads]
    low.add(node, node.op, reads, target, call, value=node.output)


def check_topk(node: Node) -> str | None:
    """Find a constant number of the largest or smallest elements along an axis, the best first."""
    return require_constant(node, 1) or require(node, "sorted", 1)


@lowers("TopK", check=check_topk, types=NUMBERS)
def lower_topk(low: Lowering, node: Node) -> None:
    """Find the indices of the best elements, then take these if they are read."""
    value, output = node.input(0), node.output
    axis = node.attributes["axis"] % len(value.shape)
    source = low.source(value, DENSE)
    found = node.outputs[1]
    indices = low.target(found, DENSE)
    fields: dict[str, Field] = {
        **axis_fields(value.shape, axis),
        "count": output.shape[axis],
        "smallest": int(not node.attributes["largest"]),
    }

    def find(_: object) -> Call:
        pointers = (reading(source), writing(indices))
        return Call(f"topk_{c_type(value.type)}", "topk", fields, pointers)

    low.add(node, f"top {output.shape[axis]}", [source], indices, find, value=found)
    if low.graph.consumers(output) or low.graph.is_output(output):
        _take_best(low, node, source, indices, axis)


def _take_best(low: Lowering, node: Node, source: Buffer, indices: Buffer, axis: int) -> None:
    target = low.target(node.output, DENSE)
    places = Value("", node.output.shape, INT64)
    fields = _by_element(node.input(0), places, axis)

    def take(_: object) -> Call:
        pointers = (reading(source), reading(indices), writing(target))
        return Call("indices_gather", "indexed", fields, pointers)

    low.add(node, "take the best", [source, indices], target, take, value=node.output)
