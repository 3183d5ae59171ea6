"""
Networks with tokens that the benchmark runs, and what grew out of them.

Each is written as its paper's table, in the operators of PyTorch's exporter. Weights are random.
"""

from __future__ import annotations

import onnx

from bench.tokens import TokenBuilder


def vit_tiny() -> onnx.ModelProto:
    """Build table 1 of Touvron and others 2020, DeiT-Ti: a vision transformer, 16 x 16 patches."""
    net = TokenBuilder("vit_tiny", 224)
    width, patches = 192, 14 * 14
    x = net.conv(net.image, width, 16, 16, padding=0, activation=None)
    x = net.transpose(net.shape(x, patches, 1, width, patches), width, 0, 2, 1)
    x = net.add(net.join(net.learned(1, 1, width), x, axis=1), net.learned(1, patches + 1, width))
    for _ in range(12):
        x = net.encoder(x, heads=3, hidden=4 * width)
    return net.model(scores=net.linear(net.first(net.norm(x)), 1000))


def convnext_tiny() -> onnx.ModelProto:
    """Build table 9 of Liu and others 2022: depthwise 7 x 7, the rest as in a transformer."""
    net = TokenBuilder("convnext_tiny", 224)
    x = net.image
    for stage, (width, blocks) in enumerate([(96, 3), (192, 3), (384, 9), (768, 3)]):
        if stage:
            x = _channels_first(net, net.norm(net.channels_last(x)))
            x = net.conv(x, width, 2, 2, padding=0, activation=None)
        else:
            x = net.conv(x, width, 4, 4, padding=0, activation=None)
            x = _channels_first(net, net.norm(net.channels_last(x)))
        for _ in range(blocks):
            y = net.conv(x, width, 7, groups=width, activation=None)
            y = net.scaled(net.feed_forward(net.norm(net.channels_last(y)), 4 * width))
            x = net.add(x, _channels_first(net, y))
    return net.model(scores=net.linear(net.norm(net.mean(net.channels_last(x))), 1000))


def _channels_first(net: TokenBuilder, x: str) -> str:
    return net.transpose(x, net.features(x), 0, 3, 1, 2)


def mobilevit_xxs() -> onnx.ModelProto:
    """Build table 4 of Mehta and Rastegari 2021: convolutions, and transformers of few tokens."""
    net = TokenBuilder("mobilevit_xxs", 256)
    x = net.conv(net.image, 16, 3, 2, activation="silu")
    x = _inverted(net, x, 16, 1)
    for stride in (2, 1, 1):
        x = _inverted(net, x, 24, stride)
    for side, channels, width, layers in ((32, 48, 64, 2), (16, 64, 80, 4), (8, 80, 96, 3)):
        x = _mobilevit_block(net, _inverted(net, x, channels, 2), side, width, layers)
    x = net.global_average(net.conv(x, 320, activation="silu"))
    return net.model(scores=net.linear(x, 1000))


def _inverted(net: TokenBuilder, x: str, channels: int, stride: int) -> str:
    """Append MobileNetV2's block, which doubles the channels within."""
    y = net.conv(x, 2 * net.features(x), activation="silu")
    y = net.depthwise(y, stride=stride, activation="silu")
    y = net.conv(y, channels, activation=None, gain=0.5)
    return net.add(x, y) if stride == 1 and channels == net.features(x) else y


def _mobilevit_block(net: TokenBuilder, x: str, side: int, width: int, layers: int) -> str:
    """Let pixels at the same place of their 2 x 2 patches attend to each other."""
    channels, half = net.features(x), side // 2
    y = net.conv(net.conv(x, channels, 3, activation="silu"), width, activation=None)
    y = net.transpose(net.shape(y, 2, width * half, 2, half, 2), 2, 0, 2, 1, 3)
    y = net.shape(y, 4, 1, width, half * half, 4)
    y = net.shape(net.transpose(y, width, 0, 3, 2, 1), width, 4, half * half, width)
    for _ in range(layers):
        y = net.encoder(y, heads=4, hidden=2 * width, activation="silu", count=4)
    y = net.shape(net.norm(y), width, 1, 4, half * half, width)
    y = net.transpose(y, 4, 0, 3, 2, 1)
    y = net.transpose(net.shape(y, 2, width * half, half, 2, 2), 2, 0, 2, 1, 3)
    y = net.conv(net.shape(y, width, 1, width, side, side), channels, activation="silu")
    return net.conv(net.concat(x, y), channels, 3, activation="silu")


def detr_tiny() -> onnx.ModelProto:
    """
    Build a detector of DETR's type (Carion and others 2020), small.

    Gives for each of 100 queries the scores of 80 classes and of none, and a box.
    """
    net = TokenBuilder("detr_tiny", 256)
    width, heads, hidden, places = 128, 8, 512, 16 * 16
    x = net.image
    for channels in (32, 64, 128, 256):
        x = net.conv(x, channels, 3, 2)
        x = net.relu(net.add(x, net.conv(net.conv(x, channels, 3), channels, 3, activation=None)))
    x = net.conv(x, width, activation=None)
    x = net.transpose(net.shape(x, places, 1, width, places), width, 0, 2, 1)
    x = net.add(x, net.learned(1, places, width))
    for _ in range(3):
        x = net.encoder(x, heads, hidden, "relu")
    y = net.learned(1, 100, width)
    for _ in range(3):
        asking = net.norm(y)
        y = net.add(y, net.attention(asking, asking, heads))
        y = net.add(y, net.attention(net.norm(y), x, heads))
        y = net.add(y, net.feed_forward(net.norm(y), hidden, "relu"))
    y = net.norm(y)
    boxes = net.dense(net.relu(net.dense(y, width)), 4)
    return net.model(scores=net.dense(y, 81), boxes=net.sigmoid(boxes))
