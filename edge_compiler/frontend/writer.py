"""Collects the nodes that one node is written as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError
from edge_compiler.frontend.attributes import stated
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
        self.name, self.op = node.name, node.op_type
        self.inputs: list[str] = list(node.input)
        self.outputs = len(node.output)
        self.attributes = stated(node)
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
        content = self.content(index)
        if content is None:
            raise CompileError(
                f"node '{self.name}' ({self.op}) reads '{self.inputs[index]}', which must be a "
                "constant: export the model with it inside"
            )
        return content

    def content(self, index: int) -> np.ndarray[Any, Any] | None:
        """Return the content of an input; None if it is not known yet."""
        value = self.value(index)
        return self._scope.known.get(value.name, value.constant)

    def is_fixed(self, *indices: int) -> bool:
        """Return whether no input of the model decides on these inputs of the node."""
        names = (self.inputs[index] for index in indices if index < len(self.inputs))
        return all(name in self._scope.fixed for name in names if name)

    def is_padded_explicitly(self) -> bool:
        """Return whether the padding of a window is that of the attribute ``pads``."""
        return self.attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return what its output is called."""
        return self.add_as(f"{self.name}:{len(self.nodes)}", op, *inputs, **attributes)

    def add_all(self, op: str, *inputs: str, outputs: int) -> list[str]:
        """Add a node with several outputs; return what they are called."""
        names = [f"{self.name}:{len(self.nodes)}:{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0]))
        return names

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
