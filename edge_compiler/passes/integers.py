"""
Let operators between DequantizeLinear and QuantizeLinear compute in integers.

A quantised model says of each operator that its inputs stand for numbers (DequantizeLinear) and
its result for integers again (QuantizeLinear). Both go: the operator becomes one of quantised
values, see ``ir/quantised.py``, and the scales and zero points stand with the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edge_compiler.ir import quantised
from edge_compiler.ir.graph import Activation, Fused, Graph, Node, Value
from edge_compiler.ops.activations import activation_of, FUNCTIONS
from edge_compiler.passes.base import Decision, done, graph_pass, kept
from edge_compiler.passes.quantised_operands import (
    bias_of,
    check_sums,
    NotInIntegersError,
    result_of,
    source_of,
    weights_of,
)
from edge_perception.runtime.dtypes import ELEMENT_TYPES

_UINT8 = ELEMENT_TYPES["uint8"]
_LIMITS = ("Relu", "Clip")


@dataclass(frozen=True)
class Place:
    """
    An operator whose result is quantised.

    :ivar last: the QuantizeLinear.
    :ivar limit: a Relu or Clip between both.
    """

    graph: Graph
    node: Node
    last: Node
    limit: Node | None = None

    @property
    def result(self) -> Value:
        """The integers that it is to compute."""
        return self.last.output

    @property
    def parts(self) -> list[Node]:
        """The nodes that go, in execution order."""
        return [part for part in (self.node, self.limit, self.last) if part is not None]

    def source(self, index: int) -> Value:
        """Return the integers that an input of the operator stands for."""
        return source_of(self.graph, self.node.input(index))

    def made(self, op: str, inputs: list[Value | None], output: Value | None = None) -> Node:
        """Return the operator that takes its place, or a part of it if it has another output."""
        activation = None if self.limit is None else activation_of(self.limit)
        nodes = (n for value in self.node.inputs if value for n in [self.graph.producer(value)])
        around = [n for n in nodes if n is not None and n.op == "DequantizeLinear"]
        name = (self.last if self.node.op == "DequantizeLinear" else self.node).name
        return Node(
            op,
            name if output is None else f"{name}/{op}",
            inputs,
            [self.result if output is None else output],
            self.node.attributes,
            Fused(None, activation),
            tuple(dict.fromkeys(o for part in (*around, *self.parts) for o in part.origins)),
        )


Rule = Callable[[Place], list[Node]]
"""Returns the nodes that compute the result; raises `NotInIntegersError`."""


@graph_pass("run-in-integers")
def run_in_integers(graph: Graph) -> Iterator[Decision]:
    """Let operators whose inputs and results are quantised compute in integers."""
    for last in list(graph.nodes):
        quantisation = result_of(last) if last.op == "QuantizeLinear" else None
        place = _place_of(graph, last)
        rule = None if place is None else _rule_of(place.node)
        if quantisation is None or place is None or rule is None:
            continue
        last.output.quantisation = quantisation
        try:
            for part in place.parts[:-1]:
                if graph.sole_consumer(part.output) is None and part.op != "DequantizeLinear":
                    raise NotInIntegersError(f"the result of '{part.name}' is used elsewhere too")
            nodes = rule(place)
        except NotInIntegersError as reason:
            last.output.quantisation = None
            yield kept(place.node, f"computes in float32: {reason}")
            continue
        for node in nodes:
            graph.insert_before(last, node)
        for part in reversed(place.parts):
            if part.op != "DequantizeLinear":  # others may read it
                graph.remove(part)
        yield done(nodes[-1], f"{place.node.op} computes in integers of 8 bits")


def _place_of(graph: Graph, last: Node) -> Place | None:
    """Return the operator whose result a node quantises."""
    node = graph.producer(last.input(0)) if last.inputs else None
    if node is None:
        return None
    before = graph.producer(node.input(0)) if node.op in _LIMITS else None
    if before is not None and before.op in _LAYERS and activation_of(node) is not None:
        return Place(graph, before, last, node)
    return Place(graph, node, last)


def _rule_of(node: Node) -> Rule | None:
    if node.fused.activation or node.fused.residual or len(node.outputs) != 1:
        return None
    return _look_up if activation_of(node) is not None else _RULES.get(node.op)


def _layer(place: Place) -> list[Node]:
    """Compute a convolution, or a product with a constant matrix."""
    graph, node, x = place.graph, place.node, place.source(0)
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if node.op == "Conv":
        weights = weights_of(graph, node.input(1), 0)
        rows, count, op = weights.constant, weights.shape[0], "QConv"
    else:
        weights = _matrix(graph, node)
        rows, count, op = np.transpose(_data(weights)), weights.shape[1], "QMatMul"
    b = bias_of(graph, bias, x, weights, count)
    assert rows is not None
    check_sums(rows, _data(b))
    return [place.made(op, [x, weights, b])]


def _matrix(graph: Graph, node: Node) -> Value:
    """Return the weights of a product as a matrix of (in, out)."""
    a, right = node.attributes, node.input(1)
    if len(right.shape) != 2:
        raise NotInIntegersError(f"'{right.name}' is not one matrix")
    if a.get("transA") or a.get("alpha", 1.0) != 1 or a.get("beta", 1.0) != 1:
        raise NotInIntegersError("it does more than to multiply and add")
    turned = bool(a.get("transB"))
    weights = weights_of(graph, right, 0 if turned else 1)
    if turned:
        weights.constant, weights.shape = _data(weights).T, weights.shape[::-1]
    return weights


def _data(value: Value) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    assert value.constant is not None
    return value.constant


def _arithmetic(place: Place) -> list[Node]:
    """Combine two tensors."""
    return [place.made(f"Q{place.node.op}", [place.source(0), place.source(1)])]


def _average(place: Place) -> list[Node]:
    """Return the mean of windows."""
    return [place.made(f"Q{place.node.op}", [place.source(0)])]


def _moved(place: Place) -> list[Node]:
    """Move integers, or choose among them; they get another scale afterwards, if need be."""
    node = place.node
    op = "QMaxPool" if node.op == "MaxPool" else node.op
    return _scaled_after(place, op, [place.source(0), *node.inputs[1:]])


def _resized(place: Place) -> list[Node]:
    """Choose the nearest pixels."""
    if place.node.attributes["mode"] != "nearest":
        raise NotInIntegersError("it interpolates")
    return _moved(place)


def _padded(place: Place) -> list[Node]:
    """Put around a tensor what stands for zero, or what it has itself."""
    node, x = place.node, place.source(0)
    filler = node.inputs[2] if len(node.inputs) > 2 else None
    if filler is not None and (filler.constant is None or np.any(filler.constant)):
        raise NotInIntegersError("it pads with other than zero")
    zero = np.array(quantised.zero_point_of(x), x.type.numpy)
    constant = Value(f"{place.result.name}/zero", (), x.type, zero)
    return _scaled_after(place, "Pad", [x, node.inputs[1], constant, *node.inputs[3:]])


def _scaled_after(place: Place, op: str, inputs: list[Value | None]) -> list[Node]:
    """Compute what keeps the scale of its first input; give it that of the result, if need be."""
    x, node = place.source(0), place.node
    if x.type == place.result.type and x.quantisation == place.result.quantisation:
        return [place.made(op, inputs)]
    same = Value(f"{place.result.name}/moved", node.output.shape, x.type, None, x.quantisation)
    return [place.made(op, inputs, same), place.made("Requantise", [same])]


def _concat(place: Place) -> list[Node]:
    """Join integers that have got the scale of the result, if need be."""
    nodes, inputs, result = [], [], place.result
    for index in range(len(place.node.inputs)):
        x = place.source(index)
        if x.type != result.type or x.quantisation != result.quantisation:
            name = f"{result.name}/{index}"
            scaled = Value(name, x.shape, result.type, None, result.quantisation)
            nodes.append(place.made("Requantise", [x], scaled))
            nodes[-1].name += f"/{index}"
            x = scaled
        inputs.append(x)
    return [*nodes, place.made("Concat", list(inputs))]


def _requantise(place: Place) -> list[Node]:
    """Change scale and zero point."""
    x, result = source_of(place.graph, place.node.output), place.result
    same = x.type == result.type and x.quantisation == result.quantisation
    return [place.made("Identity" if same else "Requantise", [x])]


def _look_up(place: Place) -> list[Node]:
    """Look a function of one number up in a table."""
    x, activation = place.source(0), activation_of(place.node)
    assert activation is not None
    numbers = _apply(activation, quantised.all_numbers(x).astype(np.float64))
    if not np.all(np.isfinite(numbers)):
        raise NotInIntegersError(f"{activation} is not finite for every number of its input")
    table = quantised.quantise(numbers, place.result).view(np.uint8)
    constant = Value(f"{place.result.name}/table", (256,), _UINT8, table)
    return [place.made("Lookup", [x, constant])]


def _apply(activation: Activation, x: quantised.Array) -> quantised.Array:
    """Return a function's values."""
    if activation.op == "Clip":
        return np.asarray(np.clip(x, *activation.pair))
    if activation.op == "SiLU":
        return np.asarray(x / (1 + np.exp(-x)))
    terms = FUNCTIONS[activation.op].float64
    assert terms is not None
    with np.errstate(all="ignore"):
        return np.asarray(terms(x, *activation.parameters).value)


_LAYERS = ("Conv", "Gemm", "MatMul")
_MOVES = (
    *("DepthToSpace", "Expand", "Flatten", "Gather", "MaxPool", "Reshape", "Slice"),
    *("SpaceToDepth", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
)
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_LAYERS, _layer),
    **dict.fromkeys(_MOVES, _moved),
    "Add": _arithmetic,
    "Mul": _arithmetic,
    "AveragePool": _average,
    "GlobalAveragePool": _average,
    "Concat": _concat,
    "Pad": _padded,
    "Resize": _resized,
    "DequantizeLinear": _requantise,
}
