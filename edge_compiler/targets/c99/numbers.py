"""Functions of each element, and sums over some of them."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node
from edge_compiler.ops.activations import activation_of, FUNCTIONS
from edge_compiler.targets.c99.table import (
    activation_field,
    add_step,
    KNOWN,
    lowers,
)
from edge_compiler.targets.program.boxes import check_axes
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import DENSE, image_shape, merge_axes, repeated
from edge_compiler.targets.program.limits import require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import required
from edge_compiler.targets.program.reorder import ranked


def _check_function(node: Node) -> str | None:
    activation = activation_of(node)
    if activation is None:
        return "its bounds are computed: export it with constants"
    return None if activation.op in KNOWN else f"c99 has no {activation.op}: choose another target"


@lowers(*{FUNCTIONS[name].op: None for name in KNOWN}, check=_check_function)
def lower_unary(low: Lowering, node: Node) -> None:
    """Apply a function to each element."""
    fields: dict[str, Field] = {"count": node.output.size, "act": activation_of(node)}
    add_step(low, node, ("plain_unary_run", "plain_unary", fields))


@lowers("ChannelAffine")
def lower_affine(low: Lowering, node: Node) -> None:
    """Scale and shift each channel."""
    images, channels, *inner = node.output.shape
    fields = {
        "lines": images * channels,
        "channels": channels,
        "length": math.prod(inner),
        **activation_field(node),
    }
    constants = [low.weights.add(required(node, index)) for index in (1, 2)]
    add_step(low, node, ("plain_affine_run", "plain_affine", fields), *constants)


_BINARY = {
    "Add": "PLAIN_ADD",
    "Sum": "PLAIN_ADD",
    "Sub": "PLAIN_SUB",
    "Mul": "PLAIN_MUL",
    "Div": "PLAIN_DIV",
    "Max": "PLAIN_MAX",
    "Min": "PLAIN_MIN",
    "PRelu": "PLAIN_PRELU",
    "Pow": "PLAIN_POW",
}


def _check_binary(node: Node) -> str | None:
    full = node.output.shape
    return check_axes(full, *(repeated(v.shape, full) for v in node.inputs if v is not None))


@lowers(*_BINARY, check=_check_binary)
def lower_binary(low: Lowering, node: Node) -> None:
    """Combine tensors that broadcast; several of them one after the other."""
    operands = [(Data.of(low, v), v.shape) for v in node.inputs if v is not None]
    if len(operands) == 1:
        low.share(node.output, node.input(0))
        return
    target = low.target(node.output, DENSE)
    left, *others = operands
    for index, right in enumerate(others, start=1):
        is_last = index == len(others)
        _add_binary(low, node, left, right, target, is_last)
        left = (Data(target), node.output.shape)


Operand = tuple[Data, tuple[int, ...]]


def _add_binary(
    low: Lowering, node: Node, left: Operand, right: Operand, target: Buffer, is_last: bool
) -> None:
    (a, a_shape), (b, b_shape), full = left, right, node.output.shape
    shape, (a_steps, b_steps) = merge_axes(full, repeated(a_shape, full), repeated(b_shape, full))
    fields: dict[str, Field] = {
        "shape": ranked(shape, 1),
        "a": ranked(a_steps, 0),
        "b": ranked(b_steps, 0),
        "op": _BINARY[node.op],
        "act": node.fused.activation if is_last else None,
    }

    def call(_: object) -> Call:
        pointers = (a.pointer(), b.pointer(), writing(target))
        return Call("plain_binary_run", "plain_binary", fields, pointers)

    value = node.output if is_last else None
    low.add(node, node.op, [*a.reads, *b.reads], target, call, value=value)


@lowers("Softmax")
def lower_softmax(low: Lowering, node: Node) -> None:
    """Normalise along an axis."""
    shape = node.input(0).shape
    axis = node.attributes["axis"] % len(shape)
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    fields = {"outer": outer, "length": shape[axis], "inner": inner}
    add_step(low, node, ("plain_softmax_run", "plain_axis", fields))


@lowers("LRN", check=lambda node: require_image(node.input(0)))
def lower_lrn(low: Lowering, node: Node) -> None:
    """Normalise over neighbouring channels."""
    images, channels, height, width = image_shape(node.output.shape)
    numbers = {name: node.attributes[name] for name in ("size", "alpha", "beta", "bias")}
    fields = {"images": images, "channels": channels, "pixels": height * width, **numbers}
    add_step(low, node, ("plain_lrn_run", "plain_lrn", fields))
