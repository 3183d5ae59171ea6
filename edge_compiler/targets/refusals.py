"""Which nodes of a graph a target can't run."""

from __future__ import annotations

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.refusal import listed, Refusal
from edge_compiler.targets.base import Target


def refusals(graph: Graph, target: Target) -> list[Refusal]:
    """Return every node that the target can't run, and why."""
    reasons = ((node, target.refusal(node)) for node in graph.nodes)
    return [
        Refusal(node.name, graph.operators.get(node.name, node.op), reason)
        for node, reason in reasons
        if reason is not None
    ]


def refuse_unsupported(graph: Graph, target: Target) -> None:
    """
    Check that the target can run every node.

    :raises CompileError: naming those that it can't.
    """
    refused = refusals(graph, target)
    if not refused:
        return
    raise CompileError(
        f"the target {target.name!r} can't run {len(refused)} of {len(graph.nodes)} nodes: "
        f"{listed(refused)}; see edgec analyze and edgec ops"
    )
