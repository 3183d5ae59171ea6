"""What every pass is made of: a named rewriting of the graph that accounts for what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Node, Value
from edge_perception.runtime.dtypes import FLOAT32, INT64
from edge_perception.runtime.manifest import Fusion


@dataclass(frozen=True)
class Decision:
    """What a pass did at a node, or why it did nothing although the node looked like it."""

    node: Node
    done: bool
    reason: str


Rewrite = Callable[[Graph], Iterator[Decision]]


@dataclass(frozen=True)
class Pass:
    """
    A rewriting of the graph, in place, that keeps its results.

    :ivar name: as shown by ``edgec explain``.
    :ivar rewrite: changes the graph and yields its decisions on the way.
    """

    name: str
    rewrite: Rewrite

    @property
    def summary(self) -> str:
        """What the pass does, in one sentence."""
        return (self.rewrite.__doc__ or "").strip().splitlines()[0]

    def run(self, graph: Graph) -> list[Fusion]:
        """Rewrite the graph and return what was decided."""
        return [
            Fusion(self.name, decision.node.name, decision.done, decision.reason)
            for decision in self.rewrite(graph)
        ]


def graph_pass(name: str) -> Callable[[Rewrite], Pass]:
    """Make a pass of a function."""
    return lambda rewrite: Pass(name, rewrite)


def done(node: Node, reason: str) -> Decision:
    """Return the decision that something was done at ``node``."""
    return Decision(node, True, reason)


def kept(node: Node, reason: str) -> Decision:
    """Return the decision that ``node`` stays as it is."""
    return Decision(node, False, reason)


def absorb(graph: Graph, node: Node, follower: Node) -> None:
    """Let ``node`` yield what ``follower``, the sole reader of its output, yielded."""
    graph.remove(follower)
    node.outputs = follower.outputs
    node.origins = (*node.origins, *follower.origins)


def bypass(graph: Graph, node: Node) -> bool:
    """
    Remove a node whose output equals its first input.

    :returns: False, with the graph unchanged, if both are results or inputs of the graph, whose
        names must stay.
    """
    source, result = node.input(0), node.output
    if not graph.is_output(result):
        graph.replace(result, source)
        graph.remove(node)
    else:
        producer = graph.producer(source)
        if producer is None or graph.is_output(source):
            return False
        graph.replace(source, result)
        graph.remove(node)
        producer.outputs = [result if value is source else value for value in producer.outputs]
    return True


def new_constant(node: Node, what: str, array: ArrayLike) -> Value:
    """
    Return a constant of float32 for a node.

    :param what: the constant is.
    :raises CompileError: if it isn't finite.
    """
    with np.errstate(over="ignore"):  # an overflow is told as such
        data = np.asarray(array, np.float32)
    if not np.isfinite(data).all():
        raise CompileError(
            f"the {what} that follows from the constants of node '{node.name}' ({node.op}) is "
            "NaN, infinite or too large for float32: the training diverged or the file is "
            "damaged, export it again"
        )
    return Value(f"{node.output.name}/{what}", data.shape, FLOAT32, data)


def new_reshape(node: Node, source: Value, result: Value) -> Node:
    """Return a Reshape of one value into another, which comes from the origins of a node."""
    sizes = np.array(result.shape, np.int64)
    shape = Value(f"{result.name}/shape", sizes.shape, INT64, sizes)
    return Node(
        "Reshape",
        f"{node.name}/reshape",
        [source, shape],
        [result],
        {"allowzero": 0},
        origins=node.origins,
    )
