"""Layers of random networks that compute images of images: see random_networks.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from random_functions import activation

if TYPE_CHECKING:
    from random_networks import Network

Shape = tuple[int, ...]


def conv(net: Network, name: str, shape: Shape) -> None:
    group = net.choose.choice([g for g in (1, 2, shape[1]) if shape[1] % g == 0])
    outputs = net.choose.choice([shape[1], 2 * shape[1]])
    kernel = net.choose.choice([1, 3])
    pad = kernel // 2 if net.choose.random() < 0.5 or min(shape[2:]) < kernel else 0
    w = net.constant(outputs, shape[1] // group, kernel, kernel)
    if net.choose.random() < 0.2:  # of the same bytes as others of the same size
        net.constants[w][:] = 0.1
    bias = net.constant(outputs) if net.choose.random() < 0.5 else ""
    size = tuple(side + 2 * pad - kernel + 1 for side in shape[2:])
    net.add("Conv", f"{name} {w} {bias}", (shape[0], outputs, *size), group=group, pads=[pad] * 4)


def batch_norm(net: Network, name: str, shape: Shape) -> None:
    numbers = [net.constant(shape[1]) for _ in range(3)]
    variance = net.constant(shape[1], low=0.3, high=2)
    net.add("BatchNormalization", " ".join([name, *numbers, variance]), shape)


def block(net: Network, name: str, shape: Shape) -> None:
    net.add("Conv", f"{name} {net.constant(shape[1], shape[1], 1, 1)}", shape)
    if net.choose.random() < 0.5:
        batch_norm(net, *net.values[-1])
    inner = net.values[-1][0]
    if net.choose.random() < 0.5:
        activation(net, name, shape)
        name = net.values[-1][0]
    net.add("Add", f"{inner} {name}", shape)


def pool(net: Network, name: str, shape: Shape) -> None:
    kernel = net.choose.choice([[2, 2], list(shape[2:])])
    if min(shape[2:]) < 2:
        return
    op = net.choose.choice(["MaxPool", "AveragePool"])
    size = tuple(side - k + 1 for side, k in zip(shape[2:], kernel, strict=True))
    net.add(op, name, (*shape[:2], *size), kernel_shape=kernel)


def same(net: Network, name: str, shape: Shape) -> None:
    """Pad by auto_pad, with a window that is no smaller than its stride."""
    kernel, stride = net.choose.choice([(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2)])
    auto = {"auto_pad": net.choose.choice(["SAME_UPPER", "SAME_LOWER"]), "strides": [stride] * 2}
    size = tuple(-(-side // stride) for side in shape[2:])
    op = net.choose.choice(["Conv", "MaxPool", "AveragePool"])
    if op == "Conv":
        w = net.constant(shape[1], shape[1], kernel, kernel)
        net.add(op, f"{name} {w}", (*shape[:2], *size), **auto)
    else:
        net.add(op, name, (*shape[:2], *size), kernel_shape=[kernel] * 2, **auto)


def enlarge(net: Network, name: str, shape: Shape) -> None:
    """Write each pixel into several."""
    kernel, stride = net.choose.randint(1, 4), net.choose.randint(1, 3)
    if math.prod(shape) * stride**2 > 4000:
        return
    group = net.choose.choice([1, shape[1]])
    pad, more = net.choose.randint(0, (kernel - 1) // 2), net.choose.randint(0, stride - 1)
    w = net.constant(shape[1], shape[1] // group, kernel, kernel)
    size = tuple((side - 1) * stride + kernel + more - 2 * pad for side in shape[2:])
    net.add(
        "ConvTranspose",
        f"{name} {w} {net.constant(shape[1])}",
        (*shape[:2], *size),
        group=group,
        strides=[stride] * 2,
        pads=[pad] * 4,
        output_padding=[more] * 2,
    )


def resize(net: Network, name: str, shape: Shape) -> None:
    if math.prod(shape) > 2000:
        return
    size = [side + net.choose.randint(0, side) for side in shape[2:]]
    mode = net.choose.choice(["nearest", "linear", "cubic"])
    net.add(
        "Resize", f"{name} - - {net.given([*shape[:2], *size])}", (*shape[:2], *size), mode=mode
    )


def sample(net: Network, name: str, shape: Shape) -> None:
    """Sample pixels at places of any kind, some of them outside."""
    size = (net.choose.randint(1, 6), net.choose.randint(1, 6))
    grid = net.numbers.uniform(-1.3, 1.3, (shape[0], *size, 2)).astype(np.float32)
    how = {
        "mode": net.choose.choice(["linear", "nearest", "cubic"]),
        "padding_mode": net.choose.choice(["zeros", "border", "reflection"]),
        "align_corners": net.choose.randint(0, 1),
    }
    net.add("GridSample", f"{name} {net.given(grid)}", (*shape[:2], *size), **how)


def pad(net: Network, name: str, shape: Shape) -> None:
    """Put something around an image, or cut a row off."""
    mode = net.choose.choice(["constant", "constant", "edge", "reflect", "wrap"])
    top = -1 if shape[2] > 2 and net.choose.random() < 0.2 else 1
    if min(shape[2:]) > 1:
        size = (*shape[:2], shape[2] + top, shape[3] + 1)
        net.add("Pad", f"{name} {net.given([0, 0, top, 0, 0, 0, 0, 1])}", size, mode=mode)


def attention(net: Network, name: str, shape: Shape) -> None:
    """Weigh the channels by what they hold on average."""
    mean = (*shape[:2], 1, 1)
    if net.choose.random() < 0.5:
        net.add("GlobalAveragePool", name, mean)
    else:
        net.add("ReduceMean", f"{name} {net.given([2, 3])}", mean, keepdims=1)
    net.add("Sigmoid", *net.values[-1])
    net.add("Mul", f"{name} {net.values[-1][0]}", shape)
