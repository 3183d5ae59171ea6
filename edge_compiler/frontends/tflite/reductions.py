"""TensorFlow Lite's operators that make one number of many, or pick some, and its resizing."""

from __future__ import annotations

from functools import partial

import numpy as np
from onnx import helper, TensorProto

from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operator import Operator
from edge_compiler.frontends.tflite.order import IMAGE, ordered, plain
from edge_compiler.frontends.tflite.rule import axis_of, require_rank, Rule

_ROWS_AND_COLUMNS = {1, 2}


def _reduce(graph: Graph, operator: Operator, op: str) -> None:
    x, output = operator.tensor(0), operator.output
    axes = {axis_of(axis, x.rank) for axis in operator.integers(1)}
    if not axes:
        graph.same(output, x)
        return
    kept = operator.flag(0)
    if op == "ReduceMean" and x.rank == 4 and axes == _ROWS_AND_COLUMNS:
        _mean_of_image(graph, operator, kept)
        return
    order = graph.order(x)
    left = [order[axis] for axis in range(x.rank) if kept or axis not in axes]
    places = graph.given(output, sorted(order[axis] for axis in axes))
    after = tuple(sorted(left).index(axis) for axis in left)
    graph.result(output, op, [graph.read(x, order), places], after, keepdims=int(kept))


def _mean_of_image(graph: Graph, operator: Operator, kept: bool) -> None:
    """Add the mean of each channel, for which ONNX has an operator."""
    x, output = operator.tensor(0), operator.output
    images, _, _, channels = x.shape
    image = output if kept else graph.between(output, [images, 1, 1, channels])
    graph.result(image, "GlobalAveragePool", [graph.read(x, IMAGE)], IMAGE)
    if not kept:
        mean = graph.read(image, IMAGE)
        graph.result(output, "Reshape", [mean, graph.given(output, output.shape)])


def _place(graph: Graph, operator: Operator, op: str) -> None:
    """Add the place of the largest or least number; the first, if there are several."""
    x, output = operator.tensor(0), operator.output
    axis = axis_of(operator.integers(1)[0], x.rank)
    place = graph.step(output, op, [graph.read(x)], axis=axis, keepdims=0)
    graph.result(output, "Cast", [place], to=_number(output.type))


def _largest(graph: Graph, operator: Operator) -> None:
    x, (values, places) = operator.tensor(0), operator.outputs
    count = graph.given(values, operator.integers(1)[:1])
    found = graph.between(values, values.shape), graph.between(places, places.shape)
    found[1].type = np.int64
    graph.results(found, "TopK", [graph.read(x), count], plain(x.rank), axis=-1)
    graph.same(values, found[0])
    graph.result(places, "Cast", [graph.read(found[1])], to=_number(places.type))


def _number(type_: type[np.generic] | None) -> int:
    return helper.np_dtype_to_tensor_dtype(np.dtype(type_)) if type_ else TensorProto.INT32


def _add_up(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    axis = graph.given(output, axis_of(operator.integers(1)[0], x.rank))
    exclusive, reverse = (operator.option(field, "<b") for field in (0, 1))
    graph.result(output, "CumSum", [graph.read(x), axis], exclusive=exclusive, reverse=reverse)


def _resize(graph: Graph, operator: Operator, mode: str, fields: tuple[int, int]) -> None:
    """
    Resize an image to the size that the output has.

    :param fields: of the options: whether corners are aligned, and whether centres of pixels are.
    """
    x, output = operator.tensor(0), operator.output
    require_rank(4, x, output)
    aligned, centred = (operator.flag(field) for field in fields)
    places = "align_corners" if aligned else "half_pixel" if centred else "asymmetric"
    rounding = "floor" if places == "asymmetric" else "round_prefer_ceil"
    sizes = graph.given(output, ordered(output.shape, IMAGE))
    graph.result(
        output,
        "Resize",
        [graph.read(x, IMAGE), "", "", sizes],
        IMAGE,
        mode=mode,
        coordinate_transformation_mode=places,
        nearest_mode=rounding,
    )


RULES: dict[str, Rule] = {
    "ARG_MAX": partial(_place, op="ArgMax"),
    "ARG_MIN": partial(_place, op="ArgMin"),
    "CUMSUM": _add_up,
    "MEAN": partial(_reduce, op="ReduceMean"),
    "REDUCE_MAX": partial(_reduce, op="ReduceMax"),
    "REDUCE_MIN": partial(_reduce, op="ReduceMin"),
    "REDUCE_PROD": partial(_reduce, op="ReduceProd"),
    "RESIZE_BILINEAR": partial(_resize, mode="linear", fields=(2, 3)),
    "RESIZE_NEAREST_NEIGHBOR": partial(_resize, mode="nearest", fields=(0, 1)),
    "SUM": partial(_reduce, op="ReduceSum"),
    "TOPK_V2": _largest,
}
