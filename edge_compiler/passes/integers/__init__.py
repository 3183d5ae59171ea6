"""
Let operators between DequantizeLinear and QuantizeLinear compute in integers.

A quantised model says of each operator that its inputs stand for numbers (DequantizeLinear) and
its result for integers again (QuantizeLinear). Both go: the operator becomes one of quantised
values, see ``ir/quantised.py``, and the scales and zero points stand with the values.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ops.activations import activation_of
from edge_compiler.passes.base import Decision, done, graph_pass, kept
from edge_compiler.passes.integers import arithmetic, layers, moves
from edge_compiler.passes.integers.functions import look_up
from edge_compiler.passes.integers.operands import NotInIntegersError, result_of
from edge_compiler.passes.integers.place import Place, Rule, SHARED
from edge_compiler.passes.integers.transposed import transposed

_LIMITS = ("Relu", "Clip")
_LAYERS: dict[str, Rule] = {**layers.RULES, "ConvTranspose": transposed}
"""Those that a Relu or Clip may follow."""
RULES: dict[str, Rule] = {**_LAYERS, **arithmetic.RULES, **moves.RULES}
"""By operator; functions of one number aren't here, as all of them become tables."""


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
                if graph.sole_consumer(part.output) is None and part.op not in SHARED:
                    raise NotInIntegersError(f"the result of '{part.name}' is used elsewhere too")
            nodes = rule(place)
        except NotInIntegersError as reason:
            last.output.quantisation = None
            yield kept(place.node, f"computes in float32: {reason}")
            continue
        for node in nodes:
            graph.insert_before(last, node)
        for part in reversed(place.parts):
            if part.op not in SHARED:  # others may read it
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
    if node.fused.activation or node.fused.residual:
        return None
    if len(node.outputs) != 1 and node.op != "Split":
        return None
    return look_up if activation_of(node) is not None else RULES.get(node.op)
