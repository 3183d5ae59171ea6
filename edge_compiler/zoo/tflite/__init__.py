"""
TensorFlow Lite's files as ONNX: the operators that small convolutional networks have.

Images have their channels last there. Here every tensor of four dimensions has them first, and is
turned where a Reshape counts on the order of its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.errors import CompileError
from edge_compiler.zoo.builder import Array, Builder
from edge_compiler.zoo.tflite.flatbuffer import Table

_TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
_TO_ONNX, _FROM_ONNX = (0, 3, 1, 2), (0, 2, 3, 1)  # permutations of an image's axes
_SAME = 0  # a padding that keeps the size, but for the stride


@dataclass
class _Tensor:
    """
    A tensor of the file.

    :ivar shape: as in the file, channels last.
    :ivar constant: its values, if the file has them.
    """

    name: str
    shape: tuple[int, ...]
    constant: Array | None = None


@dataclass(frozen=True)
class _Operator:
    """
    An operator of the file.

    :ivar inputs: None is one that it lacks.
    :ivar options: numbers of its kind; None: all are 0.
    :ivar custom: the options of a kind that is no part of the format.
    """

    inputs: list[_Tensor | None]
    output: _Tensor
    options: Table | None
    custom: Array

    def tensor(self, index: int) -> _Tensor:
        """Return an input."""
        tensor = self.inputs[index]
        if tensor is None:
            raise ValueError(f"{self.output.name} lacks its input {index}")
        return tensor

    def constant(self, index: int) -> Array:
        """Return the values of an input that the file has."""
        array = self.tensor(index).constant
        if array is None:
            raise ValueError(f"{self.tensor(index).name} is no constant")
        return array

    def option(self, field: int, form: str = "<i") -> int:
        """Return an option by its number in the schema."""
        return 0 if self.options is None else self.options.number(field, form)


def convert(
    data: bytes, where: str, names: Mapping[str, str], logits: Collection[str] = ()
) -> onnx.ModelProto:
    """
    Return the ONNX model of a file.

    :param where: what the file is, for messages.
    :param names: of the input and those outputs that are wanted, and what the model calls them.
    :param logits: outputs, as the model calls them, that get a Sigmoid.
    :raises CompileError: if it is damaged, or has an operator that is not known here.
    """
    try:
        return _Graph(Table.root(data), names).convert(logits)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise CompileError(f"{where} has unexpected content: {error}") from error


class _Graph(Builder):
    """The first graph of a file, as ONNX nodes."""

    def __init__(self, file: Table, names: Mapping[str, str]) -> None:
        super().__init__()
        self._codes = file.tables(
            1, lambda code: (max(code.number(0, "<b"), code.number(3)), code.text(1))
        )
        buffers = file.tables(4, lambda buffer: buffer.array(0, np.uint8))
        graph = file.tables(2, lambda table: table)[0]
        self._tensors = graph.tables(0, lambda tensor: _tensor(tensor, buffers, names))
        self._operators = graph.tables(3, lambda table: table)
        (image,) = graph.array(1, np.int32).tolist()
        self._image = self._tensors[image]
        results = [self._tensors[index] for index in graph.array(2, np.int32).tolist()]
        self._results = [tensor for tensor in results if tensor.name in names.values()]

    def convert(self, logits: Collection[str]) -> onnx.ModelProto:
        """Return the model."""
        for table in self._operators:
            code = self._codes[table.number(0, "<I")]
            if code not in _OPERATORS:
                raise ValueError(f"the operator {code[1] or code[0]} is not known")
            indices = table.array(1, np.int32).tolist()
            inputs = [self._tensors[index] if index >= 0 else None for index in indices]
            output = self._tensors[table.array(2, np.int32)[0]]
            operator = _Operator(inputs, output, table.table(4), table.array(5, np.uint8))
            _OPERATORS[code](self, operator)
        for name in logits:
            self.rename(name, f"{name}/logit")
            self.add("Sigmoid", [f"{name}/logit"], name)
        return self.model("tflite", _info(self._image), [_info(one) for one in self._results])

    def rename(self, name: str, to: str) -> None:
        """Call otherwise what a node computes and no node reads."""
        for node in self.nodes:
            if node.output[0] == name:
                node.output[0] = node.name = to

    def finish(self, x: str, output: _Tensor, activation: int = 0) -> None:
        """Apply a fused activation, and call what comes out as the output."""
        if activation == 0:
            self.nodes[-1].output[0] = self.nodes[-1].name = output.name
        elif activation == 1:
            self.add("Relu", [x], output.name)
        elif activation == 3:
            limits = [self.constant(f"{output.name}/{n}", np.float32(n)) for n in (0, 6)]
            self.add("Clip", [x, *limits], output.name)
        else:
            raise ValueError(f"the activation {activation} of {output.name} is not known")

    def read(self, tensor: _Tensor) -> str:
        """Return the name of a tensor, and add it if it is a constant."""
        array = tensor.constant
        if array is None:
            return tensor.name
        return self.constant(tensor.name, array.transpose(_TO_ONNX) if array.ndim == 4 else array)


def _tensor(table: Table, buffers: list[Array], names: Mapping[str, str]) -> _Tensor:
    shape = tuple(table.array(0, np.int32).tolist())
    name = table.text(3)
    data = buffers[table.number(2, "<I")]
    constant = None
    if len(data):
        constant = data.view(_TYPES[table.number(1, "<b")]).reshape(shape)
    return _Tensor(names.get(name, name), shape, constant)


def _info(tensor: _Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, _onnx_shape(tensor))


def _onnx_shape(tensor: _Tensor) -> tuple[int, ...]:
    shape = tensor.shape
    return tuple(shape[axis] for axis in _TO_ONNX) if len(shape) == 4 else shape


def _pads(
    size: tuple[int, ...], kernel: tuple[int, ...], strides: list[int], dilations: list[int]
) -> list[int]:
    """Return the padding that keeps a size but for the stride; the odd one is at the end."""
    totals = [
        max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _convolve(graph: _Graph, operator: _Operator, depthwise: bool) -> None:
    x, kernel, output = operator.tensor(0), operator.constant(1), operator.output
    fields = (5, 6) if depthwise else (4, 5)
    dilations = [operator.option(fields[1]) or 1, operator.option(fields[0]) or 1]
    strides = [operator.option(2), operator.option(1)]
    # kernels are [out, rows, columns, in], depthwise ones [1, rows, columns, out]
    weights = kernel.transpose(3, 0, 1, 2) if depthwise else kernel.transpose(_TO_ONNX)
    names = [x.name, graph.constant(f"{output.name}/weight", weights.astype(np.float32))]
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        bias = operator.constant(2).astype(np.float32)
        names.append(graph.constant(f"{output.name}/bias", bias))
    is_same = operator.option(0, "<b") == _SAME
    graph.add(
        "Conv",
        names,
        f"{output.name}/conv",
        kernel_shape=kernel.shape[1:3],
        strides=strides,
        dilations=dilations,
        group=x.shape[3] if depthwise else 1,
        pads=_pads(x.shape[1:3], kernel.shape[1:3], strides, dilations) if is_same else [0] * 4,
    )
    graph.finish(f"{output.name}/conv", output, operator.option(4 if depthwise else 3, "<b"))


def _pool(graph: _Graph, operator: _Operator, op: str) -> None:
    x, output = operator.tensor(0), operator.output
    strides = [operator.option(2), operator.option(1)]
    kernel = (operator.option(4), operator.option(3))
    is_same = operator.option(0, "<b") == _SAME
    pads = _pads(x.shape[1:3], kernel, strides, [1, 1]) if is_same else [0] * 4
    name = f"{output.name}/pool"
    graph.add(op, [x.name], name, kernel_shape=kernel, strides=strides, pads=pads)
    graph.finish(name, output, operator.option(5, "<b"))


def _binary(graph: _Graph, operator: _Operator, op: str) -> None:
    output = operator.output
    names = [graph.read(operator.tensor(index)) for index in (0, 1)]
    graph.add(op, names, f"{output.name}/{op}")
    graph.finish(f"{output.name}/{op}", output, operator.option(0, "<b"))


def _unary(graph: _Graph, operator: _Operator, op: str) -> None:
    graph.add(op, [operator.tensor(0).name], operator.output.name)


def _hard_swish(graph: _Graph, operator: _Operator) -> None:
    """Write it as x * hard_sigmoid(x): opset 13 has no HardSwish."""
    x, name = operator.tensor(0).name, operator.output.name
    gate = graph.add("HardSigmoid", [x], f"{name}/gate", alpha=1 / 6, beta=0.5)
    graph.add("Mul", [x, gate], name)


def _concat(graph: _Graph, operator: _Operator) -> None:
    output = operator.output
    rank = len(output.shape)
    axis = operator.option(0) % rank
    names = [graph.read(operator.tensor(index)) for index in range(len(operator.inputs))]
    axis = _TO_ONNX.index(axis) if rank == 4 else axis
    graph.add("Concat", names, f"{output.name}/concat", axis=axis)
    graph.finish(f"{output.name}/concat", output, operator.option(1, "<b"))


def _reshape(graph: _Graph, operator: _Operator) -> None:
    x, output = operator.tensor(0), operator.output
    name = x.name
    if len(x.shape) == 4:
        name = graph.add("Transpose", [name], f"{output.name}/last", perm=_FROM_ONNX)
    if len(output.shape) == 4:
        name = graph.reshape(name, f"{output.name}/image", *output.shape)
        graph.add("Transpose", [name], output.name, perm=_TO_ONNX)
    else:
        graph.reshape(name, output.name, *output.shape)


def _resize(graph: _Graph, operator: _Operator) -> None:
    output = operator.output
    mode = "asymmetric"
    if operator.option(2, "<b"):
        mode = "align_corners"
    elif operator.option(3, "<b"):
        mode = "half_pixel"
    sizes = graph.constant(f"{output.name}/sizes", np.array(_onnx_shape(output)))
    graph.add(
        "Resize",
        [operator.tensor(0).name, "", "", sizes],
        output.name,
        mode="linear",
        coordinate_transformation_mode=mode,
    )


def _pad(graph: _Graph, operator: _Operator) -> None:
    output = operator.output
    begin, end = operator.constant(1).astype(np.int64)[list(_TO_ONNX)].T
    pads = graph.constant(f"{output.name}/pads", np.concatenate([begin, end]))
    graph.add("Pad", [operator.tensor(0).name, pads], output.name)


def _mean(graph: _Graph, operator: _Operator) -> None:
    x, output = operator.tensor(0), operator.output
    if sorted(operator.constant(1).reshape(-1).tolist()) != [1, 2]:
        raise ValueError(f"{output.name} is no mean over an image")
    graph.add("GlobalAveragePool", [x.name], f"{output.name}/mean")
    if len(output.shape) == 4:
        graph.finish(f"{output.name}/mean", output)
    else:
        graph.reshape(f"{output.name}/mean", output.name, *output.shape)


def _fully_connected(graph: _Graph, operator: _Operator) -> None:
    x, output = operator.tensor(0), operator.output
    weights = operator.constant(1).astype(np.float32)
    name = x.name
    if len(x.shape) == 4:
        name = graph.add("Transpose", [name], f"{output.name}/last", perm=_FROM_ONNX)
    if len(x.shape) != 2:
        name = graph.reshape(name, f"{output.name}/flat", 1, weights.shape[1])
    names = [name, graph.constant(f"{output.name}/weight", weights)]
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        bias = operator.constant(2).astype(np.float32)
        names.append(graph.constant(f"{output.name}/bias", bias))
    graph.add("Gemm", names, f"{output.name}/gemm", transB=1)
    graph.finish(f"{output.name}/gemm", output, operator.option(0, "<b"))


def _prelu(graph: _Graph, operator: _Operator) -> None:
    """Write it as slope * x + (1 - slope) * relu(x)."""
    x, output = operator.tensor(0), operator.output
    slope = operator.constant(1).reshape(1, -1, 1, 1).astype(np.float32)
    name = output.name
    below = graph.constant(f"{name}/below", slope)
    above = graph.constant(f"{name}/above", 1 - slope)
    parts = [
        graph.add("Mul", [x.name, below], f"{name}/all"),
        graph.add("Mul", [graph.add("Relu", [x.name], f"{name}/relu"), above], f"{name}/positive"),
    ]
    graph.add("Add", parts, name)


def _dequantize(graph: _Graph, operator: _Operator) -> None:
    operator.output.constant = operator.constant(0).astype(np.float32)


def _doubled(graph: _Graph, operator: _Operator) -> None:
    """Add MediaPipe's transposed convolution with a bias."""
    x, kernel, output = operator.tensor(0), operator.constant(1), operator.output
    _, *strides = operator.custom[:12].view("<i4").tolist()
    if kernel.shape[1:3] != (2, 2) or strides != [2, 2]:
        raise ValueError(f"{output.name} is no transposed convolution of 2 x 2 with stride 2")
    weights = kernel.transpose(3, 0, 1, 2).astype(np.float32)
    bias = operator.constant(2).astype(np.float32)
    graph.doubled(x.name, output.name, weights, (x.shape[1], x.shape[2]), bias)


_OPERATORS: dict[tuple[int, str], Callable[[_Graph, _Operator], None]] = {
    (0, ""): partial(_binary, op="Add"),
    (1, ""): partial(_pool, op="AveragePool"),
    (2, ""): _concat,
    (3, ""): partial(_convolve, depthwise=False),
    (4, ""): partial(_convolve, depthwise=True),
    (6, ""): _dequantize,
    (9, ""): _fully_connected,
    (14, ""): partial(_unary, op="Sigmoid"),
    (17, ""): partial(_pool, op="MaxPool"),
    (18, ""): partial(_binary, op="Mul"),
    (19, ""): partial(_unary, op="Relu"),
    (22, ""): _reshape,
    (23, ""): _resize,
    (34, ""): _pad,
    (40, ""): _mean,
    (54, ""): _prelu,
    (117, ""): _hard_swish,
    (32, "Convolution2DTransposeBias"): _doubled,
}
"""By the number of an operator in the format's schema, or its name if it is no part of it."""
