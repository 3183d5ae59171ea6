"""What the rules of all operators share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.ir.evaluate import evaluate
from edge_compiler.ir.graph import Node
from edge_compiler.ir.proto import node_proto


@dataclass(frozen=True)
class Call:
    """
    A node and its inputs.

    :ivar coarse: see ``Network.evaluate``.
    """

    node: Node
    inputs: tuple[Exact | None, ...]
    coarse: bool

    @property
    def x(self) -> Exact:
        """The first input."""
        return self.input(0)

    def input(self, index: int) -> Exact:
        """Return an input that is there."""
        found = self.inputs[index]
        assert found is not None
        return found

    def optional(self, index: int) -> Exact | None:
        """Return an input; None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    @property
    def depth(self) -> int:
        """Of the deepest input."""
        return max(x.depth for x in self.inputs if x is not None)

    def attribute(self, name: str) -> Any:
        """Return an attribute."""
        return self.node.attributes[name]


Rule = Callable[[Call], list[Exact]]
RULES: dict[str, Rule] = {}


def exactly(*ops: str) -> Callable[[Callable[[Call], Exact]], Callable[[Call], Exact]]:
    """Enter a rule of operators with one output."""

    def register(rule: Callable[[Call], Exact]) -> Callable[[Call], Exact]:
        RULES.update({op: lambda call: [rule(call)] for op in ops})
        return rule

    return register


def exactly_all(*ops: str) -> Callable[[Rule], Rule]:
    """Enter a rule of operators with several outputs."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(ops, rule))
        return rule

    return register


def reference(node: Node, inputs: Sequence[Array | None]) -> list[Array]:
    """Return what ONNX's reference computes of these inputs."""
    return [np.asarray(output) for output in evaluate(node_proto(node), inputs)]


def alike(*ops: str, roundings: int = 0) -> None:
    """Enter operators that do to sizes what they do to values: they move, choose or add."""

    def rule(call: Call) -> list[Exact]:
        values, sizes = (
            reference(call.node, [None if x is None else getattr(x, part) for x in call.inputs])
            for part in ("value", "size")
        )
        depth = call.depth + roundings * (len(call.inputs) - 1)
        return [Exact(v, s, depth) for v, s in zip(values, sizes, strict=True)]

    RULES.update(dict.fromkeys(ops, rule))
