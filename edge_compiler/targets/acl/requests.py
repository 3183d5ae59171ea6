"""
What Arm Compute Library is asked for: each node as one of its functions, or why there is none.

A function of this module describes the nodes of an operator. Whether the library really takes a
node is up to the library: see probe.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Activation, Node, Value
from edge_compiler.ops import activation_of, has_constant_weights
from edge_compiler.ops.activations import ACTIVATIONS
from edge_compiler.targets.acl.record import Function, Image, Op, Record
from edge_compiler.targets.program.layout import has_sides, image_size
from edge_compiler.targets.program.nodes import (
    Geometry,
    is_layer_of_row,
    matrix_and_bias,
    require_float32,
    required,
)

Array = np.ndarray[Any, Any]

_FUNCTIONS = {
    f.name: Function[name]
    for f in ACTIVATIONS
    if (name := f.enumerator.removeprefix("ACT_")) in Function.__members__
}


@dataclass(frozen=True, eq=False)
class Request:
    """
    A function of the library that computes a node.

    :ivar kernel: what it is, for people.
    :ivar sources: the values that it reads.
    :ivar weights: in the library's order.
    :ivar fields: of the record, beside operator, images and positions.
    :ivar line: a dense value is so many pixels in a line.
    """

    op: Op
    kernel: str
    sources: tuple[Value, ...]
    target: Value
    weights: Array | None = None
    bias: Array | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    line: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        if self.weights is None:
            return 0
        pixels = math.prod(self.target.shape[2:]) if has_sides(self.target) else 1
        return int(self.weights.size * pixels)

    def image(self, value: Value, offset: int = 0, pixel: int = 0) -> Image:
        """
        Return the record's image of a value.

        :param pixel: floats from one pixel to the next; 0: as many as there are channels.
        """
        if has_sides(value):
            channels, height, width = image_size(value.shape)
        else:
            channels, height, width = value.size // self.line, 1, self.line
        return Image(offset, channels, height, width, pixel or channels)

    def question(self) -> Record:
        """Return the record that the library is asked about."""
        return self.record(list(map(self.image, self.sources)), self.image(self.target))

    def record(self, sources: list[Image], target: Image, **positions: int) -> Record:
        """Return the record, given where everything lies."""
        source, second = (*sources, Image())[:2]
        fields: dict[str, Any] = {**positions, **self.fields}
        return Record(self.op, source, second, target, **fields)


_OF_IMAGES = ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool")
Described = Request | tuple[Request, ...] | str
Describe = Callable[[Node], Described]
_DESCRIBE: dict[str, Describe] = {}


def _asks(*operators: str) -> Callable[[Describe], Describe]:
    """Register a function that describes the nodes of some operators."""

    def register(describe: Describe) -> Describe:
        _DESCRIBE.update(dict.fromkeys(operators, describe))
        return describe

    return register


def requests_for(node: Node) -> tuple[Request, ...] | str:
    """Return the functions to ask the library for, or why that is useless."""
    if node.op not in _DESCRIBE:
        return f"ACL has no {node.op}"
    if reason := ops.fault(node) or require_float32(node):
        return reason
    if len(node.outputs) > 1:
        return f"ACL has no second output of {node.op}"
    if has_sides(node.output) and node.output.shape[0] > 1:
        return "ACL is asked for one image at a time"
    if node.op in _OF_IMAGES and not has_sides(node.input(0)):
        return f"ACL is asked for {node.op} only of images"
    if node.op in ("Conv", "Gemm", "MatMul") and not has_constant_weights(node):
        return "ACL is asked for layers with constant weights only"
    if node.fused.residual is not None:
        return "ACL has no convolution that adds a residual"
    activation = node.fused.activation
    if activation is not None and activation.op not in _FUNCTIONS:
        return f"ACL has no {activation.op}"
    if node.input(0).constant is not None:
        return "its input is constant"
    described = _DESCRIBE[node.op](node)
    return (described,) if isinstance(described, Request) else described


def _activation(activation: Activation | None) -> dict[str, Any]:
    """Return the record's fields of an activation that the library has."""
    if activation is None:
        return {}
    a, b = activation.pair
    return {"activation": _FUNCTIONS[activation.op], "a": float(a), "b": float(b)}


def _window(geometry: Geometry) -> dict[str, int]:
    names = ("kernel", "stride", "dilation")
    return {f"{n}_{a}": int(getattr(geometry, n)[i]) for n in names for i, a in enumerate("hw")}


