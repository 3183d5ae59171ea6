"""Apply activations where their input is computed, which saves a pass over memory."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler import ops
from edge_compiler.ir.graph import Fused, Graph
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.passes.base import absorb, Decision, done, graph_pass, kept


@graph_pass("fuse-activation")
def fuse_activation(graph: Graph) -> Iterator[Decision]:
    """Let nodes that can do so apply the activation that follows them."""
    for node in list(graph.nodes):
        activation = ops.activation_of(node)
        before = graph.producer(node.input(0)) if activation is not None else None
        if activation is None or before is None:
            continue
        if not ops.fuses_activation(before):
            yield kept(node, f"{before.op} '{before.name}' cannot apply an activation")
        elif not FUNCTIONS[activation.op].finite:
            yield kept(node, "its results need not be finite")
        elif before.fused.activation is not None:
            yield kept(node, f"'{before.name}' applies {before.fused.activation} already")
        elif graph.sole_consumer(before.output) is None:
            yield kept(node, f"the result of '{before.name}' is used elsewhere too")
        else:
            before.fused = Fused(before.fused.residual, activation)
            absorb(graph, before, node)
            yield done(before, f"applies {activation}")
