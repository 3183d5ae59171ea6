"""MXNet's operators on numbers, one by one or a channel at once, as ONNX's."""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_compiler.frontends.mxnet.symbol import Node, Rule
from edge_compiler.frontends.ranked import RankedBuilder


def _unary(graph: RankedBuilder, node: Node, op: str) -> None:
    graph.add(op, [node.input(0)], node.output())


def _activation(graph: RankedBuilder, node: Node) -> None:
    kinds = {
        "relu": "Relu",
        "sigmoid": "Sigmoid",
        "tanh": "Tanh",
        "softrelu": "Softplus",
        "softsign": "Softsign",
    }
    kind = node.text("act_type", "")
    if kind not in kinds:
        raise ValueError(f"'{node.name}' (Activation) is of the type {kind!r}")
    graph.add(kinds[kind], [node.input(0)], node.output())


def _leaky_relu(graph: RankedBuilder, node: Node) -> None:
    kind, x, y = node.text("act_type", "leaky"), node.input(0), node.output()
    slope = node.number("slope", 0.25)
    if kind == "leaky":
        graph.add("LeakyRelu", [x], y, alpha=slope)
    elif kind == "elu":
        graph.add("Elu", [x], y, alpha=slope)
    elif kind == "selu":
        graph.add("Selu", [x], y)
    elif kind == "prelu":
        graph.prelu(x, node.name, y, node.array(1))
    else:
        raise ValueError(f"'{node.name}' (LeakyReLU) is of the type {kind}")


def _binary(graph: RankedBuilder, node: Node, op: str) -> int:
    names = [node.input(0), node.input(1)]
    names = [
        graph.constant(f"{node.name}/{i}", node.array(i)) if name in node.arrays else name
        for i, name in enumerate(names)
    ]
    graph.add(op, names, node.output())
    return max(graph.ranks.get(name, 0) for name in names)


def _scalar(graph: RankedBuilder, node: Node, op: str, swapped: bool = False) -> None:
    number = graph.number(f"{node.name}/scalar", node.number("scalar"))
    names = [node.input(0), number]
    graph.add(op, names[::-1] if swapped else names, node.output())


def _sum(graph: RankedBuilder, node: Node) -> None:
    graph.add("Sum", list(node.inputs), node.output())


def _clip(graph: RankedBuilder, node: Node) -> None:
    limits = [
        graph.number(f"{node.name}/{name}", node.number(name)) for name in ("a_min", "a_max")
    ]
    graph.add("Clip", [node.input(0), *limits], node.output())


def _batch_norm(graph: RankedBuilder, node: Node) -> None:
    if node.integer("axis", 1) != 1:
        raise ValueError(f"'{node.name}' ({node.op}) normalises axis {node.attributes['axis']}")
    gamma, beta, mean, variance = (node.array(index) for index in range(1, 5))
    if node.flag("fix_gamma", default=True):
        gamma = np.ones_like(gamma)
    arrays = (gamma, beta, mean, variance)
    graph.normalise(node.input(0), node.name, node.output(), arrays, node.number("eps", 1e-3))


def _instance_norm(graph: RankedBuilder, node: Node) -> None:
    names = [graph.constant(f"{node.name}/{i}", node.array(i)) for i in (1, 2)]
    epsilon = node.number("eps", 1e-3)
    graph.add("InstanceNormalization", [node.input(0), *names], node.output(), epsilon=epsilon)


def _lrn(graph: RankedBuilder, node: Node) -> None:
    values = {"size": node.integer("nsize"), "bias": node.number("knorm", 2.0)}
    values |= {"alpha": node.number("alpha", 1e-4), "beta": node.number("beta", 0.75)}
    graph.add("LRN", [node.input(0)], node.output(), **values)


def _l2_normalization(graph: RankedBuilder, node: Node) -> None:
    mode, x, name = node.text("mode", "instance"), node.input(0), node.name
    axes = {"instance": list(range(1, graph.ranks[x])), "channel": [1]}
    if mode not in axes:
        raise ValueError(f"'{name}' (L2Normalization) has the mode {mode}")
    graph.unit(x, name, node.output(), axes[mode], node.number("eps", 1e-10))


