"""
Layers in float16, where a model's weights are numbers of float16: ``--precision half`` makes such.

TensorRT computes in the types that stand in the network. What sums many numbers, squares or
divides them stays in float32, as do inputs and outputs; a Cast stands where the types meet.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.samples.magnitudes import has_place, LARGEST, WEIGHTED
from edge_perception.runtime.dtypes import ELEMENT_TYPES, ElementType, FLOAT32

FLOAT16 = ELEMENT_TYPES["float16"]
_NAMES = """
Abs Add AveragePool BatchNormalization Clip Concat DepthToSpace Elu Expand Flatten Gather
GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LeakyRelu Max MaxPool Min Mul
Neg PRelu Pad Relu Reshape Resize Sigmoid Slice SpaceToDepth Split Squeeze Sub Tanh Tile
Transpose Unsqueeze Where
"""
_BETWEEN = frozenset(_NAMES.split())
"""Operators that go on in the type of the layers before them."""
_ALWAYS_FLOAT32 = {"Resize": (1, 2)}
"""Inputs of which ONNX says so."""
_SAFE = LARGEST / 8
"""Of what was seen: other inputs give larger numbers, and a sum has larger parts."""


def in_halves(graph: Graph) -> bool:
    """
    Return whether a model is one for float16.

    All weights of its layers must be, but for those that float16 has no place for.
    """
    weights = [node.constant(1) for node in graph.nodes if node.op in WEIGHTED]
    fitting = [w for w in weights if w is not None and w.size and has_place(w)]
    return bool(fitting) and all(_is_half(w) for w in fitting)


def _is_half(weights: np.ndarray) -> bool:
    return bool(np.array_equal(weights.astype(np.float16), weights))


def halve(graph: Graph, most: Mapping[str, float]) -> tuple[str, ...]:
    """
    Let the layers of a prepared graph compute in float16, and what stands between them.

    :param most: how large its numbers become (`magnitudes`): what is near float16's largest number
        stays in float32.
    :returns: the names of layers with weights that do.
    """
    return _Halver(graph, most).run()


class _Halver:
    """Changes the types of one graph, node by node in execution order."""

    def __init__(self, graph: Graph, most: Mapping[str, float]) -> None:
        self._graph, self._most = graph, most
        self._others: dict[tuple[Value, ElementType], Value] = {}  # the same in another type

    def run(self) -> tuple[str, ...]:
        kept = []
        for node in list(self._graph.nodes):
            if self._fits(node):
                self._halve(node)
                continue
            self._retype(node, FLOAT32)
            if node.op in WEIGHTED and node.constant(1) is not None:
                kept.append(node.name)
        return tuple(kept)

    def _fits(self, node: Node) -> bool:
        computed = (*self._floats(node), *node.outputs)
        if not all(self._most.get(value.name, 0.0) <= _SAFE for value in computed):
            return False
        constants = [value.constant for value in self._floats(node) if value.constant is not None]
        if node.op != "Clip" and any(np.abs(c).max(initial=0) > LARGEST for c in constants):
            return False
        if node.op in WEIGHTED and (weights := node.constant(1)) is not None:
            return _is_half(weights)
        return node.op in _BETWEEN | {*WEIGHTED} and any(
            self._is_half(value) for value in self._floats(node)
        )

    def _is_half(self, value: Value) -> bool:
        return value.type == FLOAT16 or (
            self._graph.is_output(value) and (value, FLOAT16) in self._others
        )

    def _floats(self, node: Node) -> list[Value]:
        """Return the inputs whose type may be chosen."""
        fixed = _ALWAYS_FLOAT32.get(node.op, ())
        return [
            value
            for index, value in enumerate(node.inputs)
            if value is not None and index not in fixed and value.type in (FLOAT16, FLOAT32)
        ]

    def _halve(self, node: Node) -> None:
        self._retype(node, FLOAT16)
        outputs = []
        for value in node.outputs:
            if value.type != FLOAT32:
                outputs.append(value)
            elif self._graph.is_output(value):
                outputs.append(Value(f"{value.name}/half", value.shape, FLOAT16))
                self._others[value, FLOAT16] = outputs[-1]
            else:
                value.type = FLOAT16
                outputs.append(value)
        made = zip(node.outputs, outputs, strict=True)
        whole = [(half, value) for value, half in made if half is not value]
        node.outputs = outputs
        for half, value in whole:
            self._graph.insert_after(node, _cast(half, value))

    def _retype(self, node: Node, type_: ElementType) -> None:
        """Let a node read its floats in a type."""
        chosen = self._floats(node)
        node.inputs = [
            self._in_type(value, type_, node) if value in chosen else value
            for value in node.inputs
        ]

    def _in_type(self, value: Value, type_: ElementType, reader: Node) -> Value:
        if value.type == type_:
            return value
        if (value, type_) not in self._others:
            other = Value(f"{value.name}/{type_}", value.shape, type_)
            self._others[value, type_] = other
            if value.constant is not None:
                limited = np.clip(value.constant, -LARGEST, LARGEST)  # bounds may be infinite
                other.constant = limited.astype(type_.numpy)
            else:
                self._graph.insert_before(reader, _cast(value, other))
        return self._others[value, type_]


def _cast(source: Value, result: Value) -> Node:
    return Node("Cast", f"{result.name}/cast", [source], [result], {"to": result.type.number})
