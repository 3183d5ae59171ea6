"""The steps of a library that compute in integers, and what they must yield, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
from pathlib import Path

import numpy as np

from edge_compiler import frontend, passes
from edge_compiler.integers.evaluate import evaluate, RULES
from edge_compiler.ir.graph import Node
from edge_compiler.ir.quantised import Array


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
        self._known: dict[str, tuple[bytes, Array]] = {}

    def defines(self, name: str) -> bool:
        """Return whether a tensor is computed in integers."""
        return name in self._producers and self._producers[name].op in RULES

    def of(self, name: str, values: Mapping[str, Array]) -> Array:
        """
        Return what a tensor that is computed in integers must be.

        :param values: of the library, by name, inputs of the model included.
        """
        node = self._producers[name]
        computed = (value for value in node.inputs if value is not None and value.constant is None)
        digest = b"".join(_digest(self._value(value.name, values)) for value in computed)
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
        """Return a value of the library, or what moves out of its values."""
        return values[name] if name in values else self._evaluate(self._producers[name], values)


def _digest(array: Array) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(array).data.cast("B")).digest()
