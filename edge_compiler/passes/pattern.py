"""
A language for passes: what several nodes compute together, and the one node that they become.

A pattern is written like a formula, of inputs that may be any tensor, numbers and operators::

    X = Input("x")
    RULES = (Rule(X * op.Sigmoid(X), op.SiLU(X)),)

Add and Mul match in either order, ``a | b`` matches what one of them does, and a number matches a
constant of one element that equals it but for the rounding to float32. An operation may stand
in a pattern several times. What the inner nodes compute must be read by the nodes of the pattern
alone, since they disappear; where that alone is missing, or a rule's own check, the rewriting
yields it as a reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
import math
from typing import Any

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import Decision, done, kept

_ROUNDING = 1e-6
_COMMUTATIVE = frozenset(("Add", "Mul"))


@dataclass(frozen=True)
class Match:
    """
    What a pattern has matched.

    :ivar values: of its inputs, by name.
    :ivar nodes: those that got a name by ``Operation.named``.
    :ivar inner: the nodes that disappear, each after those that it reads.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    inner: tuple[Node, ...] = ()


class Pattern:
    """What a value may be; arithmetic with patterns and numbers makes larger ones."""

    def matches(self, graph: Graph, value: Value, so_far: Match) -> Iterator[Match]:
        """Yield every way in which a value matches, beside what has matched so far."""
        raise NotImplementedError

    def __add__(self, other: Pattern | float) -> Operation:
        return op.Add(self, other)

    def __mul__(self, other: Pattern | float) -> Operation:
        return op.Mul(self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other: Pattern | float) -> Operation:
        return op.Sub(self, other)

    def __truediv__(self, other: Pattern | float) -> Operation:
        return op.Div(self, other)

    def __pow__(self, other: Pattern | float) -> Operation:
        return op.Pow(self, other)

    def __or__(self, other: Pattern) -> Pattern:
        return _Either((self, other))


@dataclass(frozen=True)
class Input(Pattern):
    """Any value; the same one wherever its name stands."""

    name: str

    def matches(self, graph: Graph, value: Value, so_far: Match) -> Iterator[Match]:
        """See Pattern."""
        known = so_far.values.get(self.name)
        if known is None:
            yield replace(so_far, values={**so_far.values, self.name: value})
        elif known is value:
            yield so_far


@dataclass(frozen=True)
class _Number(Pattern):
    """A constant of one element."""

    number: float

    def matches(self, graph: Graph, value: Value, so_far: Match) -> Iterator[Match]:
        data = value.constant
        if data is not None and data.size == 1 and _equal(data.item(), self.number):
            yield so_far


@dataclass(frozen=True)
class _Either(Pattern):
    """One of several patterns."""

    patterns: tuple[Pattern, ...]

    def matches(self, graph: Graph, value: Value, so_far: Match) -> Iterator[Match]:
        for pattern in self.patterns:
            yield from pattern.matches(graph, value, so_far)


@dataclass(frozen=True)
class Operation(Pattern):
    """
    What a node of an operator computes.

    :ivar inputs: the first of its inputs; it may have more.
    :ivar attributes: those that must have this value.
    """

    op: str
    inputs: tuple[Pattern, ...]
    attributes: Mapping[str, Any]
    name: str = ""

    def named(self, name: str) -> Operation:
        """Return the pattern whose node is found under ``name`` in ``Match.nodes``."""
        return replace(self, name=name)

    def matches(self, graph: Graph, value: Value, so_far: Match) -> Iterator[Match]:
        """See Pattern."""
        node = graph.producer(value)
        if node is None or node.op != self.op:
            return
        for match in self.matches_node(graph, node, so_far):
            yield replace(match, inner=tuple(dict.fromkeys((*match.inner, node))))

    def matches_node(self, graph: Graph, node: Node, so_far: Match) -> Iterator[Match]:
        """Yield every way in which a node matches."""
        attributes = all(_equal(node.attributes[k], v) for k, v in self.attributes.items())
        if node.op != self.op or not attributes or node.fused.activation or node.fused.residual:
            return
        if self.name:
            so_far = replace(so_far, nodes={**so_far.nodes, self.name: node})
        orders = [self.inputs]
        if self.op in _COMMUTATIVE:
            orders.append(self.inputs[::-1])
        for patterns in orders:
            yield from _match_all(graph, patterns, node.inputs, so_far)


def _match_all(
    graph: Graph, patterns: tuple[Pattern, ...], values: tuple[Value | None, ...], so_far: Match
) -> Iterator[Match]:
    """Yield every way in which values match patterns one by one."""
    if not patterns:
        yield so_far
    elif values and values[0] is not None:
        for match in patterns[0].matches(graph, values[0], so_far):
            yield from _match_all(graph, patterns[1:], values[1:], match)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        return math.isclose(value, wanted, rel_tol=_ROUNDING, abs_tol=0.0)
    return bool(value == wanted)


class _Operators:
    """``op.Name(...)`` is a pattern of the operator Name."""

    def __getattr__(self, name: str) -> Callable[..., Operation]:
        def make(*inputs: Pattern | float, **attributes: Any) -> Operation:
            patterns = (p if isinstance(p, Pattern) else _Number(p) for p in inputs)
            return Operation(name, tuple(patterns), attributes)

        return make


op = _Operators()


@dataclass(frozen=True)
class Rule:
    """
    What some nodes are to become.

    :ivar pattern: of the last of them.
    :ivar result: an operation on inputs of the pattern, or what makes one of a match.
    :ivar check: returns why it must not be, given the last node; None if it may.
    """

    pattern: Operation
    result: Operation | Callable[[Match], Operation]
    check: Callable[[Node, Match], str | None] = lambda node, match: None

    def apply(self, graph: Graph, node: Node) -> Iterator[Decision]:
        """Let ``node`` become what it and the nodes before it compute; else yield why not."""
        refused = None
        for match in self.pattern.matches_node(graph, node, Match()):
            made = self.result if isinstance(self.result, Operation) else self.result(match)
            obstacle = _used_elsewhere(graph, node, match) or self.check(node, match)
            if obstacle:
                refused = refused or kept(node, f"not recognised as {made.op}: {obstacle}")
                continue
            for part in reversed(match.inner):
                graph.remove(part)
            node.origins = tuple(
                dict.fromkeys(o for part in (*match.inner, node) for o in part.origins)
            )
            node.op, node.attributes = made.op, dict(made.attributes)
            node.inputs = [match.values[x.name] for x in made.inputs if isinstance(x, Input)]
            yield done(node, f"{len(match.inner) + 1} nodes are recognised as {made.op}")
            return
        if refused is not None:
            yield refused


def _used_elsewhere(graph: Graph, node: Node, match: Match) -> str | None:
    """Return a reason if what disappears is read by others than the nodes of the pattern."""
    readers = {*match.inner, node}
    for part in reversed(match.inner):
        if graph.is_output(part.output) or not readers.issuperset(graph.consumers(part.output)):
            return f"the result of '{part.name}' is used elsewhere too"
    return None


def rewrite(graph: Graph, rules: Iterable[Rule]) -> Iterator[Decision]:
    """Apply the first of the rules that does, to each node."""
    by_operator: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_operator[rule.pattern.op].append(rule)
    for node in list(graph.nodes):
        refused = []
        for rule in by_operator.get(node.op, ()) if node in graph.nodes else ():
            decisions = list(rule.apply(graph, node))
            if any(decision.done for decision in decisions):
                yield from decisions
                break
            refused += decisions
        else:
            yield from refused
