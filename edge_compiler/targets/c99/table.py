"""The rules of the target: how a node of an operator becomes steps, and which can't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_compiler.ir.graph import Node
from edge_compiler.targets.program.lowering import Rule

Check = Callable[[Node], str | None]


@dataclass(frozen=True)
class Entry:
    """
    How an operator is lowered.

    :ivar check: returns why a node of it can't be; None if it can.
    """

    rule: Rule
    check: Check


RULES: dict[str, Entry] = {}


def lowers(*ops: str, check: Check = lambda node: None) -> Callable[[Rule], Rule]:
    """Register a function as the rule of operators."""

    def register(rule: Rule) -> Rule:
        RULES.update((op, Entry(rule, check)) for op in ops)
        return rule

    return register


def require_constants(node: Node, *indices: int) -> str | None:
    """Return a reason if one of these inputs is computed."""
    for index in indices:
        value = node.inputs[index] if index < len(node.inputs) else None
        if value is not None and value.constant is None:
            return f"the input '{value.name}' must be a constant"
    return None
