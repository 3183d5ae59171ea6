"""What a TensorFlow Lite file holds from the beginning, as constants of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_compiler.builder import Array, Builder
from edge_compiler.frontends.tflite.file import File
from edge_compiler.frontends.tflite.operator import Quantisation, Tensor, UnsupportedError
from edge_compiler.frontends.tflite.order import Order

QUANTISED = (np.int8, np.uint8)
_MOST_GROWTH = 16
"""Times the size of its file that an ONNX model's constants have."""


class Constants(Builder):
    """A graph with the constants of a file, each added once in the order in which it is read."""

    def __init__(self, file: File, size: int) -> None:
        """
        Begin without any.

        :param size: of the file, in bytes.
        """
        super().__init__()
        self._left = _MOST_GROWTH * size
        self._names = {tensor.name for tensor in file.tensors}
        self._constants: dict[tuple[Tensor, Order], str] = {}

    def given(self, output: Tensor, numbers: Any, type_: Any = None) -> str:
        """Add a constant on the way to an output: integers are int64, others float32."""
        array = np.asarray(numbers)
        if type_ is None:
            type_ = np.int64 if array.dtype.kind in "iu" or not array.size else np.float32
        return self.constant(self.fresh(f"{output.name}/constant"), array.astype(type_))

    def constant(self, name: str, array: Array) -> str:
        """
        Add weights.

        :raises ValueError: if they are too many for a file of this size.
        """
        self._left -= array.nbytes
        if self._left < 0 and array.nbytes > 4096:
            raise ValueError(f"its constants are more than {_MOST_GROWTH} times its size")
        return super().constant(name, array)

    def known(self, tensor: Tensor, order: Order) -> str:
        """Return the numbers of a constant."""
        known = tensor.quantisation
        if (tensor, order) not in self._constants:
            name = self.weights(tensor, order)
            if known is not None:
                name = self._dequantise(name, tensor, known, order)
            self._constants[tensor, order] = name
        return self._constants[tensor, order]

    def weights(self, tensor: Tensor, order: Order) -> str:
        """Add a constant as the file stores it; float16 is float32 here."""
        assert tensor.constant is not None
        array = tensor.constant.transpose(np.argsort(order))
        type_ = np.float32 if tensor.type == np.float16 else tensor.type
        return self.constant(self.fresh(f"{tensor.name}/weights"), array.astype(type_))

    def _dequantise(self, name: str, tensor: Tensor, known: Quantisation, order: Order) -> str:
        if tensor.type not in (*QUANTISED, np.int32):
            raise UnsupportedError(
                f"the weights '{tensor.name}' are quantised to other integers than those of 8 "
                "bits: convert the model with weights of float32 or int8"
            )
        many = len(known.scales) > 1
        scales, zeros = (part if many else part[0] for part in (known.scales, known.zeros))
        inputs = [name, self.given(tensor, scales, np.float32)]
        if tensor.type != np.int32:
            inputs.append(self.given(tensor, zeros, tensor.type))
        elif known.zeros.any():
            raise ValueError(f"the zero of '{tensor.name}' is not 0")
        axis = {"axis": order[known.axis]} if many else {}
        return self.add("DequantizeLinear", inputs, self.fresh(f"{tensor.name}/numbers"), **axis)

    def fresh(self, name: str) -> str:
        """Return a name that nothing has yet."""
        number, free = 1, name
        while free in self._names:
            number += 1
            free = f"{name}:{number}"
        self._names.add(free)
        return free
