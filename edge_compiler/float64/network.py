"""Parts of a model in float64, between tensors that are known and one that is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edge_compiler import frontend
from edge_compiler.description.metadata import float16_layers
from edge_compiler.float64.bfloat16 import round_operands, round_points
from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.float16 import round_sums
from edge_compiler.float64.half_points import round_half_points
from edge_compiler.float64.rules import apply
from edge_compiler.ir.graph import Node, Value
from edge_compiler.passes.constants import fold_constants


class Network:
    """
    The nodes of a model as its file says, before any pass but the computation of constants.

    :ivar order: the tensors that can be asked for, and when each is computed.
    """

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._rounding: Mapping[str, str] = MappingProxyType({})
        graph = frontend.load(path, shapes)
        fold_constants.run(graph)
        self._exponents = float16_layers(graph.metadata)
        self._producers: dict[str, Node] = {
            value.name: node for node in graph.nodes for value in node.outputs
        }
        self.order = {name: index for index, name in enumerate(self._producers)}

    def rounded(self, rounding: Mapping[str, str]) -> Network:
        """
        Return the same nodes, some of which round what they multiply.

        :param rounding: what is rounded to 16 bits, by the node's name.
        """
        network = copy(self)
        network._rounding = rounding
        return network

    def sources(self, name: str, known: Collection[str]) -> set[str]:
        """Return the tensors out of ``known`` from which the tensor ``name`` is computed."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for value in self._inputs(waiting.pop()):
                if value.name in seen:
                    continue
                seen.add(value.name)
                if value.name in known:
                    found.add(value.name)
                elif value.constant is None:
                    waiting.append(value.name)
        return found

    def evaluate(self, name: str, known: Mapping[str, Array], *, coarse: bool = False) -> Exact:
        """
        Compute a tensor from ``known`` ones, which must hold all inputs of the model.

        :param coarse: functions of a bounded range are exact to a rounding of that range only.
        """
        results: dict[str, Exact] = {}
        waiting = [name]
        while waiting:
            node = self._producers[waiting[-1]]
            values = [value for value in node.inputs if value is not None]
            for value in values:
                if value.constant is not None:
                    results.setdefault(value.name, Exact.of(value.constant))
                elif value.name in known:
                    array = np.asarray(known[value.name]).reshape(value.shape)
                    results.setdefault(value.name, Exact.of(array))
            missing = [value.name for value in values if value.name not in results]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            inputs = [None if value is None else results[value.name] for value in node.inputs]
            outputs = apply(node, round_operands(node, inputs, self._rounding), coarse)
            outputs[0] = round_points(node, inputs, outputs[0], self._rounding)
            for rounded in (round_sums, round_half_points):
                outputs[0] = rounded(node, inputs, outputs[0], self._rounding, self._exponents)
            results.update(zip((value.name for value in node.outputs), outputs, strict=False))
        return results[name]

    def _inputs(self, name: str) -> list[Value]:
        return [value for value in self._producers[name].inputs if value is not None]