@_asks("Conv")
def _conv(node: Node) -> Described:
    w, bias, geometry = required(node, 1), node.constant(2), Geometry.of(node)
    if min(geometry.pads) < 0:
        return "ACL has no negative padding"
    top, left, bottom, right = geometry.pads
    groups = node.attributes.get("group", 1)
    fields = _window(geometry) | _activation(node.fused.activation)
    fields |= {"pad_left": left, "pad_right": right, "pad_top": top, "pad_bottom": bottom}
    rest = ((node.input(0),), node.output)
    if groups == w.shape[0] == node.input(0).shape[1] and groups > 1:
        packed, kernel = w[:, 0].transpose(1, 2, 0), f"depthwise {geometry}"
        return Request(Op.DEPTHWISE, kernel, *rest, packed, bias, fields)
    algorithms = {Op.GEMM: "GEMM"}
    plain = groups == 1 and geometry.stride == geometry.dilation == (1, 1)
    if plain and geometry.kernel != (1, 1):  # groups and dilation are not among its parameters
        algorithms[Op.WINOGRAD] = "Winograd"
    packed, fields = w.transpose(0, 2, 3, 1), fields | {"groups": groups}
    return tuple(
        Request(op, f"{name} {geometry}", *rest, packed, bias, fields)
        for op, name in algorithms.items()
    )


@_asks("Gemm", "MatMul")
def _gemm(node: Node) -> Described:
    if not is_layer_of_row(node):
        return "ACL is asked for a row vector times a matrix only"
    w, b = matrix_and_bias(node)
    fields = _activation(node.fused.activation)
    return Request(Op.GEMM, "GEMM of a vector", (node.input(0),), node.output, w, b, fields)


@_asks("MaxPool", "AveragePool")
def _pool(node: Node) -> Described:
    geometry = Geometry.of(node)
    if geometry.dilation != (1, 1):
        return "ACL has no pooling with dilation"
    (top, left, *given), size = geometry.pads, node.input(0).shape[2:]
    halo = geometry.halo((size[0], size[1]), (node.output.shape[2], node.output.shape[3]))
    counted = bool(node.op == "AveragePool" and node.attributes.get("count_include_pad"))
    if counted and (halo.bottom > given[0] or halo.right > given[1]):
        return "ACL counts what lies outside of the padding"
    fields = _window(geometry) | {"count_padding": int(counted)}
    fields |= {"pad_left": left, "pad_right": halo.right}
    fields |= {"pad_top": top, "pad_bottom": halo.bottom}
    op, kind = (Op.MAX_POOL, "max") if node.op == "MaxPool" else (Op.AVERAGE_POOL, "average")
    kernel = f"{kind} pool {geometry}"
    return Request(op, kernel, (node.input(0),), node.output, fields=fields)


@_asks("GlobalAveragePool")
def _global_average(node: Node) -> Described:
    return Request(Op.GLOBAL_AVERAGE_POOL, "global average", (node.input(0),), node.output)


@_asks("Softmax")
def _softmax(node: Node) -> Described:
    value = node.input(0)
    axis = node.attributes["axis"] % len(value.shape)
    channels_last = axis == 1 if has_sides(value) else math.prod(value.shape[axis + 1 :]) == 1
    if not channels_last:
        return "ACL's softmax runs over channels, or the last dimension"
    line = 1 if has_sides(value) else math.prod(value.shape[:axis])
    return Request(Op.SOFTMAX, "softmax", (value,), node.output, line=line)


@_asks("Add", "Mul")
def _binary(node: Node) -> Described:
    left, right = node.input(0), node.input(1)
    if not (has_sides(left) and left.shape == right.shape and right.constant is None):
        return f"ACL is asked for {node.op} only of two images of the same size"
    op = Op.ADD if node.op == "Add" else Op.MUL
    fields = _activation(node.fused.activation)
    return Request(op, node.op, (left, right), node.output, fields=fields)


@_asks(*(f.op for f in ACTIVATIONS if f.name in _FUNCTIONS))
def _unary(node: Node) -> Described:
    value = node.input(0)
    if not has_sides(value):
        return f"ACL is asked for {node.op} only of images"
    if any(bound is not None and bound.constant is None for bound in node.inputs[1:]):
        return "its bounds are computed"
    fields = _activation(activation_of(node))
    return Request(Op.ACTIVATION, node.op, (value,), node.output, fields=fields)
