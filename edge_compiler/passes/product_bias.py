"""Add the bias of tokens' layers inside the product of matrices."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import absorb, Decision, done, graph_pass, kept


@graph_pass("fold-bias")
def fold_bias(graph: Graph) -> Iterator[Decision]:
    """Let a MatMul add the constant row that an Add adds to each row of its result."""
    for node in list(graph.nodes):
        if node.op != "Add":
            continue
        left, right = node.input(0), node.input(1)
        for value, bias in ((left, right), (right, left)):
            product = graph.producer(value)
            if product is None or product.op != "MatMul" or bias.constant is None:
                continue
            if reason := _why_not(graph, product, node, bias):
                yield kept(node, f"not added by '{product.name}': {reason}")
                continue
            product.inputs = (*product.inputs, bias)
            absorb(graph, product, node)
            yield done(product, f"adds '{bias.name}' to each row of its result")
            break


def _why_not(graph: Graph, product: Node, add: Node, bias: Value) -> str | None:
    if len(product.inputs) > 2:
        return "it adds something already"
    if graph.sole_consumer(product.output) is None:
        return "its result is used elsewhere too"
    columns = product.output.shape[-1]
    if (
        bias.size != columns
        or bias.shape[-1] != columns
        or add.output.shape != product.output.shape
    ):
        return f"{list(bias.shape)} is no row of {list(product.output.shape)}"
    return None
