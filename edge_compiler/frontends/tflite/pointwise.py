"""TensorFlow Lite's operators that work number by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from onnx import helper

from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operator import Operator, Tensor, UnsupportedError
from edge_compiler.frontends.tflite.order import Order
from edge_compiler.frontends.tflite.rule import Rule

_NO_ACTIVATION = -1


def _unary(graph: Graph, operator: Operator, ops: Sequence[str]) -> None:
    """Add functions of one number, one after the other."""
    x = operator.tensor(0)
    order = graph.order(x)
    name = graph.read(x, order)
    for op in ops[:-1]:
        name = graph.step(operator.output, op, [name])
    graph.result(operator.output, ops[-1], [name], order)


def _with(
    graph: Graph, operator: Operator, op: str, options: Callable[[Operator], dict[str, Any]]
) -> None:
    """Add a function of one number that has options."""
    x = operator.tensor(0)
    order = graph.order(x)
    graph.result(operator.output, op, [graph.read(x, order)], order, **options(operator))


def _between(graph: Graph, operator: Operator, least: float, most: float) -> None:
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    limits = [graph.given(output, np.float32(limit)) for limit in (least, most)]
    graph.result(output, "Clip", [graph.read(x, order), *limits], order)


def _operands(graph: Graph, operator: Operator) -> tuple[list[str], Order]:
    """Return both inputs as they broadcast to the output, and the order of its axes."""
    return graph.aligned([operator.tensor(0), operator.tensor(1)], operator.output.rank)


def _binary(graph: Graph, operator: Operator, op: str, field: int = _NO_ACTIVATION) -> None:
    """
    Add a function of two numbers.

    :param field: of its options, which says what is applied to the result.
    """
    output = operator.output
    names, order = _operands(graph, operator)
    activation = 0 if field == _NO_ACTIVATION else operator.option(field, "<b")
    graph.result(output, op, names, order, activation)


def _not_equal(graph: Graph, operator: Operator) -> None:
    output = operator.output
    names, order = _operands(graph, operator)
    graph.result(output, "Not", [graph.step(output, "Equal", names)], order)


def _squared_difference(graph: Graph, operator: Operator) -> None:
    output = operator.output
    names, order = _operands(graph, operator)
    difference = graph.step(output, "Sub", names)
    graph.result(output, "Mul", [difference, difference], order)


def _square(graph: Graph, operator: Operator) -> None:
    x = operator.tensor(0)
    order = graph.order(x)
    graph.result(operator.output, "Mul", [graph.read(x, order)] * 2, order)


def _floor_divide(graph: Graph, operator: Operator) -> None:
    _require_floats(operator)
    output = operator.output
    names, order = _operands(graph, operator)
    graph.result(output, "Floor", [graph.step(output, "Div", names)], order)


def _floor_remainder(graph: Graph, operator: Operator) -> None:
    """Add the remainder that has the sign of the divisor; ONNX has that of integers."""
    output = operator.output
    names, order = _operands(graph, operator)
    if operator.tensor(0).type != np.float32:
        graph.result(output, "Mod", names, order)
        return
    floor = graph.step(output, "Floor", [graph.step(output, "Div", names)])
    whole = graph.step(output, "Mul", [floor, names[1]])
    graph.result(output, "Sub", [names[0], whole], order)


def _require_floats(operator: Operator) -> None:
    if operator.tensor(0).type != np.float32:
        raise UnsupportedError("it is supported for float32 only: cast what it reads")


def _add_all(graph: Graph, operator: Operator) -> None:
    names, order = graph.aligned(operator.tensors(), operator.output.rank)
    graph.result(operator.output, "Sum", names, order)


def _select(graph: Graph, operator: Operator) -> None:
    """Add a choice of two tensors; the old kind lets a vector choose whole entries."""
    chosen, output = operator.tensor(0), operator.output
    rank = output.rank
    if operator.kind == "SELECT" and chosen.rank == 1 and rank > 1:
        shape = [*chosen.shape, *[1] * (rank - 1)]
        column = graph.between(chosen, shape)
        graph.result(column, "Reshape", [graph.read(chosen), graph.given(column, shape)])
        chosen = column
    names, order = graph.aligned([chosen, operator.tensor(1), operator.tensor(2)], rank)
    graph.result(output, "Where", names, order)


def _cast(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    kind = np.dtype(np.float32 if output.type in (None, np.float16) else output.type)
    to = helper.np_dtype_to_tensor_dtype(kind)
    graph.result(output, "Cast", [graph.read(x, order)], order, to=to)


def _quantise(graph: Graph, operator: Operator) -> None:
    graph.same(operator.output, operator.tensor(0))


def _dequantise(graph: Graph, operator: Operator) -> None:
    """Let numbers be numbers; those that the file has as float16 are constants as before."""
    x, output = operator.tensor(0), operator.output
    if x.constant is not None and x.type == np.float16:
        output.constant = x.constant.astype(np.float32)
    else:
        graph.same(output, x)


def _dense(_: Graph, operator: Operator) -> None:
    """Take weights that are sparse in the file: they are read with their zeros (`sparse.py`)."""
    operator.output.constant = operator.constant(0)


def _softmax(graph: Graph, operator: Operator, op: str) -> None:
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    name = graph.read(x, order)
    beta = operator.real(0) if op == "Softmax" else 1.0
    if beta != 1:
        name = graph.step(output, "Mul", [name, graph.given(output, np.float32(beta))])
    graph.result(output, op, [name], order, axis=_last(x, order))


def _normalise(graph: Graph, operator: Operator) -> None:
    """Add a division by the norm along the last axis; that of nothing is nothing."""
    x, output = operator.tensor(0), operator.output
    order = graph.order(x)
    name = graph.read(x, order)
    axes = graph.given(output, [_last(x, order)])
    norm = graph.step(output, "ReduceL2", [name, axes], keepdims=1)
    least = graph.given(output, np.float32(1e-6))
    norm = graph.step(output, "Max", [norm, least])
    graph.result(output, "Div", [name, norm], order, activation=operator.option(0, "<b"))


def _last(x: Tensor, order: tuple[int, ...]) -> int:
    if not x.rank:
        raise ValueError("it reads a single number, which has no last axis")
    return order[-1]


RULES: dict[str, Rule] = {
    "ABS": partial(_unary, ops=["Abs"]),
    "ADD": partial(_binary, op="Add", field=0),
    "ADD_N": _add_all,
    "CAST": _cast,
    "CEIL": partial(_unary, ops=["Ceil"]),
    "COS": partial(_unary, ops=["Cos"]),
    "DENSIFY": _dense,
    "DEQUANTIZE": _dequantise,
    "DIV": partial(_binary, op="Div", field=0),
    "ELU": partial(_with, op="Elu", options=lambda _: {"alpha": 1.0}),
    "EQUAL": partial(_binary, op="Equal"),
    "EXP": partial(_unary, ops=["Exp"]),
    "FLOOR": partial(_unary, ops=["Floor"]),
    "FLOOR_DIV": _floor_divide,
    "FLOOR_MOD": _floor_remainder,
    "GELU": partial(
        _with, op="Gelu", options=lambda o: {"approximate": "tanh" if o.flag(0) else "none"}
    ),
    "GREATER": partial(_binary, op="Greater"),
    "GREATER_EQUAL": partial(_binary, op="GreaterOrEqual"),
    "HARD_SWISH": partial(_unary, ops=["HardSwish"]),
    "L2_NORMALIZATION": _normalise,
    "LEAKY_RELU": partial(_with, op="LeakyRelu", options=lambda o: {"alpha": o.real(0)}),
    "LESS": partial(_binary, op="Less"),
    "LESS_EQUAL": partial(_binary, op="LessOrEqual"),
    "LOG": partial(_unary, ops=["Log"]),
    "LOGICAL_AND": partial(_binary, op="And"),
    "LOGICAL_NOT": partial(_unary, ops=["Not"]),
    "LOGICAL_OR": partial(_binary, op="Or"),
    "LOGISTIC": partial(_unary, ops=["Sigmoid"]),
    "LOG_SOFTMAX": partial(_softmax, op="LogSoftmax"),
    "MAXIMUM": partial(_binary, op="Max"),
    "MINIMUM": partial(_binary, op="Min"),
    "MUL": partial(_binary, op="Mul", field=0),
    "NEG": partial(_unary, ops=["Neg"]),
    "NOT_EQUAL": _not_equal,
    "POW": partial(_binary, op="Pow"),
    "PRELU": partial(_binary, op="PRelu"),
    "QUANTIZE": _quantise,
    "RELU": partial(_unary, ops=["Relu"]),
    "RELU6": partial(_between, least=0, most=6),
    "RELU_0_TO_1": partial(_between, least=0, most=1),
    "RELU_N1_TO_1": partial(_between, least=-1, most=1),
    "ROUND": partial(_unary, ops=["Round"]),
    "RSQRT": partial(_unary, ops=["Sqrt", "Reciprocal"]),
    "SELECT": _select,
    "SELECT_V2": _select,
    "SIGN": partial(_unary, ops=["Sign"]),
    "SIN": partial(_unary, ops=["Sin"]),
    "SOFTMAX": partial(_softmax, op="Softmax"),
    "SQRT": partial(_unary, ops=["Sqrt"]),
    "SQUARE": _square,
    "SQUARED_DIFFERENCE": _squared_difference,
    "SUB": partial(_binary, op="Sub", field=0),
    "TANH": partial(_unary, ops=["Tanh"]),
}
