"""Bring the nodes of a model into order, and leave out what no output depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter

import onnx

from edge_compiler.errors import CompileError


def tidy(graph: onnx.GraphProto, weights: Collection[str]) -> None:
    """
    Sort the nodes, and drop nodes and constants that no output depends on.

    Inputs that nobody reads are dropped if they aren't float32: they would stop the model.

    :param weights: inputs that stand for weights.
    :raises CompileError: if a tensor is computed twice or not at all, or by itself.
    """
    given = [value.name for value in graph.input] + [tensor.name for tensor in graph.initializer]
    counts = Counter(given)
    counts.update(name for node in graph.node for name in node.output if name)
    for name, count in counts.items():
        if count > 1:
            raise CompileError(
                f"the model defines the tensor '{name}' {count} times: export it again"
            )
    writer = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    nodes = _live(graph, writer, set(given))
    used = {name for node in nodes for name in reads_of(node)}
    used.update(value.name for value in graph.output)
    inputs = [
        value
        for value in graph.input
        if value.name in used or (value.name not in weights and _is_float(value))
    ]
    constants = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.input[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.input.extend(inputs)
    graph.initializer.extend(constants)


def reads_of(node: onnx.NodeProto) -> list[str]:
    """Return what a node reads, the graphs in its attributes included."""
    names = list(node.input)
    for attribute in node.attribute:
        graph = attribute.g
        own = {value.name for value in graph.input}
        own |= {tensor.name for tensor in graph.initializer}
        own |= {name for inner in graph.node for name in inner.output}
        read = [name for inner in graph.node for name in reads_of(inner)]
        read += [value.name for value in graph.output]
        names += [name for name in read if name and name not in own]
    return names


def _is_float(value: onnx.ValueInfoProto) -> bool:
    return bool(value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT)


def _live(graph: onnx.GraphProto, writer: dict[str, int], given: set[str]) -> list[onnx.NodeProto]:
    """Return the nodes that outputs depend on, each after those that it reads."""
    reads: dict[int, list[int]] = {}
    waiting = []
    for value in graph.output:
        if value.name in writer:
            waiting.append(writer[value.name])
        elif value.name not in given:
            raise CompileError(
                f"no node computes the tensor '{value.name}': export the model again"
            )
    while waiting:
        index = waiting.pop()
        if index in reads:
            continue
        node = graph.node[index]
        names = [name for name in reads_of(node) if name]
        for name in names:
            if name not in writer and name not in given:
                raise CompileError(
                    f"node '{node.name or index}' ({node.op_type}) reads '{name}', which no node "
                    "computes: export the model again"
                )
        reads[index] = [writer[name] for name in names if name in writer]
        waiting += reads[index]
    if all(other < index for index, others in reads.items() for other in others):
        return [graph.node[index] for index in sorted(reads)]
    return [graph.node[index] for index in _sorted(graph, reads)]


def _sorted(graph: onnx.GraphProto, reads: dict[int, list[int]]) -> list[int]:
    try:
        return list(
            TopologicalSorter({index: reads[index] for index in sorted(reads)}).static_order()
        )
    except CycleError as error:
        node = graph.node[error.args[1][0]]
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) depends on its own result: "
            "export the model again"
        ) from error
