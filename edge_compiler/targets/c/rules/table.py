"""The rules of our own kernels: how a node of an operator becomes steps, and which can't."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.program.lowering import Lowering, Rule
from edge_perception.runtime.dtypes import ELEMENT_TYPES, ElementType, FLOAT32

ChoosingRule = Callable[[Lowering, Node, Chooser], None]
Check = Callable[[Node], str | None]


FLOATS = (FLOAT32,)
INTEGERS = tuple(
    ELEMENT_TYPES[name]
    for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")
)
NUMBERS = (*FLOATS, *INTEGERS)
ALL = tuple(ELEMENT_TYPES.values())

READ_BLOCKS = {"AveragePool", "Conv", "ConvTranspose", "GlobalAveragePool", "MaxPool"}
"""Operators whose kernels read images in blocks of channels."""


@dataclass(frozen=True)
class Entry:
    """
    How an operator is lowered for some element types.

    :ivar check: returns why a node of it can't be; None if it can.
    :ivar types: of the first input, for which this is so.
    """

    rule: ChoosingRule
    check: Check
    types: Collection[ElementType]


RULES: dict[str, tuple[Entry, ...]] = {}
"""By operator; no two entries of one have an element type in common."""


def entry_of(node: Node) -> Entry | None:
    """Return how a node is lowered; None if it isn't for the type of its first input."""
    type_ = next((value.type for value in (*node.inputs, *node.outputs) if value), None)
    return next((entry for entry in RULES[node.op] if type_ in entry.types), None)


def lowers_choosing(
    *ops: str, check: Check = lambda node: None, types: Collection[ElementType] = FLOATS
) -> Callable[[ChoosingRule], ChoosingRule]:
    """Register a function as the rule of operators for which there are kernels to choose from."""

    def register(rule: ChoosingRule) -> ChoosingRule:
        RULES.update({op: (*RULES.get(op, ()), Entry(rule, check, types)) for op in ops})
        return rule

    return register


def lowers(
    *ops: str, check: Check = lambda node: None, types: Collection[ElementType] = FLOATS
) -> Callable[[Rule], Rule]:
    """Register a function as the rule of operators."""

    def register(rule: Rule) -> Rule:
        lowers_choosing(*ops, check=check, types=types)(lambda low, node, _: rule(low, node))
        return rule

    return register
