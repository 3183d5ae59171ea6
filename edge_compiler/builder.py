"""Writing ONNX graphs node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 13
Array = np.ndarray[Any, Any]


class Builder:
    """Appends nodes; each method returns the name of the tensor that its last node computes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, array: Array) -> str:
        """Add weights."""
        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, op: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node, which is called as what it computes."""
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def reshape(self, x: str, name: str, *shape: int) -> str:
        """Give a tensor another shape."""
        return self.add("Reshape", [x, self.constant(f"{name}/shape", np.array(shape))], name)

    def model(
        self,
        name: str,
        inputs: list[onnx.ValueInfoProto],
        outputs: list[onnx.ValueInfoProto],
        opset: int = OPSET,
    ) -> onnx.ModelProto:
        """Return the model."""
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.initializers)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", opset)],
            ir_version=8,  # that of opset 13's time: old runtimes read it too
            producer_name="edge_compiler",
        )
