"""
The networks that the benchmark runs, each written as its paper's table.

The weights are random: an engine takes the same time whatever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import onnx

from bench.builder import Builder
from bench.transformers import convnext_tiny, detr_tiny, mobilevit_xxs, vit_tiny

Fire: TypeAlias = str | tuple[int, int]
"""A fire module's channels, or a pool."""

POOL = "pool"
RESIDUAL_GAIN = 0.5
"""Of the last convolution of a residual branch, so that sums of many do not grow."""


def squeezenet_1_0() -> onnx.ModelProto:
    """Build table 1 of Iandola and others 2016: channels squeezed to, expanded to (twice)."""
    net = Builder("squeezenet1.0", 227)
    x = net.conv(net.image, 96, 7, 2, padding=0)
    fires: list[Fire] = [POOL, (16, 64), (16, 64), (32, 128)]
    fires += [POOL, (32, 128), (48, 192), (48, 192), (64, 256), POOL, (64, 256)]
    return _squeezenet(net, x, fires)


def squeezenet_1_1() -> onnx.ModelProto:
    """Build the authors' later version: a smaller first convolution, pools further up."""
    net = Builder("squeezenet1.1", 227)
    x = net.conv(net.image, 64, 3, 2, padding=0)
    fires: list[Fire] = [POOL, (16, 64), (16, 64), POOL, (32, 128), (32, 128)]
    fires += [POOL, (48, 192), (48, 192), (64, 256), (64, 256)]
    return _squeezenet(net, x, fires)


def _squeezenet(net: Builder, x: str, fires: Sequence[Fire]) -> onnx.ModelProto:
    for fire in fires:
        if isinstance(fire, str):
            x = net.max_pool(x, 3, 2)
        else:
            squeeze, expand = fire
            x = net.conv(x, squeeze)
            x = net.concat(net.conv(x, expand), net.conv(x, expand, 3))
    x = net.global_average(net.conv(x, 1000))
    return net.model(probabilities=net.softmax(x))


def mobilenet_v2() -> onnx.ModelProto:
    """Build table 2 of Sandler and others 2018: expansion, channels, repetitions, stride."""
    net = Builder("mobilenet_v2", 224)
    x, channels = net.conv(net.image, 32, 3, 2, activation="relu6"), 32
    table = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
    for expansion, out, repetitions, first_stride in [
        *table,
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]:
        for index in range(repetitions):
            stride = first_stride if index == 0 else 1
            y = x
            if expansion > 1:
                y = net.conv(y, channels * expansion, activation="relu6")
            y = net.depthwise(y, stride=stride)
            if stride == 1 and channels == out:
                x = net.add(x, net.conv(y, out, activation=None, gain=RESIDUAL_GAIN))
            else:
                x = net.conv(y, out, activation=None)
            channels = out
    x = net.global_average(net.conv(x, 1280, activation="relu6"))
    return net.model(scores=net.linear(x, 1000))


def resnet_18() -> onnx.ModelProto:
    """Build table 1 of He and others 2015, 18 layers: two basic blocks a stage."""
    net = Builder("resnet18", 224)

    def block(x: str, channels: int, stride: int) -> str:
        y = net.conv(x, channels, 3, stride)
        return net.conv(y, channels, 3, activation=None, gain=RESIDUAL_GAIN)

    return _resnet(net, block, repetitions=(2, 2, 2, 2), widening=1)


def resnet_50() -> onnx.ModelProto:
    """Build table 1 of He and others 2015, 50 layers: bottlenecks, the stride in the 3x3."""
    net = Builder("resnet50", 224)

    def block(x: str, channels: int, stride: int) -> str:
        y = net.conv(net.conv(x, channels), channels, 3, stride)
        return net.conv(y, channels * 4, activation=None, gain=RESIDUAL_GAIN)

    return _resnet(net, block, repetitions=(3, 4, 6, 3), widening=4)


def _resnet(
    net: Builder,
    block: Callable[[str, int, int], str],
    repetitions: tuple[int, ...],
    widening: int,
) -> onnx.ModelProto:
    x = net.max_pool(net.conv(net.image, 64, 7, 2), 3, 2, padding=1)
    inputs = 64
    for stage, count in enumerate(repetitions):
        channels = 64 << stage
        for index in range(count):
            stride = 2 if stage > 0 and index == 0 else 1
            branch = block(x, channels, stride)
            if inputs != channels * widening:
                x = net.conv(x, channels * widening, stride=stride, activation=None)
            x = net.relu(net.add(branch, x))
            inputs = channels * widening
    return net.model(scores=net.linear(net.global_average(x), 1000))