def _softmax(graph: RankedBuilder, node: Node, op: str, axis: int) -> None:
    temperature = node.text("temperature", "None")
    if temperature not in ("None", "1.0", "1"):
        raise ValueError(f"'{node.name}' ({node.op}) has the temperature {temperature}")
    graph.add(op, [node.input(0)], node.output(), axis=node.integer("axis", axis))


def _softmax_output(graph: RankedBuilder, node: Node) -> None:
    axis = 1 if node.flag("multi_output") else -1
    graph.add("Softmax", [node.input(0)], node.output(), axis=axis)


def _softmax_activation(graph: RankedBuilder, node: Node) -> None:
    if node.text("mode", "instance") != "channel" and graph.ranks[node.input(0)] != 2:
        raise ValueError(f"'{node.name}' (SoftmaxActivation) is over all of an instance")
    graph.add("Softmax", [node.input(0)], node.output(), axis=1)


def _fully_connected(graph: RankedBuilder, node: Node) -> int:
    x, name = node.input(0), node.name
    if node.flag("flatten", default=True):
        x = graph.add("Flatten", [x], f"{name}/flat", axis=1)
        rank = 2
    else:
        rank = graph.ranks[x]
    weights = graph.constant(f"{name}/weight", np.ascontiguousarray(node.array(1).T))
    has_bias = not node.flag("no_bias")
    product = graph.add("MatMul", [x, weights], f"{name}/product" if has_bias else node.output())
    if has_bias:
        bias = graph.constant(f"{name}/bias", node.array(2))
        graph.add("Add", [product, bias], node.output())
    return rank


_BINARY = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div"}
_SCALARS = {"plus": "Add", "minus": "Sub", "mul": "Mul", "div": "Div", "power": "Pow"}
_UNARY = {
    "BlockGrad": "Identity",
    "Dropout": "Identity",
    "LinearRegressionOutput": "Identity",
    "LogisticRegressionOutput": "Sigmoid",
    "abs": "Abs",
    "ceil": "Ceil",
    "erf": "Erf",
    "exp": "Exp",
    "floor": "Floor",
    "identity": "Identity",
    "log": "Log",
    "negative": "Neg",
    "reciprocal": "Reciprocal",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "sqrt": "Sqrt",
    "tanh": "Tanh",
    "_copy": "Identity",
}
RULES: dict[str, Rule] = {
    "Activation": _activation,
    "BatchNorm": _batch_norm,
    "FullyConnected": _fully_connected,
    "InstanceNorm": _instance_norm,
    "L2Normalization": _l2_normalization,
    "LRN": _lrn,
    "LeakyReLU": _leaky_relu,
    "SoftmaxActivation": _softmax_activation,
    "SoftmaxOutput": _softmax_output,
    "add_n": _sum,
    "ElementWiseSum": _sum,
    "broadcast_maximum": partial(_binary, op="Max"),
    "broadcast_minimum": partial(_binary, op="Min"),
    "clip": _clip,
    "log_softmax": partial(_softmax, op="LogSoftmax", axis=-1),
    "softmax": partial(_softmax, op="Softmax", axis=-1),
    **{f"elemwise_{name}": partial(_binary, op=op) for name, op in _BINARY.items()},
    **{f"broadcast_{name}": partial(_binary, op=op) for name, op in _BINARY.items()},
    **{f"_{name}_scalar": partial(_scalar, op=op) for name, op in _SCALARS.items()},
    **{
        f"_r{name}_scalar": partial(_scalar, op=_SCALARS[name], swapped=True)
        for name in ("minus", "div", "power")
    },
    # as files of before MXNet 1.0 write them
    "_Plus": partial(_binary, op="Add"),
    "_Minus": partial(_binary, op="Sub"),
    "_Mul": partial(_binary, op="Mul"),
    "_Div": partial(_binary, op="Div"),
    "_PlusScalar": partial(_scalar, op="Add"),
    "_MinusScalar": partial(_scalar, op="Sub"),
    "_MulScalar": partial(_scalar, op="Mul"),
    "_DivScalar": partial(_scalar, op="Div"),
    **{name: partial(_unary, op=op) for name, op in _UNARY.items()},
}
"""By the name of the operator."""
