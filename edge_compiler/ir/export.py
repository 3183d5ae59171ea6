"""A graph as an ONNX model, so that it can be checked or run elsewhere after any pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge_compiler.ir.graph import OPSET, Activation, Graph, Node, Value

IR_VERSION = 10
"""What opset OPSET was published with."""


def export(graph: Graph) -> onnx.ModelProto:
    """
    Return an ONNX model that computes the same.

    Values keep their names. What goes beyond ONNX (fused activations and residuals, internal
    operators) becomes nodes of ONNX, whose tensors are called after the node's output.
    """
    writer = _Writer()
    for node in graph.nodes:
        writer.node(node)
    for value in graph.constants():
        assert value.constant is not None
        writer.constant(value.name, value.constant)
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
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(value.name, kind, value.shape)


def node_proto(node: Node) -> onnx.NodeProto:
    """Return a node of an ONNX operator as it is, without what is fused into it."""
    return helper.make_node(
        node.op,
        [value.name if value is not None else "" for value in node.inputs],
        [value.name for value in node.outputs],
        name=node.name,
        **dict(_attributes(node)),
    )


class _Writer:
    """Collects the nodes and constants of the model."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, array: np.ndarray[Any, Any]) -> str:
        """Add an initializer and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        """Add a node, named after its output."""
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))

    def node(self, node: Node) -> None:
        """Add the nodes that compute what ``node`` does, stage by stage."""
        stages = ["main"]
        if node.fused.residual is not None:
            stages.append("residual")
        if node.fused.activation is not None:
            stages.append("activation")
        final = node.output.name
        for stage in stages:
            last = stage == stages[-1]
            result = final if last else f"{final}/{stage}"
            if stage == "main":
                self._main(node, result)
            elif stage == "residual":
                assert node.fused.residual is not None
                self.add("Add", [source, node.fused.residual.name], [result])
            else:
                assert node.fused.activation is not None
                self._activation(node.fused.activation, source, result)
            source = result

    def _main(self, node: Node, result: str) -> None:
        """Add the operator itself."""
        if node.op == "ChannelAffine":
            self._channel_affine(node, result)
        elif node.op == "ChannelShuffle":
            self._channel_shuffle(node, result)
        elif node.op == "SiLU":
            self._activation(Activation("SiLU"), node.input(0).name, result)
        else:
            proto = node_proto(node)
            proto.output[0] = result
            self.nodes.append(proto)

    def _channel_affine(self, node: Node, result: str) -> None:
        shape = (-1,) + (1,) * (len(node.output.shape) - 2)
        scale, shift = (node.constant(index) for index in (1, 2))
        assert scale is not None and shift is not None
        factor = self.constant(f"{result}/scale", scale.reshape(shape))
        term = self.constant(f"{result}/shift", shift.reshape(shape))
        self.add("Mul", [node.input(0).name, factor], [f"{result}/scaled"])
        self.add("Add", [f"{result}/scaled", term], [result])

    def _channel_shuffle(self, node: Node, result: str) -> None:
        batch, channels, height, width = node.output.shape
        groups = node.attributes["groups"]
        split = np.array([batch, groups, channels // groups, height, width])
        grouped, swapped = f"{result}/grouped", f"{result}/swapped"
        self.add("Reshape", [node.input(0).name, self.constant(f"{result}/split", split)], [grouped])
        self.add("Transpose", [grouped], [swapped], perm=[0, 2, 1, 3, 4])
        joined = np.array([batch, channels, height, width])
        self.add("Reshape", [swapped, self.constant(f"{result}/joined", joined)], [result])

    def _activation(self, activation: Activation, source: str, result: str) -> None:
        """Add an activation of its own."""
        if activation.op == "SiLU":
            self.add("Sigmoid", [source], [f"{result}/sigmoid"])
            self.add("Mul", [source, f"{result}/sigmoid"], [result])
        elif activation.op == "Clip":
            bounds = [
                self.constant(f"{result}/{side}", np.array(bound, np.float32))
                if np.isfinite(bound)
                else ""
                for side, bound in (("low", activation.a), ("high", activation.b))
            ]
            self.add("Clip", [source, *bounds], [result])
        elif activation.op == "LeakyRelu":
            self.add("LeakyRelu", [source], [result], alpha=activation.a)
        elif activation.op == "HardSigmoid":
            self.add("HardSigmoid", [source], [result], alpha=activation.a, beta=activation.b)
        else:
            self.add(activation.op, [source], [result])


def _attributes(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield the attributes as ONNX wants them."""
    for name, value in node.attributes.items():
        if isinstance(value, np.ndarray):
            yield name, numpy_helper.from_array(value)
        elif value != [] and name != "auto_pad":
            yield name, value