def ssd_mobilenet_v1() -> onnx.ModelProto:
    """
    Build SSD 300 (Liu and others 2016) on MobileNet (Howard and others 2017) for 20 classes.

    Gives what the heads say: 4 offsets and the scores of 21 classes for each of 1917 anchors.
    """
    net = Builder("ssd_mobilenet_v1", 300)
    x = net.conv(net.image, 32, 3, 2, activation="relu6")
    maps = []
    table = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5]
    for index, (channels, stride) in enumerate([*table, (1024, 2), (1024, 1)]):
        x = net.conv(net.depthwise(x, stride=stride), channels, activation="relu6")
        if index in (10, 12):
            maps.append(x)
    for squeeze, channels in [(256, 512), (128, 256), (128, 256), (64, 128)]:
        x = net.conv(net.conv(x, squeeze, activation="relu6"), channels, 3, 2, activation="relu6")
        maps.append(x)
    heads: dict[int, list[str]] = {4: [], 21: []}
    for index, feature in enumerate(maps):
        anchors = 3 if index == 0 else 6
        for values, parts in heads.items():
            y = net.channels_last(net.conv(feature, anchors * values, activation=None))
            parts.append(net.reshape(y, 1, -1, values))
    boxes, scores = (net.concat(*parts, axis=1) for parts in heads.values())
    return net.model(boxes=boxes, scores=scores)


def yolo_nano() -> onnx.ModelProto:
    """
    Build a detector of the type and size of YOLOv8n for 80 classes.

    Gives what the heads say for each of 2100 cells: the distribution of 4 distances over 16 bins,
    and the probabilities of the classes.
    """
    net = Builder("yolo_nano", 320)

    def conv(x: str, channels: int, kernel: int = 3, stride: int = 1, gain: float = 1.0) -> str:
        return net.conv(x, channels, kernel, stride, activation="silu", gain=gain)

    def stage(x: str, channels: int, blocks: int, residual: bool) -> str:
        parts = list(net.halves(conv(x, channels, 1)))
        for _ in range(blocks):
            y = conv(conv(parts[-1], channels // 2), channels // 2, gain=RESIDUAL_GAIN)
            parts.append(net.add(parts[-1], y) if residual else y)
        return conv(net.concat(*parts), channels, 1)

    def pyramid_pool(x: str, channels: int) -> str:
        parts = [conv(x, channels // 2, 1)]
        for _ in range(3):
            parts.append(net.max_pool(parts[-1], 5, 1, padding=2))
        return conv(net.concat(*parts), channels, 1)

    x = conv(conv(net.image, 16, stride=2), 32, stride=2)
    x = stage(x, 32, 1, residual=True)
    p3 = stage(conv(x, 64, stride=2), 64, 2, residual=True)
    p4 = stage(conv(p3, 128, stride=2), 128, 2, residual=True)
    p5 = stage(conv(p4, 256, stride=2), 256, 1, residual=True)
    p5 = pyramid_pool(p5, 256)
    p4 = stage(net.concat(net.upsample(p5), p4), 128, 1, residual=False)
    p3 = stage(net.concat(net.upsample(p4), p3), 64, 1, residual=False)
    p4 = stage(net.concat(conv(p3, 64, stride=2), p4), 128, 1, residual=False)
    p5 = stage(net.concat(conv(p4, 128, stride=2), p5), 256, 1, residual=False)

    heads: dict[int, list[str]] = {64: [], 80: []}
    for feature in (p3, p4, p5):
        for values, parts in heads.items():
            y = conv(conv(feature, values), values)
            parts.append(net.reshape(net.conv(y, values, activation=None), 1, values, -1))
    boxes, scores = (net.concat(*parts, axis=2) for parts in heads.values())
    return net.model(boxes=boxes, scores=net.sigmoid(scores))


NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {
    "squeezenet1.0": squeezenet_1_0,
    "squeezenet1.1": squeezenet_1_1,
    "mobilenet_v2": mobilenet_v2,
    "resnet18": resnet_18,
    "resnet50": resnet_50,
    "ssd_mobilenet_v1": ssd_mobilenet_v1,
    "yolo_nano": yolo_nano,
    "vit_tiny": vit_tiny,
    "convnext_tiny": convnext_tiny,
    "mobilevit_xxs": mobilevit_xxs,
    "detr_tiny": detr_tiny,
}
