"""Which nodes our kernels can run, and what of each operator."""

from __future__ import annotations

from collections.abc import Collection, Mapping
import inspect

from edge_compiler import ops
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules import RULES
from edge_compiler.targets.c.rules.replaced import REPLACED
from edge_compiler.targets.c.rules.table import ALL, entry_of, FLOATS, INTEGERS
from edge_compiler.targets.program.nodes import require_float32
from edge_perception.runtime.dtypes import ElementType


def refusal(node: Node) -> str | None:
    """Return why our kernels can't run a node, in one clause; None if they can."""
    if reason := ops.fault(node):
        return reason
    if more := node.outputs[ops.outputs(node) :]:
        return f"the output '{more[0].name}' is not supported: export the model for inference"
    if node.op not in RULES:
        return require_float32(node) or REPLACED[node.op](node)
    entry = entry_of(node)
    if entry is None:
        value = node.input(0)
        return (
            f"'{value.name}' is {value.type}, only {_names(_types(node.op))} is supported: export "
            "it with another type"
        )
    return entry.check(node)


def support() -> Mapping[str, str]:
    """Return the operators that can be compiled, each with a sentence on what of it."""
    checks = {**REPLACED, **{name: entries[0].check for name, entries in RULES.items()}}
    return {
        name: (inspect.getdoc(check) or ops.OPERATORS[name].summary) + _note(_types(name))
        for name, check in sorted(checks.items())
    }


def _types(op: str) -> Collection[ElementType]:
    """Return the element types of an operator's first input."""
    return [type_ for entry in RULES.get(op, ()) for type_ in entry.types] or FLOATS


def _note(types: Collection[ElementType]) -> str:
    """Return what `support` says of element types; nothing where they are as usual, or bool."""
    if len(types) == 1:
        return ""
    return " Of any element type." if set(types) == set(ALL) else f" Of {_names(types)}."


def _names(types: Collection[ElementType]) -> str:
    """Return a list for people."""
    names = [type_.name for type_ in types]
    if set(types) >= set(INTEGERS):
        names = [type_.name for type_ in types if type_ not in INTEGERS]
        names.insert(1, "integers (but uint64)")
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
