"""
Sequences of tensors, whose elements are kept apart by name: no node of a graph has one.

How many there are, and which one is meant, must be known before the model runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper

from edge_compiler.errors import CompileError
from edge_compiler.frontend.attributes import stated
from edge_compiler.frontend.inner_graphs import make_constant, make_node, Nodes, stacked
from edge_compiler.frontend.limits import MOST_TENSORS
from edge_compiler.frontend.scope import Scope


def _construct(node: onnx.NodeProto, scope: Scope) -> Nodes:
    return _keep(node, scope, list(node.input))


def _identity(node: onnx.NodeProto, scope: Scope) -> Nodes | None:
    """Give another name to a sequence; a tensor's is left as it is."""
    if node.input[0] not in scope.sequences:
        return None
    return _keep(node, scope, _elements(node, scope))


def _insert(node: onnx.NodeProto, scope: Scope) -> Nodes:
    elements = _elements(node, scope)
    place = _place(node, scope, 2, len(elements), len(elements))
    return _keep(node, scope, [*elements[:place], node.input[1], *elements[place:]])


def _erase(node: onnx.NodeProto, scope: Scope) -> Nodes:
    elements = _elements(node, scope)
    place = _place(node, scope, 1, -1, len(elements) - 1)
    return _keep(node, scope, [*elements[:place], *elements[place + 1 :]])


def _at(node: onnx.NodeProto, scope: Scope) -> Nodes:
    elements = _elements(node, scope)
    place = _place(node, scope, 1, -1, len(elements) - 1)
    yield make_node("Identity", [elements[place]], node.output[0])


def _length(node: onnx.NodeProto, scope: Scope) -> Nodes:
    yield make_constant(node.output[0], np.array(len(_elements(node, scope)), np.int64))


def _split(node: onnx.NodeProto, scope: Scope) -> Nodes:
    given = stated(node)
    shape = scope.values[node.input[0]].shape
    axis = given.get("axis", 0) % len(shape)
    is_told = len(node.input) > 1 and bool(node.input[1])
    is_squeezed = not is_told and not given.get("keepdims", 1)
    sizes = np.ones(shape[axis], np.int64)
    if is_told:
        sizes = _known(node, scope, node.input[1])
    if not sizes.ndim:
        sizes = np.diff([*range(0, shape[axis], int(sizes)), shape[axis]])
    names = [f"{node.output[0]}:{index}" for index in range(len(sizes))]
    _check_count(node, names)
    parts = [f"{name}:part" for name in names] if is_squeezed else names
    yield make_constant(f"{node.output[0]}:sizes", sizes)
    yield helper.make_node(
        "Split", [node.input[0], f"{node.output[0]}:sizes"], parts, name=node.name, axis=axis
    )
    if is_squeezed:
        yield make_constant(f"{node.output[0]}:axis", np.array([axis], np.int64))
        for part, name in zip(parts, names, strict=True):
            yield make_node("Squeeze", [part, f"{node.output[0]}:axis"], name)
    yield from _keep(node, scope, names)


def _concat(node: onnx.NodeProto, scope: Scope) -> Nodes:
    given = stated(node)
    elements = _elements(node, scope)
    if not elements:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) joins the tensors of an empty sequence: "
            "export the model without it"
        )
    if given.get("new_axis"):
        yield from stacked(node.output[0], elements, given["axis"])
    else:
        yield make_node("Concat", elements, node.output[0], axis=given["axis"])


SEQUENCES: dict[str, Callable[[onnx.NodeProto, Scope], Nodes | None]] = {
    "ConcatFromSequence": _concat,
    "Identity": _identity,
    "SequenceAt": _at,
    "SequenceConstruct": _construct,
    "SequenceEmpty": _construct,
    "SequenceErase": _erase,
    "SequenceInsert": _insert,
    "SequenceLength": _length,
    "SplitToSequence": _split,
}
"""By operator: the nodes of what is known of a sequence, which the scope keeps."""


def _keep(node: onnx.NodeProto, scope: Scope, elements: list[str]) -> Nodes:
    """Let the output of a node be these tensors; no node computes it."""
    _check_count(node, elements)
    scope.sequences[node.output[0]] = elements
    return iter(())


def _check_count(node: onnx.NodeProto, elements: list[str]) -> None:
    if len(elements) > MOST_TENSORS:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) makes a sequence of {len(elements)} tensors, "
            f"more than the {MOST_TENSORS} that are supported"
        )


def _elements(node: onnx.NodeProto, scope: Scope) -> list[str]:
    if node.input[0] not in scope.sequences:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) reads '{node.input[0]}', which is no sequence "
            "of tensors that another node makes: export the model with tensors throughout"
        )
    return scope.sequences[node.input[0]]


def _place(node: onnx.NodeProto, scope: Scope, index: int, default: int, last: int) -> int:
    """Return which element is meant, of those up to the last."""
    place, count = default, len(_elements(node, scope))
    if index < len(node.input) and node.input[index]:
        place = int(_known(node, scope, node.input[index]).item())
    place += count * (place < 0)
    if not 0 <= place <= last:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) asks for element {place} of a sequence of "
            f"{count}: export the model again"
        )
    return place


def _known(node: onnx.NodeProto, scope: Scope, name: str) -> np.ndarray[Any, Any]:
    if name not in scope.known:
        raise CompileError(
            f"node '{node.name}' ({node.op_type}) has a place or size, '{name}', that is known "
            "only while the model runs: export it with a constant one"
        )
    return scope.known[name]
