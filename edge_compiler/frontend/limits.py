"""
What a model may be at most: checked first, since what reads models has no limits of its own.

A few bytes can ask for any amount of memory and time: by a shape, by functions that call others
twice each, by a million nodes. The limits are far above what a robot can run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import math
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError

MOST_NODES = 100_000
MOST_TENSORS = 1024
"""That one node reads or computes, or that the model takes or yields."""
MOST_ELEMENTS = 2**29
"""Of a tensor that is computed; 2 GB of float32."""
MOST_DIMENSIONS = 16
DEEPEST_CALL = 64
"""Functions that call each other."""

_LARGEST_ATTRIBUTES = {
    "kernel_shape": 2**16,
    "strides": 2**16,
    "dilations": 2**16,
    "pads": 2**12,
    "output_padding": 2**12,
    "size": 2**16,
    "group": 2**20,
    "num_groups": 2**20,
}
"""Where larger numbers than these make sense in no network, but overflow or take memory."""
_FunctionKey = tuple[str, str, str]


def check_limits(model: onnx.ModelProto, path: Path) -> None:
    """
    Refuse a model that nobody could handle, in little time.

    :raises CompileError: naming the limit.
    """
    for kind, values in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        named = {tensor.name for tensor in model.graph.initializer} if kind == "inputs" else set()
        count = sum(value.name not in named for value in values)
        if count > MOST_TENSORS:
            raise CompileError(
                f"{path} has {count} {kind}, more than the {MOST_TENSORS} that are supported"
            )
    for nodes in (model.graph.node, *(function.node for function in model.functions)):
        for node in _all_nodes(nodes):
            _check_node(node)
    for value in (*model.graph.input, *model.graph.output):
        _check_name(value.name, "a tensor")


def check_shape(who: str, shape: Iterable[int]) -> None:
    """
    Refuse a tensor that would fit no robot.

    :param who: which tensor it is, for the sentence.
    :raises CompileError: naming the limit.
    """
    sizes = list(shape)
    if len(sizes) > MOST_DIMENSIONS:
        raise CompileError(
            f"{who} has {len(sizes)} dimensions, more than the {MOST_DIMENSIONS} that are "
            "supported"
        )
    if math.prod(sizes) > MOST_ELEMENTS:
        raise CompileError(
            f"{who} of shape {sizes} would have {math.prod(sizes)} elements, more than "
            f"{MOST_ELEMENTS}: the model is damaged or far too large for a robot"
        )


def _check_node(node: onnx.NodeProto) -> None:
    for name in (node.name, *node.input, *node.output):
        _check_name(name, f"a tensor of node '{node.name}' ({node.op_type})")
    who = f"node '{node.name or next(iter(node.output), '')}' ({node.op_type})"
    for verb, names in (("reads", node.input), ("computes", node.output)):
        if len(names) > MOST_TENSORS:
            raise CompileError(
                f"{who} {verb} {len(names)} tensors, more than the {MOST_TENSORS} that are "
                "supported"
            )
    for attribute in node.attribute:
        most = _LARGEST_ATTRIBUTES.get(attribute.name)
        numbers = (attribute.i, *attribute.ints)
        if most is not None and any(abs(number) > most for number in numbers):
            raise CompileError(
                f"{who} has {attribute.name}={max(numbers, key=abs)}, but {most} is the largest "
                "that is supported: the model is damaged"
            )


def _check_name(name: str, who: str) -> None:
    if "\0" in name:
        raise CompileError(f"the name {name!r} of {who} holds a NUL character: export it again")


def check_count(model: onnx.ModelProto, path: Path) -> None:
    """
    Refuse a model of too many nodes, which takes long to look at.

    :raises CompileError: naming the limit.
    """
    count = max(len(model.graph.node), _count_nodes(model))
    if count > MOST_NODES:
        raise CompileError(
            f"{path} has {count} nodes, functions written out, more than the {MOST_NODES} that "
            "are supported: the model is damaged or far too large for a robot"
        )


def _count_nodes(model: onnx.ModelProto) -> int:
    """
    Return how many nodes the model has when its functions are written out.

    :raises CompileError: if a function calls itself.
    """
    functions = {(f.domain, f.name, f.overload): f.node for f in model.functions}
    counts: dict[_FunctionKey, int] = {}

    def count(nodes: Iterable[onnx.NodeProto], depth: int) -> int:
        return sum(count_of(node, depth) for node in _all_nodes(nodes))

    def count_of(node: onnx.NodeProto, depth: int) -> int:
        key = (node.domain, node.op_type, node.overload)
        if key not in functions:
            return 1
        if depth > DEEPEST_CALL:
            raise CompileError(
                f"the function '{node.domain}.{node.op_type}' of the model calls itself, or "
                f"functions call each other more than {DEEPEST_CALL} deep: export it without "
                "functions"
            )
        if key not in counts:
            counts[key] = count(functions[key], depth + 1)
        return counts[key]

    return count(model.graph.node, 0)


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes, and those of the graphs within them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _all_nodes(graph.node)
