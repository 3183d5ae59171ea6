"""Random networks through which channels can be followed: layers, sums, gates, parts, moves."""

from __future__ import annotations

from collections.abc import Callable
import math
import random
from typing import Any

import numpy as np
import onnx
from small_models import make_model, node

Shape = tuple[int, ...]


class ChannelNetwork:
    """
    Grows a network of images; a seed decides everything.

    :ivar images: name and shape of what was computed so far, the newest last.
    """

    def __init__(self, seed: int) -> None:
        self.choose, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray[Any, Any]] = {}
        self.images: list[tuple[str, Shape]] = []
        self.layer("x", (1, 3, 8, 8), 6)

    def constant(self, *shape: int) -> str:
        name = f"c{len(self.constants)}"
        size = math.sqrt(math.prod(shape[1:]) or 1)
        self.constants[name] = (self.numbers.normal(0, 1, shape) / size).astype(np.float32)
        return name

    def sizes(self, *sizes: int) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(sizes, np.int64)
        return name

    def add(self, op: str, inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(node(op, inputs, name, **attributes))
        return name

    def image(self, name: str, shape: Shape) -> None:
        self.images.append((name, shape))

    def layer(self, source: str, shape: Shape, channels: int, stride: int = 1) -> str:
        weights, bias = self.constant(channels, shape[1], 3, 3), self.constant(channels)
        strides, pads = [stride, stride], [1, 1, 1, 1]
        name = self.add("Conv", f"{source} {weights} {bias}", strides=strides, pads=pads)
        size = -(-shape[2] // stride)
        self.image(name, (1, channels, size, size))
        return name


def _conv(net: ChannelNetwork, name: str, shape: Shape) -> None:
    net.layer(name, shape, net.choose.randint(2, 9), net.choose.choice([1, 1, 2]))


def _depthwise(net: ChannelNetwork, name: str, shape: Shape) -> None:
    more = net.choose.choice([1, 1, 2])
    weights = net.constant(shape[1] * more, 1, 3, 3)
    inputs = f"{name} {weights} {net.constant(shape[1] * more)}"
    result = net.add("Conv", inputs, group=shape[1], pads=[1, 1, 1, 1])
    net.image(result, (1, shape[1] * more, *shape[2:]))


def _transposed(net: ChannelNetwork, name: str, shape: Shape) -> None:
    channels = net.choose.randint(2, 6)
    alone = net.choose.random() < 0.3
    weights = net.constant(shape[1], 1 if alone else channels, 2, 2)
    group = shape[1] if alone else 1
    result = net.add("ConvTranspose", f"{name} {weights}", strides=[2, 2], group=group)
    size = 2 * shape[2]
    net.image(result, (1, shape[1] if alone else channels, size, size))


def _norm(net: ChannelNetwork, name: str, shape: Shape) -> None:
    if net.choose.random() < 0.5:
        scale, shift = net.constant(shape[1]), net.constant(shape[1])
        result = net.add("InstanceNormalization", f"{name} {scale} {shift}")
    else:
        numbers = [net.constant(shape[1]) for _ in range(4)]
        net.constants[numbers[3]] = np.abs(net.constants[numbers[3]]) + 0.5
        result = net.add("BatchNormalization", f"{name} {' '.join(numbers)}")
    net.image(result, shape)


def _function(net: ChannelNetwork, name: str, shape: Shape) -> None:
    op = net.choose.choice(["Relu", "Sigmoid", "HardSwish", "PRelu", "Clip", "Add", "Mul"])
    inputs = name
    if op == "PRelu":
        inputs += f" {net.constant(shape[1], 1, 1)}"
    elif op in ("Add", "Mul"):
        inputs = f"{net.constant(1, shape[1], *shape[2:])} {name}"
    net.image(net.add(op, inputs), shape)


def _sum(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Add or multiply two tensors of the same shape."""
    others = [other for other, its in net.images if its == shape]
    other = net.choose.choice(others)
    if other == name:
        other = net.layer(name, shape, shape[1])
    net.image(net.add(net.choose.choice(["Add", "Mul", "Sub", "Max"]), f"{name} {other}"), shape)


def _gate(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Multiply channels by what follows of their means."""
    if net.choose.random() < 0.5:
        pooled = net.add("GlobalAveragePool", name)
    else:
        pooled = net.add("ReduceMean", f"{name} {net.sizes(2, 3)}", keepdims=1)
    less = net.add("Conv", f"{pooled} {net.constant(3, shape[1], 1, 1)}")
    more = net.add("Conv", f"{net.add('Relu', less)} {net.constant(shape[1], 3, 1, 1)}")
    net.image(net.add("Mul", f"{name} {net.add('Sigmoid', more)}"), shape)


def _mask(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Multiply places by what one channel says."""
    single = net.add("Conv", f"{name} {net.constant(1, shape[1], 1, 1)}")
    net.image(net.add("Mul", f"{name} {single}"), shape)


def _join(net: ChannelNetwork, name: str, shape: Shape) -> None:
    others = [(other, its) for other, its in net.images if its[2:] == shape[2:]]
    other, its = net.choose.choice(others)
    result = net.add("Concat", f"{name} {other}", axis=1)
    net.image(result, (1, shape[1] + its[1], *shape[2:]))


def _below(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Put images of the same channels below each other."""
    result = net.add("Concat", f"{name} {net.layer(name, shape, shape[1])}", axis=2)
    pooled = net.add("MaxPool", result, kernel_shape=[2, 1], strides=[2, 1])
    net.image(pooled, shape)


def _part(net: ChannelNetwork, name: str, shape: Shape) -> None:
    first = shape[1] // 2
    if not first:
        return
    names = [f"v{len(net.nodes)}a", f"v{len(net.nodes)}b"]
    sizes = net.sizes(first, shape[1] - first)
    net.nodes.append(node("Split", f"{name} {sizes}", " ".join(names), axis=1))
    for each, count in zip(names, (first, shape[1] - first), strict=True):
        net.image(each, (1, count, *shape[2:]))


def _resize(net: ChannelNetwork, name: str, shape: Shape) -> None:
    size = shape[2] + 2
    sizes = net.sizes(1, shape[1], size, size)
    net.image(net.add("Resize", f"{name} - - {sizes}", mode="linear"), (1, shape[1], size, size))


def _pool(net: ChannelNetwork, name: str, shape: Shape) -> None:
    op = net.choose.choice(["MaxPool", "AveragePool"])
    padded = net.add("Pad", f"{name} {net.sizes(0, 0, 1, 1, 0, 0, 1, 1)}")
    net.image(net.add(op, padded, kernel_shape=[3, 3]), shape)


def _turn(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Multiply channels by a matrix where they are last."""
    last = net.add("Transpose", name, perm=[0, 2, 3, 1])
    made = net.add("MatMul", f"{last} {net.constant(shape[1], 5)}")
    shifted = net.add("Add", f"{made} {net.constant(5)}")
    net.image(net.add("Transpose", shifted, perm=[0, 3, 1, 2]), (1, 5, *shape[2:]))


def _rows(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Look at an image as rows and back, with a Softmax along each."""
    rows = net.add("Reshape", f"{name} {net.sizes(1, shape[1], -1)}")
    soft = net.add("Softmax", rows, axis=2)
    net.image(net.add("Reshape", f"{soft} {net.sizes(*shape)}"), shape)


def _grouped(net: ChannelNetwork, name: str, shape: Shape) -> None:
    """Convolve groups of channels, which can't be followed."""
    if shape[1] % 2 == 0 and shape[1] > 2:
        weights = net.constant(4, shape[1] // 2, 1, 1)
        net.image(net.add("Conv", f"{name} {weights}", group=2), (1, 4, *shape[2:]))


GROWS: tuple[Callable[[ChannelNetwork, str, Shape], None], ...] = (
    *(_conv, _conv, _conv, _depthwise, _transposed, _norm, _function, _function, _sum, _sum),
    *(_gate, _mask, _join, _join, _below, _part, _resize, _pool, _turn, _rows, _grouped),
)


def channel_network(seed: int) -> onnx.ModelProto:
    """Return a network that ends with a classifier of all that was computed last."""
    net = ChannelNetwork(seed)
    for _ in range(net.choose.randint(3, 12)):
        name, shape = net.choose.choice(net.images[-3:])
        if shape[2] < 24:
            net.choose.choice(GROWS)(net, name, shape)
    ends = []
    for name, shape in net.images[-3:]:
        flat, size = net.add("Flatten", name), math.prod(shape)
        ends.append(net.add("Gemm", f"{flat} {net.constant(size, 4)} {net.constant(4)}"))
    outputs = [*ends, *([net.images[0][0]] if net.choose.random() < 0.2 else [])]
    return make_model(net.nodes, {"x": [1, 3, 8, 8]}, net.constants, outputs)
