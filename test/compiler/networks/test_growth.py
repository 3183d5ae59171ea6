"""The work of the compiler grows with the number of nodes, whatever the graph looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path
import sys
from types import FrameType
from typing import Any

import numpy as np
import onnx
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler import targets
from edge_compiler.passes import optimise
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.lowering import lower_all
from edge_compiler.targets.program.steps import step_files
from edge_compiler.targets.program.variants import BASELINE
from edge_compiler.targets.refusals import refusals

NODES = 100
CONSTANTS = {
    "w": weights(16, 16, 1, 1),
    "k": weights(1, 16, 1, 1),
    "halves": np.array([8, 8]),
}
Nodes = list[onnx.NodeProto]


def chain(count: int) -> Nodes:
    """Return what passes fuse, split and join, one behind the other."""
    makers: list[Callable[[str, str], Nodes]] = [
        lambda a, b: [node("Relu", a, b)],
        lambda a, b: [node("Add", f"{a} k", b)],
        lambda a, b: [node("Conv", f"{a} w", b)],
        lambda a, b: [node("Mul", f"k {a}", b)],
        lambda a, b: [node("Sigmoid", a, f"{b}s"), node("Mul", f"{a} {b}s", b)],
        lambda a, b: [
            node("Split", f"{a} halves", f"{b}l {b}r", axis=1),
            node("Concat", f"{b}r {b}l", b, axis=1),
        ],
    ]
    names = ["x", *(f"t{i}" for i in range(count // len(makers) * len(makers)))]
    return [n for make, (a, b) in zip(cycle(makers), pairwise(names)) for n in make(a, b)]


def hub(count: int) -> Nodes:
    """Return many nodes that read one value, with their results alive until the end."""
    half = count // 2
    sums = ["t0", *(f"s{i}" for i in range(1, half))]
    nodes = [node("Sigmoid", "x", f"t{i}") for i in range(half)]
    return nodes + [node("Add", f"{a} t{i}", b) for i, (a, b) in enumerate(pairwise(sums), 1)]


def ladder(count: int) -> Nodes:
    """Return a way down and a way up, each step of which reads its counterpart."""
    half = count // 2
    down = ["x", *(f"d{i}" for i in range(half))]
    up = [down[-1], *(f"u{i}" for i in range(half))]
    nodes = [node("Tanh", a, b) for a, b in pairwise(down)]
    return nodes + [node("Add", f"{a} {down[-1 - i]}", b) for i, (a, b) in enumerate(pairwise(up))]


def residuals(count: int) -> Nodes:
    """Return blocks of convolutions with a shortcut."""
    names = ["x", *(f"t{i}" for i in range(count // 4))]
    return [
        n
        for a, b in pairwise(names)
        for n in (
            node("Conv", f"{a} w", f"{b}c"),
            node("Relu", f"{b}c", f"{b}r"),
            node("Conv", f"{b}r w", f"{b}d"),
            node("Add", f"{b}d {a}", b),
        )
    ]


def nested(count: int) -> Nodes:
    """Return Concats of Concats: each value is a part of all that follow."""
    names = ["x", *(f"t{i}" for i in range(count // 2))]
    return [
        n
        for a, b in pairwise(names)
        for n in (node("Tanh", "x", f"{b}n"), node("Concat", f"{a} {b}n", b, axis=1))
    ]


def nothing(count: int) -> Nodes:
    """Return nodes that passes remove, or make into one."""
    names = ["x", *(f"t{i}" for i in range(count))]
    ways = [("Identity", ""), ("Add", "k"), ("Dropout", ""), ("Mul", "k")]
    return [
        node(op, f"{a} {other}", b) for (op, other), (a, b) in zip(cycle(ways), pairwise(names))
    ]


@contextmanager
def counting() -> Iterator[list[int]]:
    """Count the instructions of Python's byte code: unlike time, they are always the same."""
    count = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count[0] += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


def work(nodes: Nodes, folder: Path) -> int:
    """Return the instructions that it takes to bring a model to C."""
    model = make_model(nodes, {"x": [1, 16, 4, 4]}, CONSTANTS)
    target = targets.get("host")
    with counting() as count:
        graph = load_model(model, folder)
        optimise(graph)
        assert not refusals(graph, target)
        program = lower_all(graph, Estimated.of(BASELINE, graph))
        assert all(text for _, text in step_files(program, BASELINE, ()))
    return count[0]


@pytest.mark.parametrize("make", [chain, hub, ladder, residuals, nested, nothing])
def test_work_grows_with_the_number_of_nodes(make: Callable[[int], Nodes], tmp_path: Path) -> None:
    work(make(20), tmp_path)  # what is computed once
    assert work(make(4 * NODES), tmp_path) < 5 * work(make(NODES), tmp_path)
