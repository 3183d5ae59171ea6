"""Recognise activations that exporters write as several nodes."""

from __future__ import annotations

from collections.abc import Iterator
import math

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.passes.base import Decision, graph_pass
from edge_compiler.passes.pattern import Input, Match, op, Operation, Pattern, rewrite, Rule

X = Input("x")
SIXTH = 1 / 6


def _same_shape(node: Node, match: Match) -> str | None:
    """Return a reason if a number that is broadcast changes the shape."""
    x = match.values["x"]
    return (
        None if x.shape == node.output.shape else f"the result has another shape than '{x.name}'"
    )


def _activation(pattern: Pattern, result: Operation) -> Rule:
    assert isinstance(pattern, Operation)
    return Rule(pattern, result, _same_shape)


def _halved(by: Pattern) -> tuple[Operation, ...]:
    """Return the orders in which half of x times something is written."""
    return (X * 0.5 * by, X * by * 0.5, X * (by * 0.5))


_RELU6 = op.Clip(X + 3, 0, 6)
_ERF = op.Erf(X / math.sqrt(2) | X * math.sqrt(0.5)) + 1
_CUBIC = X + 0.044715 * (X**3 | X * (X * X))
_TANH = op.Tanh(math.sqrt(2 / math.pi) * _CUBIC) + 1
_HARD_SWISH = op.HardSwish(X)
_HARD_SIGMOID = op.HardSigmoid(X, alpha=SIXTH, beta=0.5)

RULES = (
    _activation(X * op.Sigmoid(X), op.SiLU(X)),
    _activation(X * _RELU6 / 6, _HARD_SWISH),
    _activation(X * _RELU6 * SIXTH, _HARD_SWISH),
    _activation(X * _HARD_SIGMOID, _HARD_SWISH),
    _activation(_RELU6 / 6, _HARD_SIGMOID),
    _activation(_RELU6 * SIXTH, _HARD_SIGMOID),
    *(_activation(form, op.Gelu(X, approximate="none")) for form in _halved(_ERF)),
    *(_activation(form, op.Gelu(X, approximate="tanh")) for form in _halved(_TANH)),
)


@graph_pass("recognise-activations")
def recognise_activations(graph: Graph) -> Iterator[Decision]:
    """Recognise HardSigmoid, HardSwish, SiLU and Gelu in the nodes that they were exported as."""
    yield from rewrite(graph, RULES)
