"""Write the same thing always in the same way, so that later passes and targets see less."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ir.resize import resized_axes
from edge_compiler.ops.layers import swap_channels
from edge_compiler.passes.base import Decision, done, graph_pass, new_constant
from edge_perception.runtime.dtypes import FLOAT32


@graph_pass("canonicalise")
def canonicalise(graph: Graph) -> Iterator[Decision]:
    """Replace operators that are special cases of more usual ones."""
    for node in graph.nodes:
        rule = _RULES.get(node.op)
        if rule is not None and (reason := rule(node)):
            yield done(node, reason)


def _sum(node: Node) -> str | None:
    if len(node.inputs) != 2:
        return None
    node.op = "Add"
    return "Sum of two tensors is Add"


def _matmul(node: Node) -> str | None:
    weight = node.input(1)
    if weight.constant is None or len(weight.shape) != 2 or len(node.input(0).shape) != 2:
        return None
    node.op = "Gemm"
    node.attributes = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
    return "MatMul with a constant matrix is Gemm without a bias"


def _clip(node: Node) -> str | None:
    low = node.constant(1)
    if low is None or low.item() != 0 or any(node.inputs[2:]):
        return None
    node.op, node.inputs = "Relu", node.inputs[:1]
    return "Clip from zero without an upper bound is Relu"


def _prelu(node: Node) -> str | None:
    slope = node.constant(1)
    if slope is None or not np.all(slope == slope.flat[0]):
        return None
    node.op, node.inputs = "LeakyRelu", node.inputs[:1]
    node.attributes = {"alpha": float(slope.flat[0])}
    return "PRelu with one slope is LeakyRelu"


_POWERS = {1.0: "Identity", 0.5: "Sqrt", -1.0: "Reciprocal"}


def _pow(node: Node) -> str | None:
    x, exponent = node.input(0), node.constant(1)
    if exponent is None or x.type != FLOAT32:
        return None
    power = exponent.item() if exponent.size == 1 and x.shape == node.output.shape else None
    if power == 2:
        node.op, node.inputs = "Mul", [x, x]
        return "Pow by 2 is the product with itself"
    if power in _POWERS:
        node.op, node.inputs = _POWERS[power], node.inputs[:1]
        return f"Pow by {power:g} is {node.op}"
    if exponent.dtype.kind == "f":
        return None
    node.inputs = [x, new_constant(node, "exponent", exponent)]
    return "Pow by integers is Pow by the same floats"


def _conv_transpose(node: Node) -> str | None:
    a, weights = node.attributes, node.constant(1)
    if weights is None or ops.fault(node) or any(stride != 1 for stride in a["strides"]):
        return None
    rank = len(a["kernel_shape"])
    spans = [(k - 1) * d for k, d in zip(a["kernel_shape"], a["dilations"], strict=True)]
    more = [0] * rank + a["output_padding"]
    pads = [
        span - own + grown for span, own, grown in zip(spans * 2, a["pads"], more, strict=True)
    ]
    if min(pads) < 0:
        return None
    turned = np.flip(swap_channels(weights, a["group"]), tuple(range(2, weights.ndim)))
    node.op = "Conv"
    node.inputs = (node.input(0), new_constant(node, "weight", turned), *node.inputs[2:])
    kept = ("auto_pad", "dilations", "group", "kernel_shape", "strides")
    node.attributes = {name: a[name] for name in kept} | {"pads": pads}
    return "ConvTranspose with stride 1 is Conv with the kernel turned around"


def _resize(node: Node) -> str | None:
    if node.input(0).shape != node.output.shape or resized_axes(node):
        return None
    node.op, node.inputs, node.attributes = "Identity", node.inputs[:1], {}
    return "Resize to the same size copies, whatever its scale, as in ONNX Runtime"


_RULES: dict[str, Callable[[Node], str | None]] = {
    "ConvTranspose": _conv_transpose,
    "Sum": _sum,
    "MatMul": _matmul,
    "Clip": _clip,
    "PRelu": _prelu,
    "Pow": _pow,
    "Resize": _resize,
}
