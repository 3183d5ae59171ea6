"""A whole graph on our own kernels."""

from __future__ import annotations

from functools import partial

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.rules import entry_of
from edge_compiler.targets.program.lowering import lower, Lowering, Rule
from edge_compiler.targets.program.program import Program


def rule_of(node: Node, chooser: Chooser) -> Rule:
    """Return what lowers a node, which must not be refused, given who chooses its kernel."""
    entry = entry_of(node)
    assert entry is not None

    def lower_node(low: Lowering, node: Node) -> None:
        entry.rule(low, node, chooser)

    return lower_node


def lower_all(graph: Graph, chooser: Chooser) -> Program:
    """Lower every node to our own kernels."""
    return lower(graph, chooser.variant, partial(rule_of, chooser=chooser))
