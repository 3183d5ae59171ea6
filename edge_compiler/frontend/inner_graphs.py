"""Writing the nodes of a graph within a node in that node's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError

Array = np.ndarray[Any, Any]
Nodes = Iterator[onnx.NodeProto]


def graph_of(node: onnx.NodeProto, name: str, inputs: int, outputs: int) -> onnx.GraphProto:
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


def graph_nodes(graph: onnx.GraphProto, names: dict[str, str], prefix: str) -> Nodes:
    """Yield the constants and nodes of a graph; see `renamed_nodes`."""
    for tensor in graph.initializer:
        names[tensor.name] = f"{prefix}:{tensor.name}"
        yield make_constant(names[tensor.name], numpy_helper.to_array(tensor))
    yield from renamed_nodes(graph.node, names, prefix)
    for value in graph.output:
        names.setdefault(value.name, value.name)  # of a graph around this one


def renamed_nodes(nodes: Iterable[onnx.NodeProto], names: dict[str, str], prefix: str) -> Nodes:
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


def make_node(op: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    """Return a node with one output, which has the same name."""
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def make_constant(name: str, array: Array) -> onnx.NodeProto:
    """Return a Constant node."""
    return make_node("Constant", [], name, value=numpy_helper.from_array(array))


def stacked(target: str, parts: list[str], axis: int) -> Nodes:
    """Yield the nodes that put tensors side by side along a new axis."""
    if not target:
        return
    axes = f"{target}:axis"
    yield make_constant(axes, np.array([axis], np.int64))
    for index, part in enumerate(parts):
        yield make_node("Unsqueeze", [part, axes], f"{target}:{index}")
    yield make_node("Concat", [f"{target}:{i}" for i in range(len(parts))], target, axis=axis)
