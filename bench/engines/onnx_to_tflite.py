"""
Brings ONNX models into LiteRT's format.

LiteRT keeps images with the channels last. Values of four dimensions are stored so, and are
brought into ONNX's order before they are reshaped. Does what the networks of this benchmark need,
and refuses the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import numpy_helper

from bench.engines.tflite import Writer

CHANNELS_LAST, CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID


def convert_onnx(path: Path) -> bytes:
    """
    Return the model as the content of a .tflite file.

    :raises NotImplementedError: if it has something that no network of the benchmark has.
    """
    converter = _Converter(onnx.shape_inference.infer_shapes(onnx.load(path)).graph)
    return converter.convert()


class _Converter:
    """
    A conversion.

    :ivar tensors: indices of tensors, by the name of the ONNX value.
    :ivar activated: options of operators that can also activate, by the value that they give.
    :ivar positive: values that have no negative element.
    :ivar transposed: values that have the channels last in ONNX, too.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.writer = Writer()
        self.constants = {x.name: numpy_helper.to_array(x) for x in graph.initializer}
        self.shapes = {
            x.name: [size.dim_value for size in x.type.tensor_type.shape.dim]
            for x in [*graph.input, *graph.value_info, *graph.output]
        }
        self.readers = Counter(name for node in graph.node for name in node.input)
        self.tensors: dict[str, int] = {}
        self.activated: dict[str, Any] = {}
        self.positive: set[str] = set()
        self.transposed: set[str] = set()

    def convert(self) -> bytes:
        inputs = [self.new(value.name) for value in self.graph.input]
        for node in self.graph.node:
            rule: Callable[..., None] | None = getattr(self, f"on_{node.op_type.lower()}", None)
            if rule is None:
                raise NotImplementedError(f"{node.op_type} is not known here")
            rule(node, **{x.name: onnx.helper.get_attribute_value(x) for x in node.attribute})
        return self.writer.finish(inputs, [self.tensors[x.name] for x in self.graph.output])

    def new(self, name: str) -> int:
        """Add the tensor of a value."""
        shape = self.shapes[name]
        if len(shape) == 4:
            shape = [shape[axis] for axis in CHANNELS_LAST]
        self.tensors[name] = self.writer.tensor(shape)
        return self.tensors[name]

    def emit(self, operator: str, node: onnx.NodeProto, *more: int, options: Any = None) -> None:
        """Append an operator that reads the node's inputs and writes its outputs."""
        inputs = [self.tensors[name] for name in node.input if name in self.tensors]
        outputs = [self.new(name) for name in node.output]
        self.writer.operator(operator, [*inputs, *more], outputs, options)
        if hasattr(options, "fusedActivationFunction"):
            self.activated[node.output[0]] = options

    def axis(self, node: onnx.NodeProto, axis: int) -> int:
        """Return where an axis of a node's output is stored."""
        image = len(self.shapes[node.output[0]]) == 4
        return CHANNELS_LAST.index(axis) if image else axis

    def padding(self, x: str, kernel: int, stride: int, pads: Sequence[int]) -> tuple[int, int]:
        """Return the tensor to convolve, padded if need be, and how to pad on the way."""
        size = self.shapes[x][2]
        total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        if not any(pads):
            return self.tensors[x], VALID
        if [*pads] == [total // 2] * 2 + [total - total // 2] * 2:
            return self.tensors[x], SAME
        top, left, bottom, right = pads
        batch, channels, height, width = self.shapes[x]
        shape = [batch, height + top + bottom, width + left + right, channels]
        padded = self.writer.tensor(shape)
        amounts = np.asarray([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        self.writer.operator("PAD", [self.tensors[x], self.writer.constant(amounts)], [padded])
        return padded, VALID

    def on_conv(
        self,
        node: onnx.NodeProto,
        kernel_shape: list[int],
        strides: list[int],
        pads: list[int],
        group: int = 1,
    ) -> None:
        x, weight, bias = node.input
        kernel: NDArray[Any] = self.constants[weight].transpose(0, 2, 3, 1)
        options: Any = schema.Conv2DOptionsT()
        operator = "CONV_2D"
        if group > 1:
            if kernel.shape[3] != 1:
                raise NotImplementedError("only depthwise groups are known here")
            operator, kernel = "DEPTHWISE_CONV_2D", kernel.transpose(3, 1, 2, 0)
            options = schema.DepthwiseConv2DOptionsT()
            options.depthMultiplier = 1
        options.strideH, options.strideW = strides
        options.dilationHFactor = options.dilationWFactor = 1
        source, options.padding = self.padding(x, kernel_shape[0], strides[0], pads)
        constants = [self.writer.constant(array) for array in (kernel, self.constants[bias])]
        self.writer.operator(operator, [source, *constants], [self.new(node.output[0])], options)
        self.activated[node.output[0]] = options

    def on_gemm(self, node: onnx.NodeProto, transB: int) -> None:  # noqa: N803 ONNX's name
        weight, bias = (self.constants[name] for name in node.input[1:])
        constants = [
            self.writer.constant(array) for array in (weight if transB else weight.T, bias)
        ]
        self.emit("FULLY_CONNECTED", node, *constants, options=schema.FullyConnectedOptionsT())

    def on_maxpool(
        self,
        node: onnx.NodeProto,
        kernel_shape: list[int],
        strides: list[int],
        pads: Sequence[int] = (0, 0, 0, 0),
    ) -> None:
        options = schema.Pool2DOptionsT()
        options.filterHeight, options.filterWidth = kernel_shape
        options.strideH, options.strideW = strides
        x = node.input[0]
        source, options.padding = self.padding(x, kernel_shape[0], strides[0], pads)
        if source != self.tensors[x] and x not in self.positive:
            raise NotImplementedError("padding with 0 would change the maximum")
        self.writer.operator("MAX_POOL_2D", [source], [self.new(node.output[0])], options)

    def activate(self, node: onnx.NodeProto, name: str) -> None:
        """Let the operator before activate, if nothing else reads what it gives."""
        x, y = node.input[0], node.output[0]
        self.positive.add(y)
        if x in self.activated and self.readers[x] == 1:
            kind = getattr(schema.ActivationFunctionType, name)
            self.activated[x].fusedActivationFunction = kind
            self.tensors[y] = self.tensors[x]
        else:
            self.emit(name, node)

    def on_relu(self, node: onnx.NodeProto) -> None:
        self.activate(node, "RELU")

    def on_clip(self, node: onnx.NodeProto) -> None:
        if [float(self.constants[name]) for name in node.input[1:]] != [0, 6]:
            raise NotImplementedError("only a clip to 0..6 is known here")
        self.activate(node, "RELU6")

    def on_sigmoid(self, node: onnx.NodeProto) -> None:
        self.emit("LOGISTIC", node)

    def on_softmax(self, node: onnx.NodeProto, axis: int) -> None:
        if axis != len(self.shapes[node.input[0]]) - 1:
            raise NotImplementedError("only a softmax along the last axis is known here")
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        self.emit("SOFTMAX", node, options=options)

    def on_add(self, node: onnx.NodeProto) -> None:
        self.emit("ADD", node, options=schema.AddOptionsT())

    def on_mul(self, node: onnx.NodeProto) -> None:
        self.emit("MUL", node, options=schema.MulOptionsT())

    def on_concat(self, node: onnx.NodeProto, axis: int) -> None:
        options = schema.ConcatenationOptionsT()
        options.axis = self.axis(node, axis)
        self.emit("CONCATENATION", node, options=options)

    def on_split(self, node: onnx.NodeProto, axis: int) -> None:
        options = schema.SplitOptionsT()
        options.numSplits = len(node.output)
        outputs = [self.new(name) for name in node.output]
        where = self.writer.constant(np.asarray(self.axis(node, axis), np.int32))
        self.writer.operator("SPLIT", [where, self.tensors[node.input[0]]], outputs, options)

    def on_resize(self, node: onnx.NodeProto, **_: object) -> None:
        size = self.writer.integers(*self.shapes[node.output[0]][2:])
        options = schema.ResizeNearestNeighborOptionsT()
        self.emit("RESIZE_NEAREST_NEIGHBOR", node, size, options=options)

    def on_globalaveragepool(self, node: onnx.NodeProto) -> None:
        options = schema.ReducerOptionsT()
        options.keepDims = True
        self.emit("MEAN", node, self.writer.integers(1, 2), options=options)

    def on_transpose(self, node: onnx.NodeProto, perm: list[int]) -> None:
        if perm != CHANNELS_LAST:
            raise NotImplementedError("only a transposition to channels last is known here")
        x, y = node.input[0], node.output[0]
        self.tensors[y] = self.tensors[x]
        self.transposed.add(y)

    def on_flatten(self, node: onnx.NodeProto) -> None:
        self.on_reshape(node)

    def on_reshape(self, node: onnx.NodeProto) -> None:
        x, y = node.input[0], node.output[0]
        shape = self.shapes[x]
        source = self.tensors[x]
        if len(shape) == 4 and x not in self.transposed and shape[2:] != [1, 1]:
            source = self.writer.tensor(shape)
            order = self.writer.integers(*CHANNELS_FIRST)
            self.writer.operator("TRANSPOSE", [self.tensors[x], order], [source])
        options = schema.ReshapeOptionsT()
        options.newShape = self.shapes[y]
        inputs = [source, self.writer.integers(*self.shapes[y])]
        self.writer.operator("RESHAPE", inputs, [self.new(y)], options)

    def on_identity(self, node: onnx.NodeProto) -> None:
        self.tensors[node.output[0]] = self.tensors[node.input[0]]
