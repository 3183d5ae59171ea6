"""TensorFlow Lite's operators that move numbers, and compute none."""

from __future__ import annotations

from functools import partial
import math

import numpy as np
from onnx import TensorProto

from edge_compiler.frontends.tflite.file import Operator, Tensor, UnsupportedError
from edge_compiler.frontends.tflite.graph import Graph, IMAGE, ordered
from edge_compiler.frontends.tflite.rule import axis_of, require_rank, Rule

_REFLECT = 0
_MASKS = {"ellipsis": 2, "new axis": 3}


def _reshape(graph: Graph, operator: Operator) -> None:
    """Give a tensor the shape of the output, which the file knows whatever computes it."""
    x, output = operator.tensor(0), operator.output
    if math.prod(x.shape) != math.prod(output.shape):
        raise ValueError(f"it makes {list(output.shape)} of {list(x.shape)}")
    graph.result(output, "Reshape", [graph.read(x), graph.given(output, output.shape)])


def _transpose(graph: Graph, operator: Operator) -> None:
    """Remember where the axes are now."""
    x, perm = operator.tensor(0), operator.integers(1)
    perm = [axis_of(axis, x.rank) for axis in perm]
    if sorted(perm) != list(range(x.rank)):
        raise ValueError(f"{perm} is no order of {x.rank} axes")
    order = graph.order(x)
    graph.same(operator.output, x, tuple(order[axis] for axis in perm))


def _concatenate(graph: Graph, operator: Operator) -> None:
    output = operator.output
    tensors = operator.tensors()
    require_rank(output.rank, *tensors)
    axis = axis_of(operator.option(0), output.rank)
    names, order = graph.aligned(tensors, output.rank)
    activation = operator.option(1, "<b")
    graph.result(output, "Concat", names, order, activation, axis=order[axis])


def _pack(graph: Graph, operator: Operator) -> None:
    output, names = operator.output, []
    axis = axis_of(operator.option(1), output.rank)
    for tensor in operator.tensors():
        require_rank(output.rank - 1, tensor)
        shape = [*tensor.shape[:axis], 1, *tensor.shape[axis:]]
        names.append(
            graph.step(output, "Reshape", [graph.read(tensor), graph.given(output, shape)])
        )
    graph.result(output, "Concat", names, axis=axis)


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


def _tile(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    require_rank(x.rank, output)
    if 0 in x.shape:
        raise ValueError("it repeats nothing")
    order = graph.order(x)
    times = [wide // size for wide, size in zip(output.shape, x.shape, strict=True)]
    counts = graph.given(output, ordered(times, order))
    graph.result(output, "Tile", [graph.read(x, order), counts], order)


def _broadcast(graph: Graph, operator: Operator) -> None:
    output = operator.output
    shape = graph.given(output, output.shape)
    graph.result(output, "Expand", [graph.read(operator.tensor(0)), shape])


def _fill(graph: Graph, operator: Operator) -> None:
    output = operator.output
    shape = graph.given(output, output.shape)
    graph.result(output, "Expand", [graph.read(operator.tensor(1)), shape])


def _zeros(graph: Graph, operator: Operator) -> None:
    output = operator.output
    zero = graph.given(output, 0, output.type if output.quantisation is None else np.float32)
    graph.result(output, "Expand", [zero, graph.given(output, output.shape)])


def _shape(_: Graph, operator: Operator) -> None:
    """Know the shape, as it never changes."""
    output = operator.output
    output.constant = np.array(operator.tensor(0).shape, output.type)


def _paddings(operator: Operator, x: Tensor, order: tuple[int, ...]) -> list[int]:
    amounts = operator.constant(1)
    if amounts.shape != (x.rank, 2) or amounts.min(initial=0) < 0:
        raise ValueError(f"its paddings have the shape {list(amounts.shape)}")
    turned = ordered(amounts.tolist(), order)
    return [begin for begin, _ in turned] + [end for _, end in turned]


def _pad(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    names = [graph.read(x, order), graph.given(output, _paddings(operator, x, order))]
    if operator.has(2):
        names.append(graph.read(operator.tensor(2)))
    graph.result(output, "Pad", names, order)


def _mirror(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    if operator.option(0, "<b") != _REFLECT:
        raise UnsupportedError("padding that repeats the edge is not supported: use REFLECT")
    order = graph.order(x)
    amounts = graph.given(output, _paddings(operator, x, order))
    graph.result(output, "Pad", [graph.read(x, order), amounts], order, mode="reflect")


def _reverse(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    axes = [order[axis_of(axis, x.rank)] for axis in operator.integers(1)]
    first, last = np.full(len(axes), -1), np.full(len(axes), np.iinfo(np.int64).min)
    bounds = [graph.given(output, part) for part in (first, last, axes, first)]
    graph.result(output, "Slice", [graph.read(x, order), *bounds], order)


def _depth_to_space(graph: Graph, operator: Operator, op: str) -> None:
    x = operator.tensor(0)
    require_rank(4, x, operator.output)
    name = graph.read(x, IMAGE)
    graph.result(operator.output, op, [name], IMAGE, blocksize=operator.option(0))


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
    "BROADCAST_TO": _broadcast,
    "CONCATENATION": _concatenate,
    "DEPTH_TO_SPACE": partial(_depth_to_space, op="DepthToSpace"),
    "EMBEDDING_LOOKUP": _look_up,
    "EXPAND_DIMS": _reshape,
    "FILL": _fill,
    "GATHER": _gather,
    "GATHER_ND": _gather_entries,
    "MIRROR_PAD": _mirror,
    "PACK": _pack,
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _reshape,
    "REVERSE_V2": _reverse,
    "SHAPE": _shape,
    "SLICE": _slice,
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "SPACE_TO_DEPTH": partial(_depth_to_space, op="SpaceToDepth"),
    "SPLIT": partial(_split, x=1, axis=0),
    "SPLIT_V": partial(_split, x=0, axis=2),
    "SQUEEZE": _reshape,
    "STRIDED_SLICE": _slice_with_strides,
    "TILE": _tile,
    "TRANSPOSE": _transpose,
    "UNPACK": _unpack,
    "ZEROS_LIKE": _zeros,
}
