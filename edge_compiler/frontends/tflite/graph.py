"""The graph of a TensorFlow Lite file in the making, as ONNX nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import helper

from edge_compiler.frontends.tflite.constants import Constants, QUANTISED
from edge_compiler.frontends.tflite.file import File
from edge_compiler.frontends.tflite.operator import Tensor, UnsupportedError
from edge_compiler.frontends.tflite.order import IMAGE, Order, ordered, plain, Value

OPSET = 20
_ACTIVATIONS: dict[int, tuple[str, Sequence[float]]] = {
    1: ("Relu", ()),
    2: ("Clip", (-1, 1)),
    3: ("Clip", (0, 6)),
}


class Graph(Constants):
    """
    A graph in the making.

    Images have their channels last in the file, and first in what ONNX computes of them. That is
    only remembered for each tensor, and a Transpose written where an operator needs another order.

    A tensor of quantised integers is computed as numbers, and made integers by QuantizeLinear;
    what reads it reads the numbers that DequantizeLinear makes of them.
    """

    def __init__(self, file: File, size: int, channels_first: bool) -> None:
        """
        Begin with the inputs.

        :param size: of the file, in bytes.
        :param channels_first: whether inputs and outputs of four axes have their channels first,
            too, instead of being as in the file.
        """
        super().__init__(file, size)
        self._file = file
        self._outer = IMAGE if channels_first else plain(4)
        self._numbers: dict[Tensor, Value] = {}  # as numbers
        self._stored: dict[Tensor, Value] = {}  # as the file stores it
        self._turned: dict[tuple[str, Order], str] = {}
        self._parameters: dict[Tensor, list[str]] = {}
        self._of_integers: dict[str, str] = {}
        for tensor in file.inputs:
            self._put(tensor, Value(tensor.name, self._order_outside(tensor)))

    def finish(self) -> onnx.ModelProto:
        """Return the model, when all its operators have been added."""
        outputs = [self._info(tensor) for tensor in self._file.outputs]
        for tensor in self._file.outputs:
            self._name_output(tensor)
        inputs = [self._info(tensor) for tensor in self._file.inputs]
        return self.model("tflite", inputs, outputs, OPSET)

    # what an operator reads

    def order(self, tensor: Tensor) -> Order:
        """Return how the axes of a tensor lie; those of a constant lie as in the file."""
        return plain(tensor.rank) if tensor.constant is not None else self._value(tensor).order

    def read(self, tensor: Tensor, order: Order | None = None) -> str:
        """Return a tensor's numbers with their axes in an order, by default that of the file."""
        order = plain(tensor.rank) if order is None else order
        if tensor.constant is not None:
            return self.known(tensor, order)
        value = self._value(tensor)
        if tensor.quantisation is None or value.order == order:
            return self._in_order(value, order)
        return self._dequantised(tensor, self._in_order(self._stored[tensor], order))

    def aligned(self, tensors: Sequence[Tensor], rank: int) -> tuple[list[str], Order]:
        """Return tensors that are broadcast to one of a rank, and the order that they share."""
        orders = [self.order(one) for one in tensors if one.constant is None and one.rank == rank]
        order = next((one for one in orders if one != plain(rank)), plain(rank))
        return [self._broadcast(one, order) for one in tensors], order

    # what it computes

    def step(self, output: Tensor, op: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node on the way to an output."""
        return self.add(op, inputs, self.fresh(f"{output.name}/{op}"), **attributes)

    def result(
        self,
        output: Tensor,
        op: str,
        inputs: list[str],
        order: Order | None = None,
        activation: int = 0,
        **attributes: Any,
    ) -> None:
        """
        Add the node that computes an output.

        :param order: how the output's axes lie then.
        :param activation: the number of a function that is applied to it.
        """
        order = plain(output.rank) if order is None else order
        if activation:
            if activation not in _ACTIVATIONS:
                raise UnsupportedError(f"its activation {activation} is not supported")
            x = self.step(output, op, inputs, **attributes)
            op, limits = _ACTIVATIONS[activation]
            inputs = [x, *(self.given(output, np.float32(limit)) for limit in limits)]
            attributes = {}
        if output.quantisation is not None:
            self._quantise(output, Value(self.step(output, op, inputs, **attributes), order))
        else:
            self._put(output, Value(self.add(op, inputs, output.name, **attributes), order))

    def results(
        self,
        outputs: Sequence[Tensor],
        op: str,
        inputs: list[str],
        order: Order,
        **attributes: Any,
    ) -> None:
        """Add a node that computes several outputs."""
        names = [
            output.name if output.quantisation is None else self.fresh(f"{output.name}/{op}")
            for output in outputs
        ]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0], **attributes))
        for output, name in zip(outputs, names, strict=True):
            if output.quantisation is None:
                self._put(output, Value(name, order))
            else:
                self._quantise(output, Value(name, order))

    def same(self, output: Tensor, source: Tensor, order: Order | None = None) -> None:
        """
        Let an output be what another tensor is.

        :param order: how the axes of the output lie, if they are others than the source's.
        """
        value = self._value(source)
        if order is not None:
            value = replace(value, order=order)
        if output.quantisation == source.quantisation:
            stored = replace(self._stored[source], order=value.order)
            self._numbers[output], self._stored[output] = value, stored
        elif output.quantisation is None:
            self._numbers[output] = self._stored[output] = value
        else:
            self._quantise(output, value)

    def between(self, output: Tensor, shape: Sequence[int]) -> Tensor:
        """Return a tensor of another shape that is an output but for that."""
        name = self.fresh(f"{output.name}/inside")
        return replace(output, name=name, shape=tuple(shape), constant=None)

    def _value(self, tensor: Tensor) -> Value:
        if tensor.constant is not None and tensor not in self._numbers:
            order = plain(tensor.rank)
            self._numbers[tensor] = Value(self.known(tensor, order), order)
            self._stored[tensor] = Value(self.weights(tensor, order), order)
        if tensor not in self._numbers:
            raise ValueError(f"nothing computes the tensor '{tensor.name}' before it is read")
        return self._numbers[tensor]

    def _put(self, tensor: Tensor, value: Value) -> None:
        """Record a tensor that was computed or given."""
        if tensor in self._stored:
            raise ValueError(f"the tensor '{tensor.name}' is computed twice")
        if tensor.rank != len(value.order):
            raise ValueError(f"the tensor '{tensor.name}' has {tensor.rank} axes")
        if tensor.type is None or (tensor.type not in QUANTISED and tensor.quantisation):
            raise UnsupportedError(
                f"the tensor '{tensor.name}' has elements of a type that is not supported: "
                "convert the model with numbers of float32, or integers of 8 bits"
            )
        self._stored[tensor] = self._numbers[tensor] = value
        if tensor.quantisation is not None:
            self._numbers[tensor] = replace(value, name=self._dequantised(tensor, value.name))

    def _quantise(self, output: Tensor, value: Value) -> None:
        """Make integers of numbers, as the file stores an output."""
        self.add("QuantizeLinear", [value.name, *self._scale(output)], output.name)
        self._put(output, replace(value, name=output.name))

    def _dequantised(self, tensor: Tensor, integers: str) -> str:
        """Return the numbers that the integers of a tensor stand for, in any order."""
        if integers not in self._of_integers:
            name = self.fresh(f"{integers}/numbers")
            self.add("DequantizeLinear", [integers, *self._scale(tensor)], name)
            self._of_integers[integers] = name
        return self._of_integers[integers]

    def _scale(self, tensor: Tensor) -> list[str]:
        """Return scale and zero of a tensor that is computed."""
        if tensor not in self._parameters:
            known = tensor.quantisation
            assert known is not None
            if len(known.scales) > 1:
                raise UnsupportedError("it has a scale for each channel, as only weights may have")
            self._parameters[tensor] = [
                self.given(tensor, known.scales[0]),
                self.given(tensor, known.zeros[0], tensor.type),
            ]
        return self._parameters[tensor]

    def _in_order(self, value: Value, order: Order) -> str:
        if value.order == order:
            return value.name
        if (value.name, order) not in self._turned:
            perm = ordered(value.order, order)
            name = self.fresh(f"{value.name}/{''.join(map(str, perm))}")
            self._turned[value.name, order] = self.add("Transpose", [value.name], name, perm=perm)
        return self._turned[value.name, order]

    def _broadcast(self, tensor: Tensor, order: Order) -> str:
        """Return a tensor with as many axes as an order has, those that it lacks being 1."""
        missing = len(order) - tensor.rank
        if missing < 0:
            raise ValueError(f"the tensor '{tensor.name}' has too many axes")
        if order == plain(len(order)):
            return self.read(tensor)
        if not missing:
            return self.read(tensor, order)
        shape = (1,) * missing + tensor.shape
        whole = replace(tensor, name=self.fresh(f"{tensor.name}/whole"), shape=shape)
        if tensor.constant is not None:
            whole.constant = tensor.constant.reshape(shape)
            if tensor.quantisation is not None:
                moved = tensor.quantisation.axis + missing
                whole.quantisation = replace(tensor.quantisation, axis=moved)
            return self.read(whole, order)
        name = self.step(whole, "Reshape", [self.read(tensor), self.given(whole, shape)])
        return self._in_order(Value(name, plain(len(shape))), order)

    def _name_output(self, tensor: Tensor) -> None:
        """Let an output have its name, and its axes in the order of the file."""
        if tensor in self._file.inputs:
            raise UnsupportedError(f"'{tensor.name}' is an input and an output: remove the output")
        self._value(tensor)
        stored, wanted = self._stored[tensor], self._order_outside(tensor)
        if stored.name == tensor.name:
            if stored.order == wanted:
                return
            stored = replace(stored, name=self.fresh(f"{tensor.name}/inside"))
            for node in self.nodes:
                node.name = stored.name if node.name == tensor.name else node.name
                for names in (node.input, node.output):
                    for index in (i for i, name in enumerate(names) if name == tensor.name):
                        names[index] = stored.name
        perm = ordered(stored.order, wanted)
        if stored.order == wanted:
            self.add("Identity", [stored.name], tensor.name)
        else:
            self.add("Transpose", [stored.name], tensor.name, perm=perm)

    def _order_outside(self, tensor: Tensor) -> Order:
        return self._outer if tensor.rank == 4 else plain(tensor.rank)

    def _info(self, tensor: Tensor) -> onnx.ValueInfoProto:
        type_ = np.dtype(np.float32 if tensor.type in (None, np.float16) else tensor.type)
        shape = ordered(tensor.shape, self._order_outside(tensor))
        return helper.make_tensor_value_info(
            tensor.name, helper.np_dtype_to_tensor_dtype(type_), shape
        )
