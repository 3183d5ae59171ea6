"""A whole graph on our own kernels."""

from __future__ import annotations

from functools import partial

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.rules import RULES
from edge_compiler.targets.program.lowering import lower, Lowering, Rule
from edge_compiler.targets.program.program import Program


def rule_of(node: Node, chooser: Chooser) -> Rule:
    """Return what lowers a node, given who chooses its kernel."""
    rule = RULES[node.op].rule

    def lower_node(low: Lowering, node: Node) -> None:
        rule(low, node, chooser)

    return lower_node


def lower_all(graph: Graph, chooser: Chooser) -> Program:
    """Lower every node to our own kernels."""
    return lower(graph, chooser.variant, partial(rule_of, chooser=chooser))
