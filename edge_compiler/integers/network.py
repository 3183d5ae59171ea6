"""The steps of a library that compute in integers, and what they must yield, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_compiler import frontend, passes
from edge_compiler.integers.evaluate import evaluate, RULES
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ir.quantised import Array
from edge_perception.runtime.selftest import digest_of

_SETTLED = (
    *("Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Pad"),
    *("Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"),
    *("DequantizeLinear", "QuantizeLinear", *RULES),
)
"""Operators that move, and those that round each number once at most."""


class Integers:
    """
    The nodes of a model that compute in integers, as the library has them.

    :param path: of the file.
    :param shapes: of the inputs that the model was compiled for.
    """

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
        graph = frontend.load(path, shapes)
        passes.optimise(graph)
        self._producers: dict[str, Node] = {
            value.name: node for node in graph.nodes for value in node.outputs
        }
        self._known: dict[str, tuple[str, Array]] = {}
        self._settled = _settled(graph)

    def defines(self, name: str) -> bool:
        """Return whether a tensor is computed in integers."""
        return name in self._producers and self._producers[name].op in RULES

    def settles(self, name: str) -> bool:
        """Return whether a tensor follows from the inputs in quantised integers alone."""
        return name in self._settled

    def of(self, name: str, values: Mapping[str, Array]) -> Array:
        """
        Return what a tensor that is computed in integers must be.

        :param values: of the library, by name, inputs of the model included.
        """
        node = self._producers[name]
        computed = (value for value in node.inputs if value is not None and value.constant is None)
        digest = "".join(digest_of(self._value(value.name, values)) for value in computed)
        known = self._known.get(name)
        if known is None or known[0] != digest:
            known = self._known[name] = digest, self._evaluate(node, values)
        return known[1]

    def _evaluate(self, node: Node, values: Mapping[str, Array]) -> Array:
        inputs = [
            None
            if value is None
            else self._value(value.name, values).reshape(value.shape)
            if value.constant is None
            else value.constant
            for value in node.inputs
        ]
        return evaluate(node, inputs)

    def _value(self, name: str, values: Mapping[str, Array]) -> Array:
        """Return a value of the library, or what follows from its values."""
        if name in values:
            return values[name]
        if self.defines(name):
            return self.of(name, values)
        return self._evaluate(self._producers[name], values)


def _settled(graph: Graph) -> set[str]:
    """Return the tensors that follow from inputs by operators that settle every byte."""
    settled = {value.name for value in graph.inputs}
    settled |= {value.name for value in graph.constants()}
    for node in graph.nodes:
        known = (value is None or value.name in settled for value in node.inputs)
        if node.op in _SETTLED and all(known):
            settled |= {value.name for value in node.outputs}
    return settled
