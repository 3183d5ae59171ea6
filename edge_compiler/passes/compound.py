"""Recognise activations that exporters write as several nodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import Decision, done, graph_pass

SIXTH = 1 / 6


@graph_pass("recognise-activations")
def recognise_activations(graph: Graph) -> Iterator[Decision]:
    """Recognise HardSigmoid, HardSwish and SiLU in the nodes that they were exported as."""
    for rule in (_divided_gate, _hard_sigmoid, _gate):
        for node in list(graph.nodes):
            if node in graph.nodes and rule(graph, node):
                yield done(node, f"several nodes are recognised as {node.op}")


def _divided_gate(graph: Graph, node: Node) -> bool:
    """Recognise HardSwish in (x * Clip(x + 3, 0, 6)) / 6."""
    product = _scaled_by_sixth(graph, node)
    if product is None or product.op != "Mul" or len(product.inputs) != 2:
        return False
    for gate, x in (product.inputs, reversed(product.inputs)):
        inner = _relu6_of_plus_3(graph, gate)
        if inner is not None and inner[0] is x:
            _become(graph, node, "HardSwish", x, [*inner[1], product])
            return True
    return False


def _hard_sigmoid(graph: Graph, node: Node) -> bool:
    """Recognise HardSigmoid in Clip(x + 3, 0, 6) / 6."""
    clip = _scaled_by_sixth(graph, node)
    inner = _relu6_of_plus_3(graph, clip.output) if clip is not None else None
    if inner is None:
        return False
    _become(graph, node, "HardSigmoid", inner[0], inner[1], alpha=SIXTH, beta=0.5)
    return True


def _gate(graph: Graph, node: Node) -> bool:
    """Recognise SiLU in x * Sigmoid(x), and HardSwish in x * HardSigmoid(x)."""
    if node.op != "Mul":
        return False
    for gate, x in (node.inputs, reversed(node.inputs)):
        inner = _inner(graph, gate)
        if inner is None or inner.inputs[0] is not x or x is None:
            continue
        if inner.op == "Sigmoid":
            _become(graph, node, "SiLU", x, [inner])
            return True
        if inner.op == "HardSigmoid" and _slope(inner) == (np.float32(SIXTH), 0.5):
            _become(graph, node, "HardSwish", x, [inner])
            return True
    return False


def _relu6_of_plus_3(graph: Graph, value: Value | None) -> tuple[Value, list[Node]] | None:
    """Return x and the nodes if ``value`` is Clip(x + 3, 0, 6) and used just once."""
    clip = _inner(graph, value)
    if clip is None or clip.op != "Clip" or _bounds(clip) != (0, 6):
        return None
    plus = _inner(graph, clip.input(0))
    if plus is None or plus.op != "Add":
        return None
    x, number = _operand_and_number(plus)
    return (x, [plus, clip]) if x is not None and number == 3 else None


def _scaled_by_sixth(graph: Graph, node: Node) -> Node | None:
    """Return what computes y if ``node`` is y / 6 or y * (1 / 6)."""
    if node.op not in ("Mul", "Div"):
        return None
    y, number = _operand_and_number(node)
    if y is None or (node.op == "Div" and y is not node.inputs[0]):
        return None
    factor = number if node.op == "Mul" else 1 / number if number else 0.0
    return _inner(graph, y) if np.isclose(factor, SIXTH, rtol=1e-6) else None


def _operand_and_number(node: Node) -> tuple[Value | None, float]:
    """Return the computed input of a binary node, and the one number that the other one is."""
    for index in (0, 1):
        data, x = node.constant(1 - index), node.input(index)
        if data is not None and data.size == 1 and x.shape == node.output.shape:
            return x, float(data.item())
    return None, 0.0


def _bounds(clip: Node) -> tuple[float, float] | None:
    low, high = clip.constant(1), clip.constant(2)
    if low is None or high is None:
        return None
    return float(low.item()), float(high.item())


def _slope(node: Node) -> tuple[np.float32, float]:
    return np.float32(node.attributes["alpha"]), node.attributes["beta"]


def _inner(graph: Graph, value: Value | None) -> Node | None:
    """Return what computes a value that just one node reads."""
    if value is None or graph.sole_consumer(value) is None:
        return None
    return graph.producer(value)


def _become(
    graph: Graph, node: Node, op: str, x: Value, inner: list[Node], **attributes: float
) -> None:
    """Let ``node`` do what it and the ``inner`` nodes did."""
    for part in reversed(inner):
        graph.remove(part)
        node.origins = (*part.origins, *node.origins)
    node.op, node.inputs, node.attributes = op, (x,), dict(attributes)
