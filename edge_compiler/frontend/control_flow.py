"""
Control flow, written out: the rounds of Loop and Scan, and the branches of If.

How many rounds there are must be known before the model runs.
"""

from __future__ import annotations

from collections.abc import Generator
import math
from typing import Any

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.attributes import stated
from edge_compiler.frontend.inner_graphs import (
    graph_nodes,
    graph_of,
    make_constant,
    make_node,
    Nodes,
    stacked,
)
from edge_compiler.frontend.scope import Scope

MOST_UNROLLED = 20_000
"""Nodes that one Loop or Scan may become."""


def _if(node: onnx.NodeProto, scope: Scope) -> Nodes:
    """Yield the branch that is taken, or both and the choice between their results."""
    condition = scope.known.get(node.input[0])
    if condition is not None and condition.size == 1:
        results = yield from _branch(node, "then" if condition.flat[0] else "else")
        for inner, outer in zip(results, node.output, strict=True):
            if outer:
                yield make_node("Identity", [inner], outer)
        return
    taken = yield from _branch(node, "then")
    other = yield from _branch(node, "else")
    for yes, no, outer in zip(taken, other, node.output, strict=True):
        if {yes, no} & scope.sequences.keys():
            raise CompileError(
                f"node '{node.name}' (If) chooses between sequences, not tensors, which alone are "
                "supported"
            )
        shapes = [list(scope.values[name].shape) for name in (node.input[0], yes, no)]
        if math.prod(shapes[0]) != 1 or len(shapes[0]) > len(shapes[1]) or shapes[1] != shapes[2]:
            raise CompileError(
                f"the branches of node '{node.name}' (If) yield different shapes, {shapes[1]} and "
                f"{shapes[2]}"
            )
        if outer:
            yield make_node("Where", [node.input[0], yes, no], outer)


def _branch(node: onnx.NodeProto, which: str) -> Generator[onnx.NodeProto, None, list[str]]:
    """Yield the nodes of a branch; return what its results are called."""
    graph = graph_of(node, f"{which}_branch", 0, len(node.output))
    names: dict[str, str] = {}
    yield from graph_nodes(graph, names, f"{node.name}:{which}")
    return [names[value.name] for value in graph.output]


def _loop(node: onnx.NodeProto, scope: Scope) -> Nodes:
    trips, condition, *state = (*node.input, "", "")[: max(2, len(node.input))]
    most = _known(node, scope, trips, "trip count", math.inf)
    body = graph_of(node, "body", 2 + len(state), 1 + len(node.output))
    goes_on = _known(node, scope, condition, "condition", True)
    yielded: list[list[str]] = []
    while goes_on and len(yielded) < most:
        _check_length(node, body, len(yielded))
        prefix = f"{node.name}:{len(yielded)}"
        number, true = f"{prefix}:number", f"{prefix}:condition"
        yield make_constant(number, np.array(len(yielded), np.int64))
        yield make_constant(true, np.array(True))
        inputs = (number, true, *state)
        names = {v.name: name for v, name in zip(body.input, inputs, strict=True)}
        yield from graph_nodes(body, names, prefix)
        condition, *rest = (names[value.name] for value in body.output)
        state, one = rest[: len(state)], rest[len(state) :]
        yielded.append(one)
        goes_on = _known(node, scope, condition, "condition", True)
    yield from _last_state(node, state, yielded)
    for place, output in enumerate(node.output[len(state) :]):
        yield from stacked(output, [one[place] for one in yielded], 0)


def _scan(node: onnx.NodeProto, scope: Scope) -> Nodes:
    given = stated(node)
    body = graph_of(node, "body", len(node.input), len(node.output))
    count = given["num_scan_inputs"]
    split = len(node.input) - count
    state, sources = list(node.input[:split]), list(node.input[split:])
    axes = given.get("scan_input_axes") or [0] * count
    backwards = given.get("scan_input_directions") or [0] * count
    steps = scope.values[sources[0]].shape[axes[0]]
    yielded: list[list[str]] = []
    for step in range(steps):
        _check_length(node, body, step)
        prefix = f"{node.name}:{step}"
        inputs = list(state)
        for place, (source, axis, back) in enumerate(zip(sources, axes, backwards, strict=True)):
            index, part = f"{prefix}:index{place}", f"{prefix}:input{place}"
            yield make_constant(index, np.array(steps - 1 - step if back else step, np.int64))
            yield make_node("Gather", [source, index], part, axis=axis)
            inputs.append(part)
        names = {v.name: name for v, name in zip(body.input, inputs, strict=True)}
        yield from graph_nodes(body, names, prefix)
        results = [names[value.name] for value in body.output]
        state = results[:split]
        yielded.append(results[split:])
    yield from _last_state(node, state, yielded)
    outputs = node.output[split:]
    axes = given.get("scan_output_axes") or [0] * len(outputs)
    backwards = given.get("scan_output_directions") or [0] * len(outputs)
    for place, output in enumerate(outputs):
        ordered = yielded[::-1] if backwards[place] else yielded
        yield from stacked(output, [one[place] for one in ordered], axes[place])


CONTROL_FLOW = {"If": _if, "Loop": _loop, "Scan": _scan}


def _known(node: onnx.NodeProto, scope: Scope, name: str, what: str, default: Any) -> Any:
    """Return a number that decides on the course; the default if none is given."""
    if name and name not in scope.known:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) has a {what} that is known only while the model "
            "runs: export it with a constant one"
        )
    return scope.known[name].flat[0].item() if name else default


def _check_length(node: onnx.NodeProto, body: onnx.GraphProto, rounds: int) -> None:
    if (rounds + 1) * len(body.node) > MOST_UNROLLED:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) would be more than {MOST_UNROLLED} nodes when "
            "it is unrolled: export the model with a shorter sequence"
        )


def _last_state(node: onnx.NodeProto, state: list[str], yielded: list[list[str]]) -> Nodes:
    if not yielded and len(node.output) > len(state):
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) yields nothing, as it never runs: "
            "export the model without it"
        )
    for source, target in zip(state, node.output, strict=False):
        if target:
            yield make_node("Identity", [source], target)
