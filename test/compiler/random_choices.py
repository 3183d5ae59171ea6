"""Layers of random networks that compare, choose, count and look up: see random_networks.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import onnx
from small_models import node

if TYPE_CHECKING:
    from random_networks import Network

Shape = tuple[int, ...]

FLOAT, BOOL = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL
INTEGERS = {
    onnx.TensorProto.INT32: np.int32,
    onnx.TensorProto.INT64: np.int64,
    onnx.TensorProto.INT8: np.int8,
    onnx.TensorProto.UINT8: np.uint8,
}
WIDE = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)


def compare(net: Network, name: str, shape: Shape) -> None:
    """Take what is above something from one value, the rest from another."""
    ops = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"]
    limits = [(), (shape[1], 1, 1), (shape[3],)]
    mask = net.inner(net.choose.choice(ops), f"{name} {net.constant(*net.choose.choice(limits))}")
    if net.choose.random() < 0.5:
        other = net.inner("Less", f"{name} {net.constant(1, shape[1], 1, 1)}")
        mask = net.inner(net.choose.choice(["And", "Or", "Xor"]), f"{mask} {other}")
    if net.choose.random() < 0.5:
        mask = net.inner("Not", mask)
    if net.choose.random() < 0.3:
        net.add("Cast", mask, shape, to=FLOAT)
    else:
        same = [other for other, size in net.values if size == shape]
        other = net.choose.choice([*same, net.constant(shape[2], 1)])
        net.add("Where", f"{mask} {name} {other}", shape)


def count(net: Network, name: str, shape: Shape) -> None:
    """Go on in integers for a while."""
    type_ = net.choose.choice(list(INTEGERS))
    scaled = net.inner("Mul", f"{name} {net.given(np.float32(8))}")
    value = net.inner("Cast", scaled, to=type_)
    for _ in range(net.choose.randint(0, 3)):
        op = net.choose.choice(["Add", "Sub", "Mul", "Div", "Max", "Min", "Neg", "Abs"])
        if op in ("Neg", "Abs"):
            wide = type_ in WIDE
            value = net.inner(op, value) if wide else value
            continue
        numbers = net.numbers.integers(1, 9, net.choose.choice([(), (shape[3],), shape]))
        value = net.inner(op, f"{value} {net.given(numbers.astype(INTEGERS[type_]))}")
    net.add("Cast", value, shape, to=FLOAT)


def best(net: Network, name: str, shape: Shape) -> None:
    """Find the best channel of each pixel, or the best row of each column."""
    axis = net.choose.choice([1, 2])
    op, last = net.choose.choice(["ArgMax", "ArgMin"]), net.choose.choice([0, 1])
    found = net.inner(op, name, axis=axis, select_last_index=last)
    reduced = tuple(1 if i == axis else side for i, side in enumerate(shape))
    net.add("Cast", found, reduced, to=FLOAT)


def look_up(net: Network, name: str, shape: Shape) -> None:
    """Take some rows by constants, or the best pixels of all channels by what they are."""
    if net.choose.random() < 0.6:
        axis = net.choose.choice([1, 2, 3])
        indices = net.numbers.integers(-shape[axis], shape[axis], net.choose.randint(1, 5))
        taken = (*shape[:axis], len(indices), *shape[axis + 1 :])
        net.add("Gather", f"{name} {net.given(indices)}", taken, axis=axis)
    elif (channels := shape[0] * shape[1]) <= 16:
        planes = net.inner("Reshape", f"{name} {net.given([channels, math.prod(shape[2:])])}")
        indices = net.inner("ArgMax", planes, axis=1, keepdims=0)
        if net.choose.random() < 0.5:
            indices = net.inner("Cast", indices, to=onnx.TensorProto.INT32)
        pixels = net.inner("Gather", f"{planes} {indices}", axis=1)
        square = (1, channels, channels, 1)
        net.add("Reshape", f"{pixels} {net.given(square)}", square)


def pick(net: Network, name: str, shape: Shape) -> None:
    """Take the best rows or single elements, or put them elsewhere."""
    axis = net.choose.choice([1, 2, 3])
    taken = tuple(min(size, 2) if i == axis else size for i, size in enumerate(shape))
    best, places = f"best{len(net.nodes)}", f"places{len(net.nodes)}"
    found = node("TopK", f"{name} {net.given([taken[axis]])}", f"{best} {places}", axis=axis)
    net.nodes.append(found)
    net.choices += [best, places]
    kind = net.choose.choice(
        ["TopK", "GatherElements", "ScatterElements", "GatherND", "ScatterND"]
    )
    pair = net.given(net.numbers.integers(0, [shape[0], shape[1]], (2, 2)))
    if kind == "TopK":
        net.add("Identity", best, taken)
    elif kind == "GatherElements":
        net.add(kind, f"{name} {places}", taken, axis=axis)
    elif kind == "ScatterElements":
        net.add(kind, f"{name} {places} {net.constant(*taken)}", shape, axis=axis)
    elif kind == "GatherND":
        images = net.inner(kind, f"{name} {pair}")
        whole = (1, 2, *shape[2:])
        net.add("Reshape", f"{images} {net.given(whole)}", whole)
    else:
        new = net.constant(2, *shape[2:])
        net.add(kind, f"{name} {pair} {new}", shape, reduction=net.choose.choice(["none", "add"]))


def quantise(net: Network, name: str, shape: Shape) -> None:
    """Round to integers, with one scale or one a channel, and back."""
    scale = net.constant(*net.choose.choice([(), (shape[1],)]), low=0.05, high=0.1)
    zero = net.given(np.zeros(net.constants[scale].shape, net.choose.choice([np.int8, np.uint8])))
    small = net.inner("QuantizeLinear", f"{name} {scale} {zero}", axis=1)
    net.add("DequantizeLinear", f"{small} {scale} {zero}", shape, axis=1)


def look(net: Network, name: str, shape: Shape) -> None:
    """Leave out what is no number, of which there is none."""
    odd = net.inner(net.choose.choice(["IsNaN", "IsInf"]), name)
    net.add("Where", f"{odd} {net.constant()} {name}", shape)


def bits(net: Network, name: str, shape: Shape) -> None:
    """Do to integers what knows of their bits, or divide by some."""
    scaled = net.inner("Mul", f"{name} {net.given(np.float32(8))}")
    op = net.choose.choice(["Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift"])
    type_ = onnx.TensorProto.UINT8 if op == "BitShift" else onnx.TensorProto.INT32
    value = net.inner("Cast", net.inner("Abs", scaled), to=type_)
    other = net.given(np.array(3, INTEGERS[type_]))
    extra = {"direction": net.choose.choice(["LEFT", "RIGHT"])} if op == "BitShift" else {}
    net.add("Cast", net.inner(op, f"{value} {other}", **extra), shape, to=FLOAT)


def repeat(net: Network, name: str, shape: Shape) -> None:
    """Add to each pixel the mean of its channel, written out; a difference might be noise."""
    mean = net.inner("GlobalAveragePool", name)
    means = net.inner("Expand", f"{mean} {net.given(shape)}")
    net.add("Add", f"{name} {means}", shape)
