"""Collects the nodes that one node is written as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError
from edge_compiler.frontend.inner_graphs import make_node
from edge_compiler.frontend.scope import Scope
from edge_compiler.ir.graph import Value


class Writer:
    """
    The nodes in place of one, whose inputs they read.

    :ivar inputs: of that node, by name; "" if one is left out.
    :ivar outputs: how many it has.
    :ivar attributes: of that node.
    """

    def __init__(self, node: onnx.NodeProto, scope: Scope) -> None:
        """Begin with no nodes."""
        self.name, self.op, self.inputs = node.name, node.op_type, list(node.input)
        self.outputs = len(node.output)
        self.attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self.nodes: list[onnx.NodeProto] = []
        self._scope = scope

    @property
    def values(self) -> list[Value]:
        """What is known of the inputs that are there."""
        return [self.of(name) for name in self.inputs if name]

    def value(self, index: int) -> Value:
        """Return what is known of an input that is there."""
        return self.of(self.inputs[index])

    def of(self, name: str) -> Value:
        """Return what is known of a tensor."""
        return self._scope.values[name]

    def known(self, index: int) -> np.ndarray[Any, Any]:
        """
        Return the content of an input.

        :raises CompileError: if it is known only while the model runs.
        """
        value = self.value(index)
        content = self._scope.known.get(value.name, value.constant)
        if content is None:
            raise CompileError(
                f"node '{self.name}' ({self.op}) reads '{value.name}', which must be a constant: "
                "export the model with it inside"
            )
        return content

    def is_fixed(self, first: int) -> bool:
        """Return whether no input of the model decides on the node's inputs from this one on."""
        return all(name in self._scope.fixed for name in self.inputs[first:] if name)

    def is_padded_explicitly(self) -> bool:
        """Return whether the padding of a window is that of the attribute ``pads``."""
        return self.attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return what its output is called."""
        return self.add_as(f"{self.name}:{len(self.nodes)}", op, *inputs, **attributes)

    def add_as(self, output: str, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node whose output has a name."""
        self.nodes.append(make_node(op, list(inputs), output, **attributes))
        return output

    def integers(self, numbers: Sequence[int]) -> str:
        """Add a constant of shapes, axes or indices."""
        return self.constant(np.array(numbers, np.int64))

    def constant(self, array: ArrayLike) -> str:
        """Add a constant."""
        tensor = numpy_helper.from_array(np.asarray(array))
        return self.add("Constant", value=tensor)
