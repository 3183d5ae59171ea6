"""Write bounds that a network computes as what any two tensors can be compared with."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import Decision, done, graph_pass


@graph_pass("computed-bounds")
def split_computed_bounds(graph: Graph) -> Iterator[Decision]:
    """Replace a Clip whose bounds depend on the input by Max and Min."""
    for node in list(graph.nodes):
        low, high = (*node.inputs[1:], None, None)[:2]
        if node.op != "Clip" or all(b is None or b.constant is not None for b in (low, high)):
            continue
        if low is not None and high is not None:
            raised = Value(f"{node.output.name}/raised", node.output.shape, node.output.type)
            inputs = [node.input(0), low]
            raise_it = Node("Max", f"{node.name}/max", inputs, [raised], {}, origins=node.origins)
            graph.insert_before(node, raise_it)
            node.op, node.inputs = "Min", (raised, high)
        else:
            node.op = "Max" if high is None else "Min"
            node.inputs = (node.input(0), low or high)
        yield done(node, "Clip with computed bounds is Max and Min")
