"""Functions of one or two values, element by element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ops.activations import activation_of, FUNCTIONS, OPERATORS
from edge_compiler.targets.c.layer import pad_channels
from edge_compiler.targets.c.rules.table import FLOATS, lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import (
    BLOCK,
    BLOCKED,
    DENSE,
    image_shape,
    image_size,
    is_image,
    Layout,
    merge_axes,
    repeated,
)
from edge_compiler.targets.program.limits import require_axes, require_constant, require_type
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, required
from edge_compiler.targets.program.reorder import ranked
from edge_perception.runtime.manifest import CONVOLUTION

_BINARY = {
    "Add": "OP_ADD",
    "Sub": "OP_SUB",
    "Mul": "OP_MUL",
    "Div": "OP_DIV",
    "Max": "OP_MAX",
    "Min": "OP_MIN",
    "Sum": "OP_ADD",
    "PRelu": "OP_PRELU",
    "Pow": "OP_POW",
}


def check_clip(node: Node) -> str | None:
    """Limit to constant bounds (ReLU6)."""
    return require_constant(node, 1, 2)


@lowers("Clip", check=check_clip)
@lowers(*(op for op in OPERATORS if op != "Clip"))
def lower_unary(low: Lowering, node: Node) -> None:
    """Apply an activation that no other node took over."""
    value, activation = node.input(0), activation_of(node)
    assert activation is not None
    blocked = is_image(value) and low.is_free(value, BLOCKED)
    layout = BLOCKED if blocked and FUNCTIONS[activation.op].finite else DENSE
    source, target = low.source(value, layout), low.target(node.output, layout)

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            **_extent(target),
            "in": _strides(source),
            "out": _strides(target),
            "act": activation,
        }
        return Call("elementwise_unary_run", "unary", fields, (reading(source), writing(target)))

    low.add(node, node.op, [source], target, call, value=node.output, group=CONVOLUTION)


@lowers("ChannelAffine")
def lower_channel_affine(low: Lowering, node: Node) -> None:
    """Scale and shift each channel."""
    value, output = node.input(0), node.output
    blocked = is_image(value) and low.is_free(value, BLOCKED)
    if blocked:
        _scale_and_shift(low, node, BLOCKED)
    else:
        low.defer(output, lambda: _scale_and_shift(low, node, DENSE))


def _scale_and_shift(low: Lowering, node: Node, layout: Layout) -> None:
    value, output, activation = node.input(0), node.output, node.fused.activation
    source, target = low.source(value, layout), low.target(output, layout)
    scale, shift = (low.weights.add(pad_channels(required(node, i))) for i in (1, 2))

    def call(_: object) -> Call:
        pointers = (reading(source), scale, shift, writing(target))
        if layout is DENSE:
            outer, channels, *inner = value.shape
            lines = {"lines": outer * channels, "channels": channels, "length": math.prod(inner)}
            return Call(
                "elementwise_line_affine_run", "line_affine", lines | {"act": activation}, pointers
            )
        fields: dict[str, Field] = {
            **_extent(target),
            "in": _strides(source),
            "out": _strides(target),
            "act": activation,
        }
        return Call("elementwise_channel_affine_run", "unary", fields, pointers)

    low.add(node, "channel affine", [source], target, call, value=output, group=CONVOLUTION)


def check_binary(node: Node) -> str | None:
    """Arithmetic of tensors of any rank that broadcast to one shape."""
    full = node.output.shape
    shapes = [value.shape for value in node.inputs if value is not None]
    for left, right in zip([shapes[0], *[full] * len(shapes)], shapes[1:], strict=False):
        axes, _ = merge_axes(full, repeated(left, full), repeated(right, full))
        if reason := require_axes(f"{list(left)} and {list(right)} broadcast", len(axes)):
            return reason
    return None


def check_pow(node: Node) -> str | None:
    """Elements to the power of others, both float32; usual exponents become simpler operators."""
    return require_type(node.input(1), FLOATS) or check_binary(node)


@lowers("Pow", check=check_pow)
@lowers(*(op for op in _BINARY if op != "Pow"), check=check_binary)
def lower_binary(low: Lowering, node: Node) -> None:
    """Combine the first two inputs, then the result with the third, and so on."""
    values, output = [value for value in node.inputs if value is not None], node.output
    if len(values) == 1:
        low.share(output, values[0])
        return
    if _suits_blocks(low, node.op, values, output):
        operands = [_image_operand(low, value, output) for value in values]
        target = low.target(output, BLOCKED)
        result = _Operand(Data(target), lambda: _strides(target))
    else:
        operands = [_row_major_operand(low, value, output) for value in values]
        target = low.target(output, DENSE)
        result = _Operand(Data(target), lambda: repeated(output.shape, output.shape))
    left = operands[0]
    for right in operands[1:]:
        _add_binary(low, node, left, right, target, right is operands[-1])
        left = result


def _suits_blocks(low: Lowering, op: str, values: list[Value], output: Value) -> bool:
    """Return whether the operands can be read in blocks of channels, as one of them is."""
    computed = [value for value in values if value.constant is None]
    return (
        op not in ("Div", "Pow")  # 0 / 0 in unused lanes would be NaN
        and is_image(output)
        and all(
            is_image(value)
            and len(value.shape) == len(output.shape)
            and value.shape[1] == output.shape[1]
            for value in computed
        )
        and any(low.is_free(value, BLOCKED) for value in computed)
    )


@dataclass(frozen=True, eq=False)
class _Operand:
    """
    One side of a binary operation.

    :ivar steps: returns the floats to the next element along each axis, 0 to repeat, once all
        halos are known: of an image in blocks to the next plane, row and column.
    """

    data: Data
    steps: Callable[[], tuple[int, ...]]


def _add_binary(
    low: Lowering, node: Node, left: _Operand, right: _Operand, target: Buffer, last: bool
) -> None:
    def call(_: object) -> Call:
        kernel, fields = "binary", {**_extent(target), "out": _strides(target)}
        a, b = left.steps(), right.steps()
        if target.layout is DENSE:
            shape, (a, b) = merge_axes(node.output.shape, a, b)
            kernel, fields = "broadcast", {"shape": ranked(shape, 1)}
            a, b = ranked(a, 0), ranked(b, 0)
        fields |= {"a": a, "b": b, "op": _BINARY[node.op]}
        fields |= {"act": node.fused.activation if last else None}
        pointers = (left.data.pointer(), right.data.pointer(), writing(target))
        return Call(f"elementwise_{kernel}_run", kernel, fields, pointers)

    reads = [*left.data.reads, *right.data.reads]
    low.add(node, node.op, reads, target, call, value=node.output if last else None)


def _image_operand(low: Lowering, value: Value, output: Value) -> _Operand:
    """Return an operand of an image, in blocks."""
    shape = image_shape((1,) * (len(output.shape) - len(value.shape)) + value.shape)
    images, _, height, width = shape
    channels, *size = image_size(output.shape)
    repeat = (False, height < size[0], width < size[1])
    if value.constant is None:
        buffer = low.source(value, BLOCKED)
        return _Operand(Data(buffer), lambda: _repeat(_strides(buffer), repeat))
    full: Array = np.broadcast_to(value.constant.reshape(shape), (images, channels, height, width))
    blocks = np.pad(full, [(0, 0), (0, -channels % BLOCK), (0, 0), (0, 0)])
    packed = blocks.reshape(images, -1, BLOCK, height, width).transpose(0, 1, 3, 4, 2)
    strides = (height * width * BLOCK, width * BLOCK, BLOCK)
    place = low.weights.add(packed).of_images(packed[0].size if images > 1 else 0)
    return _Operand(Data(place), lambda: _repeat(strides, repeat))


def _repeat(strides: tuple[int, ...], repeat: tuple[bool, ...]) -> tuple[int, ...]:
    """Return strides that stay at the first element where it is repeated."""
    return tuple(0 if same else stride for same, stride in zip(repeat, strides, strict=True))


def _row_major_operand(low: Lowering, value: Value, output: Value) -> _Operand:
    """Return an operand in row-major order."""
    return _Operand(Data.of(low, value), lambda: repeated(value.shape, output.shape))


_LINE = (0, BLOCK, BLOCK)


def _extent(target: Buffer) -> dict[str, Field]:
    """Return blocks, height and width; a dense value counts as a column of blocks."""
    if target.block == BLOCK:
        return {"blocks": target.blocks, "height": target.height, "width": target.width}
    return {"blocks": 1, "height": -(-target.channels // BLOCK), "width": 1}


def _strides(buffer: Buffer) -> tuple[int, int, int]:
    """Return the floats to the next plane, row and column of blocks."""
    return (buffer.plane, buffer.row, buffer.block) if buffer.block == BLOCK else _LINE
