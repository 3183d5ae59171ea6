"""Write a column that a Gemm transposes as the row that it is then."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Value
from edge_compiler.passes.base import Decision, done, graph_pass, new_reshape


@graph_pass("column-to-row")
def column_to_row(graph: Graph) -> Iterator[Decision]:
    """Replace the transposition of a column in a Gemm by a Reshape, which costs nothing."""
    for node in list(graph.nodes):
        column = node.input(0) if node.op == "Gemm" and node.attributes["transA"] else None
        if column is None or column.shape[1] != 1:
            continue
        row = Value(f"{node.output.name}/row", column.shape[::-1], column.type)
        graph.insert_before(node, new_reshape(node, column, row))
        node.inputs = (row, *node.inputs[1:])
        node.attributes = node.attributes | {"transA": 0}
        yield done(node, "a column that is transposed is a row")
