"""Builds networks as ONNX models with random weights, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper

OPSET = 17
SEED = 20261123


class Builder:
    """
    A network in the making; every method appends a layer and returns the name of its output.

    Batch normalisation is taken as folded into the convolutions, as exporters do it. Weights are
    normal with He's deviation, which keeps the size of activations the same from layer to layer.

    :ivar image: name of the network's input.
    """

    image = "image"

    def __init__(self, name: str, size: int, channels: int = 3) -> None:
        self._name = name
        self._random = np.random.default_rng(SEED)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._input = [1, channels, size, size]
        self._channels = {self.image: channels}

    def conv(
        self,
        x: str,
        channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        padding: int | None = None,
        groups: int = 1,
        activation: str | None = "relu",
        gain: float = 1.0,
    ) -> str:
        """
        Convolve, add a bias, and activate.

        :param padding: on every side; half of the kernel where none is given.
        :param activation: relu, relu6, silu, or None.
        :param gain: factor of the weights; below 1 at the end of a residual branch.
        """
        fan_in = self._channels[x] // groups * kernel**2
        deviation = gain * math.sqrt((2 if activation else 1) / fan_in)
        weight = self._normal(deviation, channels, self._channels[x] // groups, kernel, kernel)
        bias = self._normal(0.1, channels)
        y = self._append(
            "Conv",
            [x, self._constant(weight), self._constant(bias)],
            channels,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2 if padding is None else padding] * 4,
            group=groups,
        )
        return getattr(self, activation)(y) if activation else y

    def depthwise(
        self, x: str, kernel: int = 3, stride: int = 1, activation: str = "relu6"
    ) -> str:
        """Convolve each channel by itself."""
        channels = self._channels[x]
        return self.conv(x, channels, kernel, stride, groups=channels, activation=activation)

    def linear(self, x: str, features: int) -> str:
        """Multiply a vector by a matrix and add a bias."""
        weight = self._normal(math.sqrt(1 / self._channels[x]), features, self._channels[x])
        constants = [self._constant(weight), self._constant(self._normal(0.1, features))]
        return self._append("Gemm", [x, *constants], features, transB=1)

    def features(self, x: str) -> int:
        """Return how many channels, or features, a tensor has."""
        return self._channels[x]

    def relu(self, x: str) -> str:
        """Clip at 0."""
        return self._append("Relu", [x])

    def relu6(self, x: str) -> str:
        """Clip to 0..6."""
        limits = [self._constant(np.asarray(limit, np.float32)) for limit in (0, 6)]
        return self._append("Clip", [x, *limits])

    def sigmoid(self, x: str) -> str:
        """Squeeze into 0..1."""
        return self._append("Sigmoid", [x])

    def silu(self, x: str) -> str:
        """Multiply by the sigmoid."""
        return self._append("Mul", [x, self.sigmoid(x)])

    def softmax(self, x: str, axis: int = 1) -> str:
        """Make probabilities of scores."""
        return self._append("Softmax", [x], axis=axis)

    def add(self, x: str, y: str) -> str:
        """Add two tensors of the same shape."""
        return self._append("Add", [x, y])

    def max_pool(self, x: str, kernel: int, stride: int, padding: int = 0) -> str:
        """Take the largest value of each window."""
        shape, strides, pads = [kernel] * 2, [stride] * 2, [padding] * 4
        return self._append("MaxPool", [x], kernel_shape=shape, strides=strides, pads=pads)

    def global_average(self, x: str) -> str:
        """Average each channel, and drop the image's dimensions."""
        return self._append("Flatten", [self._append("GlobalAveragePool", [x])])

    def upsample(self, x: str) -> str:
        """Double height and width by repeating pixels."""
        scales = self._constant(np.asarray([1, 1, 2, 2], np.float32))
        return self._append(
            "Resize",
            [x, "", scales],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )

    def concat(self, *xs: str, axis: int = 1) -> str:
        """Join tensors."""
        channels = sum(self._channels[x] for x in xs) if axis == 1 else self._channels[xs[0]]
        return self._append("Concat", xs, channels, axis=axis)

    def halves(self, x: str) -> tuple[str, str]:
        """Split the channels into two halves."""
        half = self._channels[x] // 2
        names = (f"split{len(self._nodes)}_a", f"split{len(self._nodes)}_b")
        sizes = self._constant(np.asarray([half, half], np.int64))
        self._nodes.append(helper.make_node("Split", [x, sizes], names, names[0], axis=1))
        self._channels |= dict.fromkeys(names, half)
        return names

    def reshape(self, x: str, *shape: int) -> str:
        """Give another shape; its second dimension counts as the channels."""
        return self._append("Reshape", [x, self._constant(np.asarray(shape, np.int64))], shape[1])

    def channels_last(self, x: str) -> str:
        """Move the channels behind height and width."""
        return self._append("Transpose", [x], perm=[0, 2, 3, 1])

    def model(self, **outputs: str) -> onnx.ModelProto:
        """
        Finish the network.

        :param outputs: what to give out, by the name that it shall have; they are sorted by it.
        """
        for name, tensor in sorted(outputs.items()):
            self._nodes.append(helper.make_node("Identity", [tensor], [name], name))
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(self.image, onnx.TensorProto.FLOAT, self._input)],
            [helper.make_empty_tensor_value_info(name) for name in sorted(outputs)],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)

    def _normal(self, deviation: float, *shape: int) -> NDArray[np.float32]:
        weights: NDArray[np.float32] = self._random.standard_normal(shape, np.float32)
        weights *= np.float32(deviation)
        return weights

    def _constant(self, array: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def _append(
        self, op: str, inputs: Sequence[str], channels: int | None = None, **attributes: Any
    ) -> str:
        name = f"{op.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        self._channels[name] = self._channels[inputs[0]] if channels is None else channels
        return name
