"""A graph as an ONNX model, so that it can be checked or run elsewhere after any pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge_compiler.ir.graph import Activation, Graph, Node, OPSET, Value
from edge_compiler.ir.proto import node_proto
from edge_compiler.ops.activations import activation_of, FUNCTIONS
from edge_perception.runtime.dtypes import ElementType

IR_VERSION = 11
"""What opset OPSET was published with."""


def export(graph: Graph) -> onnx.ModelProto:
    """
    Return an ONNX model that computes the same.

    Values keep their names. What goes beyond ONNX (fused activations and residuals, internal
    operators) becomes nodes of ONNX, whose tensors are called after the node's output.
    """
    writer = _Writer()
    for value in graph.constants():
        assert value.constant is not None
        writer.constant(value.name, value.constant)
    for node in graph.nodes:
        writer.node(node)
    proto = helper.make_graph(
        writer.nodes,
        graph.name or "graph",
        [_info(value) for value in graph.inputs],
        [_info(value) for value in graph.outputs],
        writer.constants,
    )
    return helper.make_model(
        proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


def _info(value: Value) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(value.name, value.type.number, value.shape)


class _Writer:
    """Collects the nodes and constants of the model."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._taken: set[str] = set()

    def constant(self, name: str, array: np.ndarray[Any, Any]) -> str:
        """Add an initializer and return its name: of an exported file, it may be taken."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        """Add a node, named after its output."""
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))

    def node(self, node: Node) -> None:
        """Add the nodes that compute what ``node`` does: operator, residual, activation."""
        residual, activation = node.fused.residual, node.fused.activation
        result = node.output.name
        summed = f"{result}/summed" if activation else result
        computed = f"{result}/computed" if residual else summed
        self._operator(node, computed)
        if residual:
            self.add("Add", [computed, residual.name], [summed])
        if activation:
            self._activation(activation, summed, result, node.output.type)

    def _operator(self, node: Node, result: str) -> None:
        """Add the operator itself, without what is fused into it."""
        if node.op == "ChannelAffine":
            self._channel_affine(node, result)
        elif node.op == "ChannelShuffle":
            self._channel_shuffle(node, result)
        elif node.op == "MatMul" and len(node.inputs) > 2:
            left, right, bias = (node.input(index).name for index in range(3))
            self.add("MatMul", [left, right], [f"{result}/product"])
            self.add("Add", [f"{result}/product", bias], [result])
        elif (activation := activation_of(node)) is not None:
            self._activation(activation, node.input(0).name, result, node.output.type)
        else:
            proto = node_proto(node)
            proto.output[0] = result
            self.nodes.append(proto)

    def _channel_affine(self, node: Node, result: str) -> None:
        shape = (-1,) + (1,) * (len(node.output.shape) - 2)
        column = self.constant(f"{result}/column", np.array(shape))
        for index, name in ((1, "factor"), (2, "term")):
            self.add("Reshape", [node.input(index).name, column], [f"{result}/{name}"])
        self.add("Mul", [node.input(0).name, f"{result}/factor"], [f"{result}/scaled"])
        self.add("Add", [f"{result}/scaled", f"{result}/term"], [result])

    def _channel_shuffle(self, node: Node, result: str) -> None:
        batch, channels, height, width = node.output.shape
        groups = node.attributes["groups"]
        members = channels // groups
        split = np.array([batch, groups, members, height, width])
        split_name = self.constant(f"{result}/split", split)
        joined_name = self.constant(f"{result}/joined", np.array(node.output.shape))
        grouped, swapped = f"{result}/grouped", f"{result}/swapped"
        self.add("Reshape", [node.input(0).name, split_name], [grouped])
        self.add("Transpose", [grouped], [swapped], perm=[0, 2, 1, 3, 4])
        self.add("Reshape", [swapped, joined_name], [result])

    def _activation(
        self, activation: Activation, source: str, result: str, type_: ElementType
    ) -> None:
        """Add an activation of its own."""
        function = FUNCTIONS[activation.op]
        if function.steps:
            values = [source]
            for op, operands in function.steps:
                values.append(f"{result}/{op.lower()}" if op != function.steps[-1][0] else result)
                self.add(op, [values[index] for index in operands], [values[-1]])
        elif function.bounds:
            bounds = [
                self.constant(f"{result}/{side}", np.array(bound, type_.numpy))
                if abs(bound)
                < float(np.finfo(type_.numpy).max)  # which is what is meant without one
                else ""
                for side, bound in zip(("low", "high"), activation.parameters, strict=True)
            ]
            self.add(function.op, [source, *bounds], [result])
        else:
            given = dict(zip(function.attributes, activation.parameters, strict=True))
            self.add(function.op, [source], [result], **function.form, **given)
