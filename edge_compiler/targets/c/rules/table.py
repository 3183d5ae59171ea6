"""The rules of our own kernels: how a node of an operator becomes steps, and which can't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.program.lowering import Lowering, Rule

ChoosingRule = Callable[[Lowering, Node, Chooser], None]
Check = Callable[[Node], str | None]


@dataclass(frozen=True)
class Entry:
    """How an operator is lowered, and the check that says why a node of it can't be."""

    rule: ChoosingRule
    check: Check


RULES: dict[str, Entry] = {}


def lowers_choosing(
    *ops: str, check: Check = lambda node: None
) -> Callable[[ChoosingRule], ChoosingRule]:
    """Register a function as the rule of operators for which there are kernels to choose from."""

    def register(rule: ChoosingRule) -> ChoosingRule:
        RULES.update({op: Entry(rule, check) for op in ops})
        return rule

    return register


def lowers(*ops: str, check: Check = lambda node: None) -> Callable[[Rule], Rule]:
    """Register a function as the rule of operators."""

    def register(rule: Rule) -> Rule:
        lowers_choosing(*ops, check=check)(lambda low, node, _: rule(low, node))
        return rule

    return register
