"""
Write out the nodes that stand for others, so that only plain operators are left.

These are control flow (loops must be of a known length), operators that the compiler writes as
others (`rewrite.py`), and those that ONNX defines by others, unless they are known themselves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError
from edge_compiler.frontend.precision import nodes_to_float32
from edge_compiler.frontend.rewrite import rewrite, REWRITES
from edge_compiler.ir.graph import OPSET, Value
from edge_compiler.ops import OPERATORS

MOST_UNROLLED = 20_000
"""Nodes that one Loop or Scan may become."""

Array = np.ndarray[Any, Any]
Nodes = Iterator[onnx.NodeProto]


@dataclass(frozen=True)
class Scope:
    """
    What is known when a node is reached; it grows while the nodes of an expansion are built.

    :ivar values: every tensor so far, by name.
    :ivar known: the small ones whose content is known already.
    """

    values: Mapping[str, Value]
    known: Mapping[str, Array]


def expand(node: onnx.NodeProto, scope: Scope) -> Nodes | None:
    """
    Return the nodes that a node stands for; None if it stands for itself.

    Each must be built before the next one is asked for: a Loop ends where its condition says.

    :raises CompileError: if control flow depends on what is known only while the model runs.
    """
    if node.op_type in _CONTROL_FLOW:
        return _CONTROL_FLOW[node.op_type](node, scope)
    rewritten = rewrite(node, scope.values)
    if rewritten is not None:
        return iter(rewritten)
    if node.op_type in OPERATORS or not onnx.defs.has(node.op_type, OPSET, ""):
        return None
    function = _function(node, scope)
    return None if function is None else _call(node, function)


def expandable() -> list[str]:
    """Return the operators that are written as others, which must be supported in turn."""
    schemas: list[Any] = [s for s in onnx.defs.get_all_schemas() if not s.domain]
    functions = {
        schema.name
        for schema in schemas
        if schema.has_function or schema.has_context_dependent_function
    }
    return sorted({*REWRITES, *_CONTROL_FLOW, *(functions - OPERATORS.keys())})


# operators that are functions


def _function(node: onnx.NodeProto, scope: Scope) -> onnx.FunctionProto | None:
    """Return how ONNX defines an operator by others, if it does."""
    schema: Any = onnx.defs.get_schema(node.op_type, OPSET, "")
    versions = schema.context_dependent_function_opset_versions
    if versions:
        types = [_type_of(scope.values[name]) if name else b"" for name in node.input]
        content = schema.get_context_dependent_function_with_opset_version(
            max(v for v in versions if v <= OPSET), node.SerializeToString(), types
        )
    elif schema.function_opset_versions:
        newest = max(v for v in schema.function_opset_versions if v <= OPSET)
        content = schema.get_function_with_opset_version(newest)
    else:
        return None
    function = onnx.FunctionProto()
    function.ParseFromString(content)
    return function


def _type_of(value: Value) -> bytes:
    type_ = helper.make_tensor_type_proto(value.type.number, value.shape)
    return bytes(type_.SerializeToString())


def _call(node: onnx.NodeProto, function: onnx.FunctionProto) -> Nodes:
    schema = onnx.defs.get_schema(node.op_type, OPSET, "")
    given = {name: entry.default_value for name, entry in schema.attributes.items()}
    given = {name: default for name, default in given.items() if default.name}
    given |= {attribute.name: attribute for attribute in node.attribute}
    body = [_with_attributes(inner, given) for inner in function.node]
    nodes_to_float32(body)
    names = dict.fromkeys(function.input, "") | dict(zip(function.input, node.input, strict=False))
    results = dict(zip(function.output, node.output, strict=False))
    yield from _written(body, names, node.name)
    yield from _results(results, names)


def _with_attributes(
    node: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]
) -> onnx.NodeProto:
    """Return a node of a function with the attributes that the caller gives."""
    plain = onnx.NodeProto()
    plain.CopyFrom(node)
    del plain.attribute[:]
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            plain.attribute.append(attribute)
            for inner in attribute.g.node:
                inner.CopyFrom(_with_attributes(inner, given))
        elif attribute.ref_attr_name in given:
            plain.attribute.append(given[attribute.ref_attr_name])
            plain.attribute[-1].name = attribute.name
    return plain


# control flow


def _if(node: onnx.NodeProto, scope: Scope) -> Nodes:
    """Yield the branch that is taken, or both and the choice between their results."""
    condition = scope.known.get(node.input[0])
    if condition is not None and condition.size == 1:
        results = yield from _branch(node, "then" if condition.flat[0] else "else")
        for inner, outer in zip(results, node.output, strict=True):
            if outer:
                yield _node("Identity", [inner], outer)
        return
    taken = yield from _branch(node, "then")
    other = yield from _branch(node, "else")
    for yes, no, outer in zip(taken, other, node.output, strict=True):
        shapes = [list(scope.values[name].shape) for name in (node.input[0], yes, no)]
        if math.prod(shapes[0]) != 1 or len(shapes[0]) > len(shapes[1]) or shapes[1] != shapes[2]:
            raise CompileError(
                f"node '{node.name}' (If) has a condition that is known only while the model "
                f"runs, and branches of different shapes, {shapes[1]} and {shapes[2]}: "
                "export the model with the branch that the robot needs, or, if an input decides "
                "on it that never changes, make it a constant: edgec import --constant NAME=VALUE"
            )
        if outer:
            yield _node("Where", [node.input[0], yes, no], outer)


def _branch(node: onnx.NodeProto, which: str) -> Generator[onnx.NodeProto, None, list[str]]:
    """Yield the nodes of a branch; return what its results are called."""
    graph = _graph(node, f"{which}_branch", 0, len(node.output))
    names: dict[str, str] = {}
    yield from _body(graph, names, f"{node.name}:{which}")
    return [names[value.name] for value in graph.output]


def _loop(node: onnx.NodeProto, scope: Scope) -> Nodes:
    trips, condition, *state = (*node.input, "", "")[: max(2, len(node.input))]
    most = _known(node, scope, trips, "trip count", math.inf)
    body = _graph(node, "body", 2 + len(state), 1 + len(node.output))
    goes_on = _known(node, scope, condition, "condition", True)
    yielded: list[list[str]] = []
    while goes_on and len(yielded) < most:
        _check_length(node, body, len(yielded))
        prefix = f"{node.name}:{len(yielded)}"
        number, true = f"{prefix}:number", f"{prefix}:condition"
        yield _constant(number, np.array(len(yielded), np.int64))
        yield _constant(true, np.array(True))
        inputs = (number, true, *state)
        names = {v.name: name for v, name in zip(body.input, inputs, strict=True)}
        yield from _body(body, names, prefix)
        condition, *rest = (names[value.name] for value in body.output)
        state, one = rest[: len(state)], rest[len(state) :]
        yielded.append(one)
        goes_on = _known(node, scope, condition, "condition", True)
    yield from _last_state(node, state, yielded)
    for place, output in enumerate(node.output[len(state) :]):
        yield from _stacked(output, [one[place] for one in yielded], 0)


def _scan(node: onnx.NodeProto, scope: Scope) -> Nodes:
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    body = _graph(node, "body", len(node.input), len(node.output))
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
            yield _constant(index, np.array(steps - 1 - step if back else step, np.int64))
            yield _node("Gather", [source, index], part, axis=axis)
            inputs.append(part)
        names = {v.name: name for v, name in zip(body.input, inputs, strict=True)}
        yield from _body(body, names, prefix)
        results = [names[value.name] for value in body.output]
        state = results[:split]
        yielded.append(results[split:])
    yield from _last_state(node, state, yielded)
    outputs = node.output[split:]
    axes = given.get("scan_output_axes") or [0] * len(outputs)
    backwards = given.get("scan_output_directions") or [0] * len(outputs)
    for place, output in enumerate(outputs):
        ordered = yielded[::-1] if backwards[place] else yielded
        yield from _stacked(output, [one[place] for one in ordered], axes[place])


_CONTROL_FLOW = {"If": _if, "Loop": _loop, "Scan": _scan}


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
            yield _node("Identity", [source], target)


def _stacked(target: str, parts: list[str], axis: int) -> Nodes:
    """Yield the nodes that put tensors side by side along a new axis."""
    if not target:
        return
    axes = f"{target}:axis"
    yield _constant(axes, np.array([axis], np.int64))
    for index, part in enumerate(parts):
        yield _node("Unsqueeze", [part, axes], f"{target}:{index}")
    yield _node("Concat", [f"{target}:{i}" for i in range(len(parts))], target, axis=axis)


# graphs within nodes


def _graph(node: onnx.NodeProto, name: str, inputs: int, outputs: int) -> onnx.GraphProto:
    """
    Return a graph of a node.

    :raises CompileError: if it doesn't take and yield so many tensors.
    """
    graph = next((a.g for a in node.attribute if a.name == name), onnx.GraphProto())
    if (len(graph.input), len(graph.output)) != (inputs, outputs):
        raise CompileError(
            f"the {name} of node '{node.name}' ({node.op_type}) takes {len(graph.input)} tensors "
            f"and yields {len(graph.output)} where {inputs} and {outputs} are expected: "
            "export the model again"
        )
    return graph


def _body(graph: onnx.GraphProto, names: dict[str, str], prefix: str) -> Nodes:
    """Yield the constants and nodes of a graph; see `_written`."""
    for tensor in graph.initializer:
        names[tensor.name] = f"{prefix}:{tensor.name}"
        yield _constant(names[tensor.name], numpy_helper.to_array(tensor))
    yield from _written(graph.node, names, prefix)
    for value in graph.output:
        names.setdefault(value.name, value.name)  # of a graph around this one


def _written(nodes: Iterable[onnx.NodeProto], names: dict[str, str], prefix: str) -> Nodes:
    """
    Yield copies of nodes that are within another.

    :param names: of the tensors that they see, what they are called outside; grows.
    """
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        names |= {name: f"{prefix}:{name}" for name in node.output if name}
        _rename(copy, names)
        copy.name = next(name for name in copy.output if name)
        yield copy


def _rename(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    node.input[:] = [names.get(name, name) for name in node.input]
    node.output[:] = [names.get(name, name) for name in node.output]
    for attribute in node.attribute:
        own = {name for inner in attribute.g.node for name in inner.output}
        own |= {value.name for value in attribute.g.input}
        own |= {tensor.name for tensor in attribute.g.initializer}
        seen = {old: new for old, new in names.items() if old not in own}
        for inner in attribute.g.node:
            _rename(inner, seen)
        for value in attribute.g.output:
            value.name = seen.get(value.name, value.name)


def _results(results: Mapping[str, str], names: Mapping[str, str]) -> Nodes:
    for inner, outer in results.items():
        if outer:
            yield _node("Identity", [names[inner]], outer)


def _node(op: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def _constant(name: str, array: Array) -> onnx.NodeProto:
    return _node("Constant", [], name, value=numpy_helper.from_array(array))
