"""
A graph in which integers are computed, written as onnxruntime.quantization writes it.

Each integer tensor stands between a QuantizeLinear and a DequantizeLinear, and each layer reads
its weights and bias through a DequantizeLinear. So the graph is a float model that every engine
can run, and that says at the same time what is to be computed in integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.dtype import of_array, Quantisation
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.precision.assign import (
    activations,
    Assignment,
    channel_axis,
    cuts_off,
    Role,
    ROLES,
)
from edge_compiler.precision.bias import Errors
from edge_compiler.precision.scales import (
    activation_scale,
    LARGEST_WEIGHT,
    quantise_array,
    quantise_weights,
)
from edge_compiler.precision.share import Ranges, shared_ranges
from edge_perception.runtime.dtypes import FLOAT32, UINT8

Array = np.ndarray[Any, Any]
_INTEGERS, _FLOATS = "QuantizeLinear", "DequantizeLinear"


def quantise(
    graph: Graph,
    ranges: Ranges,
    assignment: Assignment,
    errors: Errors = MappingProxyType({}),
    largest: int = LARGEST_WEIGHT,
) -> Graph:
    """
    Return a graph in which the assigned nodes compute in integers.

    :param graph: before anything was fused into its nodes; it is not changed.
    :param errors: that biases take back, see `bias_errors`.
    :param largest: of the weights' integers, as for `bias_errors`.
    """
    return _Quantiser(graph, ranges, assignment, errors, largest).run()


class _Quantiser:
    """
    Writes the nodes of a graph once more.

    What only limits the numbers of a layer is left out if their range does the same.
    """

    def __init__(
        self,
        graph: Graph,
        ranges: Ranges,
        assignment: Assignment,
        errors: Errors,
        largest: int,
    ) -> None:
        self._graph, self._integer, self._errors = graph, assignment.integer, errors
        self._largest = largest
        self._ranges = shared_ranges(graph, ranges, self._integer)
        self._nodes: list[Node] = []
        self._scales: dict[Value, Quantisation] = {}
        self._read: dict[Value, Value] = {}
        limited = {node: cuts_off(graph, node) for node in graph.nodes if node in self._integer}
        self._limits = {
            before: node
            for node, before in limited.items()
            if before is not None and before in self._integer
        }
        self._joined = frozenset(self._limits.values())

    def run(self) -> Graph:
        """Return the new graph."""
        graph = self._graph
        for value in graph.inputs:
            self._quantise(value, value)
        for node in graph.nodes:
            if node not in self._joined:
                self._write(node)
        return Graph(graph.name, graph.inputs, graph.outputs, self._nodes, graph.metadata)

    def _write(self, node: Node) -> None:
        last = self._limits.get(node, node)
        inputs = [None if value is None else self._input(node, value) for value in node.inputs]
        if node in self._integer and ROLES[node.op] is Role.LAYER:
            inputs[1:] = self._weights(node)
        outputs = [self._computed(value) for value in last.outputs]
        if last is node:
            self._copy(node, inputs, outputs, node.origins)
        elif self._range_limits(last):
            self._copy(node, inputs, outputs, (*node.origins, *last.origins))
        else:
            self._copy(node, inputs, node.outputs, node.origins)
            self._copy(last, last.inputs, outputs, last.origins)
        for value, computed in zip(last.outputs, outputs, strict=True):
            self._quantise(value, computed)

    def _copy(
        self,
        node: Node,
        inputs: Iterable[Value | None],
        outputs: Iterable[Value],
        origins: tuple[str, ...],
    ) -> None:
        attributes = dict(node.attributes)
        self._nodes.append(Node(node.op, node.name, inputs, outputs, attributes, origins=origins))

    def _range_limits(self, node: Node) -> bool:
        """Return whether integers stand for nothing that a node would cut off."""
        activation = ops.activation_of(node)
        assert activation is not None, "it limits"
        least, most = (0.0, np.inf) if activation.op == "Relu" else activation.pair
        low, high = self._ranges[node.output.name]
        return least <= min(low, 0.0) and max(high, 0.0) <= most

    def _input(self, node: Node, value: Value) -> Value:
        """Return what a node reads in place of one of its inputs."""
        if node not in self._integer:
            # of what is float32 in truth, a float node sees all digits
            return self._read.get(value, value) if self._from_integers(value) else value
        if value.constant is not None and ROLES[node.op] is Role.VALUES and _is_term(node):
            return self._constant(value)
        return self._read.get(value, value)

    def _from_integers(self, value: Value) -> bool:
        return self._graph.producer(value) in self._integer

    def _is_integer(self, value: Value) -> bool:
        """Return whether a tensor is written in integers: who computes or reads it wants it so."""
        if value.type != FLOAT32:
            return False
        return self._from_integers(value) or any(
            reader in self._integer and value in activations(reader)
            for reader in self._graph.consumers(value)
        )

    def _computed(self, value: Value) -> Value:
        """Return what a node computes: an output of the model is called so as integers say it."""
        if not (self._graph.is_output(value) and self._is_integer(value)):
            return value
        return Value(f"{value.name}_{_INTEGERS}_Input", value.shape)

    def _quantise(self, value: Value, computed: Value) -> None:
        """Write a tensor in integers, and read it back, if somebody wants that."""
        if not self._is_integer(value):
            return
        how = activation_scale(*self._ranges[value.name])
        integers = Value(f"{value.name}_{_INTEGERS}_Output", value.shape, UINT8)
        result = value if computed is not value else _floats(value)
        scale, zero_point = _parameters(value.name, how, np.uint8)
        self._add(_INTEGERS, value.name, [computed, scale, zero_point], integers)
        self._add(_FLOATS, value.name, [integers, scale, zero_point], result)
        self._scales[value], self._read[value] = how, result

    def _weights(self, node: Node) -> tuple[Value, ...]:
        """Return weights and bias of a layer as floats that int8 and int32 stand for."""
        weights, axis = node.input(1), channel_axis(node)
        bias = node.inputs[2] if len(node.inputs) > 2 else None
        [unit] = self._scales[node.input(0)].scale
        assert weights.constant is not None, "or it would be no weight"
        terms = None
        if bias is not None and bias.constant is not None:
            terms = bias.constant.reshape(-1) - self._errors.get(node.output.name, np.float32(0))
        small, scales, integers = quantise_weights(
            weights.constant, axis, terms, unit, self._largest
        )
        name = f"{node.output.name}/{weights.name}"
        found = [self._dequantised(name, small, scales, axis)]
        if bias is not None and integers is not None:
            name = f"{node.output.name}/{bias.name}"
            units = (np.float32(unit) * scales).astype(np.float32)
            found.append(self._dequantised(name, integers, units, None if axis is None else 0))
        return tuple(found)

    def _constant(self, value: Value) -> Value:
        """Return a constant that is added or multiplied, as uint8 says it."""
        assert value.constant is not None, "it is one"
        numbers = value.constant
        how = activation_scale(float(numbers.min(initial=0)), float(numbers.max(initial=0)))
        if value not in self._read:
            scale, zero_point = _parameters(value.name, how, np.uint8)
            integers = _new(f"{value.name}_quantized", quantise_array(numbers, how))
            self._read[value] = _floats(value)
            self._add(_FLOATS, value.name, [integers, scale, zero_point], self._read[value])
        return self._read[value]

    def _dequantised(self, name: str, integers: Array, scales: Array, axis: int | None) -> Value:
        """Add the node that makes floats of a layer's constant."""
        result = Value(f"{name}_{_FLOATS}_Output", integers.shape)
        zeros = np.zeros(scales.shape, integers.dtype)
        shape = scales.shape if axis is not None else ()
        constants = [
            _new(f"{name}_quantized", integers),
            _new(f"{name}_scale", scales.reshape(shape)),
            _new(f"{name}_zero_point", zeros.reshape(shape)),
        ]
        self._add(_FLOATS, name, constants, result, axis)
        return result

    def _add(
        self, op: str, name: str, inputs: list[Value], output: Value, axis: int | None = None
    ) -> None:
        attributes = {} if axis is None else {"axis": axis}
        self._nodes.append(Node(op, f"{name}_{op}", inputs, [output], attributes))


def _is_term(node: Node) -> bool:
    """Return whether constant inputs are numbers like the others, and not a function's bounds."""
    return node.op in ("Add", "Mul", "Concat")


def _parameters(name: str, how: Quantisation, dtype: type[np.integer[Any]]) -> tuple[Value, Value]:
    [scale], [zero_point] = how.scale, how.zero_point
    return (
        _new(f"{name}_scale", np.array(scale, np.float32)),
        _new(f"{name}_zero_point", np.array(zero_point, dtype)),
    )


def _new(name: str, array: Array) -> Value:
    return Value(name, array.shape, of_array(array), array)


def _floats(value: Value) -> Value:
    return Value(f"{value.name}_{_FLOATS}_Output", value.shape)
