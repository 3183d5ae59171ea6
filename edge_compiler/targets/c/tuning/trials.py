"""A program that runs many candidates of convolutions one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_compiler.ir.graph import Fused, Graph, Node, Value
from edge_compiler.targets.c.choice import Candidate, Fixed, Problem
from edge_compiler.targets.c.lowering import rule_of
from edge_compiler.targets.program.buffers import Halo
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.variants import Variant


@dataclass(frozen=True)
class Task:
    """
    A problem to measure.

    :ivar node: one that poses it.
    """

    problem: Problem
    node: Node
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Trials:
    """The program, and where its steps come from: indices of the steps, problem, candidate."""

    graph: Graph
    program: Program
    steps: list[tuple[range, Problem, Candidate]]


def make_trials(tasks: list[Task], variant: Variant) -> Trials:
    """
    Lower each candidate as if it were a layer in a network.

    A step before each candidate writes its input anew, so that it lies in the caches as it does in
    a network, whatever ran before. The very first step is none of them: when
    instructions are counted, those that copy the inputs count as its own.
    """
    x, y = Value("start", (1,)), Value("started", (1,))
    graph = Graph("trials", [x], [], [])
    lowering, chooser = Lowering(graph, variant, {}), Fixed(variant, tasks[0].candidates[0])
    first_step = Node("Relu", y.name, [x], [y])
    rule_of(first_step, chooser)(lowering, first_step)
    steps = []
    for number, task in enumerate(tasks):
        x = _copy(task.node.input(0), f"x{number}")
        residual = task.node.fused.residual
        r = None if residual is None else _copy(residual, f"r{number}")
        graph.inputs += [x] if r is None else [x, r]
        for index, candidate in enumerate(task.candidates):
            chooser = Fixed(variant, candidate)
            for node in _layer(task, f"{number}.{index}", x, r):
                first = len(lowering.steps)
                rule_of(node, chooser)(lowering, node)
            if _has_gaps(task.problem):
                lowering.steps[-1].output.require(Halo(1, 1, 1, 1))
            steps.append((range(first, len(lowering.steps)), task.problem, candidate))
    last = lowering.steps[-1].value
    assert last is not None
    graph.outputs = (last,)
    return Trials(graph, lowering.finish(), steps)


def _layer(task: Task, name: str, x: Value, residual: Value | None) -> Iterator[Node]:
    """Yield a node that writes the input, and the convolution."""
    if task.problem.lanes > 1:  # else only the network's input can be read
        source, x = x, _copy(x, f"{name}.x")
        yield Node("Relu", x.name, [source], [x])
    node, y = task.node, _copy(task.node.output, f"{name}.y")
    fused = Fused(residual, node.fused.activation)
    yield Node(node.op, name, [x, *node.inputs[1:]], [y], node.attributes, fused)


def _copy(value: Value, name: str) -> Value:
    return Value(name, value.shape, value.type)


def _has_gaps(problem: Problem) -> bool:
    """Return whether a 1x1 convolution is one with a halo around its input or result."""
    return problem.kernel == problem.stride == (1, 1) and problem.height > 1
