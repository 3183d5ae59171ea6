"""Layers of random networks with matrices or sequences: see random_networks.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edge_compiler.ops.recurrent import GATES

if TYPE_CHECKING:
    from random_networks import Network

Shape = tuple[int, ...]


def tokens(net: Network, name: str, shape: Shape) -> None:
    """Weigh rows of pixels by how alike they are, as a transformer does."""
    count, width = math.prod(shape[:3]), shape[3]
    if count > 200:
        return
    rows, turned, alike = (count, width), (width, count), (count, count)
    net.add("Reshape", f"{name} {net.given(rows)}", rows)
    flat = net.values.pop()[0]
    if net.choose.random() < 0.5:
        scale = net.constant(width, low=0.5, high=2)
        net.add("LayerNormalization", f"{flat} {scale} {net.constant(width)}", rows, epsilon=0.1)
        flat = net.values.pop()[0]
    if net.choose.random() < 0.5:
        net.add("Gemm", f"{flat} {flat}", alike, transB=1, alpha=0.3)
    else:
        net.add("Transpose", flat, turned, perm=[1, 0])
        net.add("MatMul", f"{flat} {net.values.pop()[0]}", alike)
    net.add("Softmax", net.values.pop()[0], alike, axis=net.choose.choice([0, 1]))
    net.add("MatMul", f"{net.values.pop()[0]} {flat}", rows)
    net.add("Reshape", f"{net.values.pop()[0]} {net.given(shape)}", shape)


def classify(net: Network, name: str, shape: Shape) -> None:
    """End like a classifier: a product of everything, and Softmax."""
    count, classes = math.prod(shape[1:]), net.choose.randint(2, 9)
    net.add("Flatten", name, (shape[0], count))
    w = net.constant(count, classes, low=-1 / math.sqrt(count), high=1 / math.sqrt(count))
    flat = net.values[-1][0]
    if net.choose.random() < 0.5:
        net.add("Gemm", f"{flat} {w} {net.constant(classes)}", (shape[0], classes))
    else:
        net.add("MatMul", f"{flat} {w}", (shape[0], classes))
    net.add("Softmax", *net.values[-1])


def scores(net: Network, name: str, shape: Shape) -> None:
    """End like a detector: low scores of each pixel."""
    w, bias = net.constant(3, shape[1], 1, 1), net.constant(3, low=-13, high=-11)
    net.add("Conv", f"{name} {w} {bias}", (shape[0], 3, *shape[2:]))
    net.add("Sigmoid", *net.values[-1])


def recur(net: Network, name: str, shape: Shape) -> None:
    """Take the channels as a sequence, and the rows of each as its elements."""
    width, op = shape[3], net.choose.choice(list(GATES))
    gated, directions = GATES[op] * width, net.choose.choice([1, 2])
    sequence, states = (
        (shape[0] * shape[1], *shape[2:]),
        (shape[0] * shape[1], directions, *shape[2:]),
    )
    if directions * math.prod(shape) > 1000:
        return
    net.add("Reshape", f"{name} {net.given(sequence)}", sequence)
    weights = [net.constant(directions, gated, width) for _ in range(2)]
    biases = net.constant(directions, 2 * gated)
    inputs = " ".join([net.values.pop()[0], *weights, biases])
    direction = net.choose.choice(["forward", "reverse"]) if directions == 1 else "bidirectional"
    net.add(op, inputs, states, hidden_size=width, direction=direction)
    image = (shape[0], shape[1], shape[2] * directions, width)
    net.add("Reshape", f"{net.values.pop()[0]} {net.given(image)}", image)
