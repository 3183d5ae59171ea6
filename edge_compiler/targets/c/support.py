"""Which nodes our kernels can run, and what of each operator."""

from __future__ import annotations

from collections.abc import Mapping
import inspect

from edge_compiler import ops
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules import RULES
from edge_compiler.targets.c.rules.replaced import REPLACED
from edge_compiler.targets.program.nodes import require_float32


def refusal(node: Node) -> str | None:
    """Return why our kernels can't run a node, in one clause; None if they can."""
    if reason := ops.fault(node) or require_float32(node):
        return reason
    if len(node.outputs) > 1 and node.op != "Split":
        return f"the second output '{node.outputs[1].name}' is not supported"
    entry = RULES.get(node.op)
    return entry.check(node) if entry else REPLACED[node.op](node)


def support() -> Mapping[str, str]:
    """Return the operators that can be compiled, each with a sentence on what of it."""
    checks = {**REPLACED, **{name: entry.check for name, entry in RULES.items()}}
    return {
        name: inspect.getdoc(check) or ops.OPERATORS[name].summary
        for name, check in sorted(checks.items())
    }
