"""Writes LiteRT's format, .tflite, an operator at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema
import flatbuffers
import numpy as np
from numpy.typing import NDArray

VERSION = 3
TYPES = {
    np.dtype(np.bool_): schema.TensorType.BOOL,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.uint8): schema.TensorType.UINT8,
}
_LATER_VERSIONS = {schema.BuiltinOperator.BROADCAST_TO: 2}
"""Of operators whose first version no reader knows."""


@dataclass(frozen=True)
class Quantised:
    """
    How integers stand for numbers: ``(integer - zero) * scale``.

    :ivar scales: one, or one for each index along the axis.
    """

    scales: Sequence[float]
    zeros: Sequence[int]
    axis: int = 0


class Writer:
    """A model in the making; tensors are known by their index."""

    def __init__(self) -> None:
        self._buffers = [schema.BufferT()]  # the first one means: no data
        self._codes: list[int] = []
        self._graph = schema.SubGraphT()
        self._graph.tensors = []
        self._graph.operators = []

    def tensor(
        self,
        shape: Sequence[int],
        dtype: Any = np.float32,
        quantised: Quantised | None = None,
        buffer: int = 0,
    ) -> int:
        """Add a tensor and return its index."""
        tensor = schema.TensorT()
        tensor.shape, tensor.buffer, tensor.type = list(shape), buffer, TYPES[np.dtype(dtype)]
        tensor.name = f"tensor{len(self._graph.tensors)}"
        if quantised is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = list(quantised.scales)
            tensor.quantization.zeroPoint = list(quantised.zeros)
            tensor.quantization.quantizedDimension = quantised.axis
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, array: NDArray[Any], quantised: Quantised | None = None) -> int:
        """Add a constant and return its index."""
        buffer = schema.BufferT()
        buffer.data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self._buffers.append(buffer)
        return self.tensor(array.shape, array.dtype, quantised, len(self._buffers) - 1)

    def integers(self, *values: int) -> int:
        """Add a constant vector of integers and return its index."""
        return self.constant(np.asarray(values, np.int32))

    def operator(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None
    ) -> None:
        """
        Append an operator.

        :param name: of ``BuiltinOperator``.
        :param options: its options' object, where it has any that matter.
        """
        code = getattr(schema.BuiltinOperator, name)
        if code not in self._codes:
            self._codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.index(code)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self._graph.operators.append(operator)

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """Return the file's content."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = VERSION, [self._graph], self._buffers
        model.operatorCodes = []
        for number in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.version = number, _LATER_VERSIONS.get(number, 1)
            # readers of old files look here
            code.deprecatedBuiltinCode = min(number, 127)
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
