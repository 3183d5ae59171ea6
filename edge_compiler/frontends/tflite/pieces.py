"""TensorFlow Lite's operators that cut tensors, and take numbers out of them."""

from __future__ import annotations

from functools import partial

import numpy as np
from onnx import TensorProto

from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operator import Operator, Tensor, UnsupportedError
from edge_compiler.frontends.tflite.order import ordered
from edge_compiler.frontends.tflite.rule import axis_of, require_rank, Rule

_MASKS = {"ellipsis": 2, "new axis": 3}


def _unpack(graph: Graph, operator: Operator) -> None:
    x = operator.tensor(0)
    axis = axis_of(operator.option(1), x.rank)
    if len(operator.outputs) != x.shape[axis]:
        raise ValueError(f"it makes {len(operator.outputs)} tensors of {x.shape[axis]}")
    name = graph.read(x)
    for index, output in enumerate(operator.outputs):
        graph.result(output, "Gather", [name, graph.given(output, index)], axis=axis)


def _split(graph: Graph, operator: Operator, x: int, axis: int) -> None:
    """Cut a tensor; how large the parts are stands in their shapes."""
    source = operator.tensor(x)
    along = axis_of(operator.integers(axis)[0], source.rank)
    require_rank(source.rank, *operator.outputs)
    order = graph.order(source)
    sizes = graph.given(operator.output, [part.shape[along] for part in operator.outputs])
    names = [graph.read(source, order), sizes]
    graph.results(operator.outputs, "Split", names, order, axis=order[along])


def _slice(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    begin = operator.integers(1)
    require_rank(x.rank, output)
    if len(begin) != x.rank:
        raise ValueError(f"it begins at {begin} of {x.rank} axes")
    order = graph.order(x)
    end = [start + size for start, size in zip(begin, output.shape, strict=True)]
    bounds = [graph.given(output, ordered(part, order)) for part in (begin, end)]
    graph.result(output, "Slice", [graph.read(x, order), *bounds], order)


def _slice_with_strides(graph: Graph, operator: Operator) -> None:
    """Take every n-th entry along axes, and drop those axes of which one entry is taken."""
    x, output = operator.tensor(0), operator.output
    for what, field in _MASKS.items():
        if operator.option(field):
            raise UnsupportedError(f"its mask of {what} is not supported: reshape beforehand")
    begins, ends, strides = (operator.integers(index) for index in (1, 2, 3))
    if not len(begins) == len(ends) == len(strides) <= x.rank or 0 in strides:
        raise ValueError("its places and strides don't fit its input")
    relative = operator.flag(5)
    starts, stops = [], []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        size, bit = x.shape[axis], 1 << axis
        if operator.option(4) & bit:  # a single entry
            first = begin + size if begin < 0 else begin
            if not 0 <= first < size:
                raise ValueError(f"there is no entry {begin} of {size}")
            starts.append(first)
            stops.append(first + 1)
            strides[axis] = 1
            continue
        backwards = stride < 0
        starts.append((size - 1 if backwards else 0) if operator.option(0) & bit else begin)
        if operator.option(1) & bit:
            stops.append(-size - 1 if backwards else size)
        else:
            stops.append(begin + end if relative else end)
    axes = list(range(len(starts)))
    bounds = [graph.given(output, part) for part in (starts, stops, axes, strides)]
    if not operator.option(4):
        graph.result(output, "Slice", [graph.read(x), *bounds])
        return
    part = graph.step(output, "Slice", [graph.read(x), *bounds])
    graph.result(output, "Reshape", [part, graph.given(output, output.shape)])


def _gather(graph: Graph, operator: Operator) -> None:
    x, indices = operator.tensor(0), operator.tensor(1)
    if operator.option(1):
        raise UnsupportedError("its batches of indices are not supported")
    axis = axis_of(operator.option(0), x.rank)
    graph.result(operator.output, "Gather", [graph.read(x), graph.read(indices)], axis=axis)


def _look_up(graph: Graph, operator: Operator) -> None:
    indices, x = operator.tensor(0), operator.tensor(1)
    graph.result(operator.output, "Gather", [graph.read(x), graph.read(indices)], axis=0)


def _gather_entries(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    places = graph.step(output, "Cast", [graph.read(operator.tensor(1))], to=TensorProto.INT64)
    graph.result(output, "GatherND", [graph.read(x), places])


def _reverse(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    axes = [order[axis_of(axis, x.rank)] for axis in operator.integers(1)]
    first, last = np.full(len(axes), -1), np.full(len(axes), np.iinfo(np.int64).min)
    bounds = [graph.given(output, part) for part in (first, last, axes, first)]
    graph.result(output, "Slice", [graph.read(x, order), *bounds], order)


def _space_to_batch(graph: Graph, operator: Operator) -> None:
    """Make an image of every n-th row and column each."""
    x, output = operator.tensor(0), operator.output
    blocks, (rows, columns) = _blocks(operator, x), operator.constant(2).tolist()
    images, height, width, channels = x.shape
    pads = [0, rows[0], columns[0], 0, 0, rows[1], columns[1], 0]
    name = graph.step(output, "Pad", [graph.read(x), graph.given(output, pads)])
    height, width = height + sum(rows), width + sum(columns)
    apart = [images, height // blocks[0], blocks[0], width // blocks[1], blocks[1], channels]
    name = graph.step(output, "Reshape", [name, graph.given(output, apart)])
    name = graph.step(output, "Transpose", [name], perm=[2, 4, 0, 1, 3, 5])
    graph.result(output, "Reshape", [name, graph.given(output, output.shape)])


def _batch_to_space(graph: Graph, operator: Operator) -> None:
    """Put such images together."""
    x, output = operator.tensor(0), operator.output
    blocks, (rows, columns) = _blocks(operator, x), operator.constant(2).tolist()
    images, height, width, channels = x.shape
    images //= blocks[0] * blocks[1]
    name = graph.given(output, [*blocks, images, height, width, channels])
    name = graph.step(output, "Reshape", [graph.read(x), name])
    name = graph.step(output, "Transpose", [name], perm=[2, 3, 0, 4, 1, 5])
    height, width = height * blocks[0], width * blocks[1]
    whole = graph.given(output, [images, height, width, channels])
    name = graph.step(output, "Reshape", [name, whole])
    starts, stops = (rows[0], columns[0]), (height - rows[1], width - columns[1])
    bounds = [graph.given(output, part) for part in (starts, stops, (1, 2))]
    graph.result(output, "Slice", [name, *bounds])


def _blocks(operator: Operator, x: Tensor) -> list[int]:
    require_rank(4, x, operator.output)
    blocks = operator.integers(1)
    if len(blocks) != 2 or min(blocks) < 1 or operator.constant(2).shape != (2, 2):
        raise UnsupportedError("it is supported for the rows and columns of images only")
    return blocks


RULES: dict[str, Rule] = {
    "BATCH_TO_SPACE_ND": _batch_to_space,
    "EMBEDDING_LOOKUP": _look_up,
    "GATHER": _gather,
    "GATHER_ND": _gather_entries,
    "REVERSE_V2": _reverse,
    "SLICE": _slice,
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "SPLIT": partial(_split, x=1, axis=0),
    "SPLIT_V": partial(_split, x=0, axis=2),
    "STRIDED_SLICE": _slice_with_strides,
    "UNPACK": _unpack,
}
