"""The rules of the target: how a node of an operator becomes steps, and which can't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_compiler.ir.graph import Node
from edge_compiler.targets.program.calls import Call, Field, Pointer, reading, writing
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.lowering import Lowering, Rule

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


KNOWN = (
    *("Relu", "Clip", "LeakyRelu", "Sigmoid", "SiLU", "Tanh", "Neg", "Abs", "HardSigmoid"),
    *("HardSwish", "Elu", "Softplus", "Sqrt", "Reciprocal", "Exp", "Log"),
)
"""The functions of one number that plain.h has."""


def fused_refusal(node: Node) -> str | None:
    """Return why what a node does to its result can't be done."""
    activation = node.fused.activation
    if activation is not None and activation.op not in KNOWN:
        return f"c99 has no {activation.op}, which is applied after it: choose another target"
    return None


def add_step(
    low: Lowering,
    node: Node,
    call: tuple[str, str, Mapping[str, Field]],
    *constants: Pointer,
) -> None:
    """Add a step from the first input to the output, with constants between them."""
    function, config, fields = call
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)

    def make(_: object) -> Call:
        return Call(function, config, fields, (reading(source), *constants, writing(target)))

    low.add(node, node.op, [source], target, make, value=node.output)


def activation_field(node: Node) -> dict[str, Field]:
    """Return the field of a loop that says what a node does to its result."""
    return {"act": node.fused.activation}
