"""TensorFlow Lite's operators that give numbers another shape, or put tensors together."""

from __future__ import annotations

from functools import partial
import math

import numpy as np

from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operator import Operator, Tensor, UnsupportedError
from edge_compiler.frontends.tflite.order import IMAGE, ordered
from edge_compiler.frontends.tflite.rule import axis_of, require_rank, Rule

_REFLECT = 0


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


def _depth_to_space(graph: Graph, operator: Operator, op: str) -> None:
    x = operator.tensor(0)
    require_rank(4, x, operator.output)
    name = graph.read(x, IMAGE)
    graph.result(operator.output, op, [name], IMAGE, blocksize=operator.option(0))


RULES: dict[str, Rule] = {
    "BROADCAST_TO": _broadcast,
    "CONCATENATION": _concatenate,
    "DEPTH_TO_SPACE": partial(_depth_to_space, op="DepthToSpace"),
    "EXPAND_DIMS": _reshape,
    "FILL": _fill,
    "MIRROR_PAD": _mirror,
    "PACK": _pack,
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _reshape,
    "SHAPE": _shape,
    "SPACE_TO_DEPTH": partial(_depth_to_space, op="SpaceToDepth"),
    "SQUEEZE": _reshape,
    "TILE": _tile,
    "TRANSPOSE": _transpose,
    "ZEROS_LIKE": _zeros,
}
