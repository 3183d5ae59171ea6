"""A graph as text that a person can read."""

from __future__ import annotations

from edge_compiler.ir.graph import Graph, Node, Value


def text(graph: Graph) -> str:
    """Return the graph, one node a line."""
    lines = [f"graph {graph.name}({', '.join(map(repr, graph.inputs))})"]
    lines += [f"  {node_text(node)}" for node in graph.nodes]
    lines.append(f"  return {', '.join(value.name for value in graph.outputs)}")
    return "\n".join(lines)


def node_text(node: Node) -> str:
    """Return a node as ``output: type = Operator(inputs, attribute=value) + residual -> Relu``."""
    arguments = [_argument(value) for value in node.inputs]
    arguments += [f"{name}={value}" for name, value in sorted(node.attributes.items())]
    line = f"{', '.join(map(repr, node.outputs))} = {node.op}({', '.join(arguments)})"
    if node.fused.residual is not None:
        line += f" + {node.fused.residual.name}"
    if node.fused.activation is not None:
        line += f" -> {node.fused.activation}"
    return line


def _argument(value: Value | None) -> str:
    if value is None:
        return "-"
    return value.name if value.constant is None else f"{value.name}{list(value.shape)}"
