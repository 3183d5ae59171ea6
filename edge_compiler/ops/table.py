"""The operator table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_compiler.ir.graph import Node

Count = Callable[[Node], int]
Fault = Callable[[Node], "str | None"]


@dataclass(frozen=True)
class Operator:
    """
    What ONNX says of an operator, whatever runs it.

    :ivar name: as in ``Node.op``.
    :ivar summary: one sentence.
    :ivar macs: returns the multiply-accumulates of a node.
    :ivar fuses_activation: whether its nodes apply an activation to their result.
    :ivar fault: returns why it is not clear what a node computes; None if it is.
    :ivar variadic: whether it has as many outputs as a node says, none of which can be left out.
    :ivar outputs: how many of a node's outputs there are kernels for.
    """

    name: str
    summary: str
    macs: Count
    fuses_activation: bool
    fault: Fault
    variadic: bool
    outputs: int


OPERATORS: dict[str, Operator] = {}


def define(
    *names: str,
    summary: str,
    macs: Count = lambda node: 0,
    fuses_activation: bool = False,
    fault: Fault = lambda node: None,
    variadic: bool = False,
    outputs: int = 1,
) -> None:
    """Enter operators into the table."""
    for name in names:
        OPERATORS[name] = Operator(name, summary, macs, fuses_activation, fault, variadic, outputs)
