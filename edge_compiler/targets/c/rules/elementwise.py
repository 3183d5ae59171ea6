"""Functions of one or two values, element by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ops.activations import activation_of, OPERATORS
from edge_compiler.targets.c.layer import pad_channels
from edge_compiler.targets.c.rules.limits import require_constant, require_image
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, DENSE, is_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import required
from edge_compiler.targets.program.program import Call, Field, Pointer, reading, writing
from edge_perception.runtime.manifest import CONVOLUTION

_BINARY = {
    "Add": "OP_ADD",
    "Sub": "OP_SUB",
    "Mul": "OP_MUL",
    "Div": "OP_DIV",
    "Max": "OP_MAX",
    "Min": "OP_MIN",
    "Sum": "OP_ADD",
}


def check_clip(node: Node) -> str | None:
    """Limit to constant bounds (ReLU6)."""
    return require_constant(node, 1, 2)


@lowers("Clip", check=check_clip)
@lowers(*(op for op in OPERATORS if op != "Clip"))
def lower_unary(low: Lowering, node: Node) -> None:
    """Apply an activation that no other node took over."""
    value = node.input(0)
    blocked = is_image(value) and low.is_free(value, BLOCKED)
    layout = BLOCKED if blocked else DENSE
    source, target = low.source(value, layout), low.target(node.output, layout)

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            **_extent(target),
            "in": _strides(source),
            "out": _strides(target),
            "act": activation_of(node),
        }
        return Call("unary_run", "unary", fields, (reading(source), writing(target)))

    low.add(node, node.op, [source], target, call, value=node.output, group=CONVOLUTION)


@lowers("ChannelAffine", check=lambda node: require_image(node.input(0)))
def lower_channel_affine(low: Lowering, node: Node) -> None:
    """Scale and shift each channel."""
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    scale, shift = (low.weights.add(pad_channels(required(node, i))) for i in (1, 2))

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            **_extent(target),
            "in": _strides(source),
            "out": _strides(target),
            "act": node.fused.activation,
        }
        pointers = (reading(source), scale, shift, writing(target))
        return Call("channel_affine_run", "unary", fields, pointers)

    low.add(
        node,
        "channel affine",
        [source],
        target,
        call,
        value=node.output,
        group=CONVOLUTION,
    )


def check_binary(node: Node) -> str | None:
    """Arithmetic of tensors of one shape, with a constant, or with one number a channel."""
    shape = node.output.shape
    for value in node.inputs:
        if value is None or value.constant is not None or value.shape == shape:
            continue
        image = is_image(node.output) and len(value.shape) == 4 and node.op != "Div"
        if not (image and value.shape[1] == shape[1]):
            return (
                f"broadcasting a computed {list(value.shape)} to {list(shape)} is not supported "
                "(constants of any shape and one number a channel are)"
            )
    return None


@lowers(*_BINARY, check=check_binary)
def lower_binary(low: Lowering, node: Node) -> None:
    """Combine the first two inputs, then the result with the third, and so on."""
    blocked = node.op != "Div" and is_image(node.output)  # 0 / 0 in unused lanes would be NaN
    operand = _image_operand if blocked else _line_operand
    operands = [operand(low, value, node.output) for value in node.inputs if value is not None]
    target = low.target(node.output, BLOCKED if blocked else DENSE)
    left = operands[0]
    for right in operands[1:]:
        last = right is operands[-1]
        _add_binary(low, node, left, right, target, last)
        left = _Operand(target)


@dataclass(frozen=True, eq=False)
class _Operand:
    """
    One side of a binary operation.

    :ivar buffer: where it is in the arena, or
    :ivar constant: where it is among the weights, with its strides.
    :ivar repeat: along which of (plane, row, column) its elements are repeated.
    """

    buffer: Buffer | None = None
    constant: Pointer | None = None
    packed_strides: tuple[int, int, int] = (0, 0, 0)
    repeat: tuple[bool, bool, bool] = (False, False, False)

    def pointer(self) -> Pointer:
        """Return where it begins."""
        if self.buffer is not None:
            return reading(self.buffer)
        assert self.constant is not None
        return self.constant

    def strides(self) -> tuple[int, ...]:
        """Return the floats to the next plane, row and column; 0 to repeat."""
        full = self.packed_strides if self.buffer is None else _strides(self.buffer)
        pairs = zip(self.repeat, full, strict=True)
        return tuple(0 if repeated else stride for repeated, stride in pairs)


def _add_binary(
    low: Lowering, node: Node, left: _Operand, right: _Operand, target: Buffer, last: bool
) -> None:
    reads = [operand.buffer for operand in (left, right) if operand.buffer is not None]

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            **_extent(target),
            "a": left.strides(),
            "b": right.strides(),
            "out": _strides(target),
            "op": _BINARY[node.op],
            "act": node.fused.activation if last else None,
        }
        pointers = (left.pointer(), right.pointer(), writing(target))
        return Call("binary_run", "binary", fields, pointers)

    low.add(node, node.op, reads, target, call, value=node.output if last else None)


def _as_image(value: Value) -> tuple[int, ...]:
    """Return the shape with leading ones, as broadcasting to an image sees it."""
    return (1,) * (4 - len(value.shape)) + value.shape


def _image_operand(low: Lowering, value: Value, output: Value) -> _Operand:
    """Return an operand of an image, in blocks."""
    _, _, height, width = _as_image(value)
    repeat = (False, height < output.shape[2], width < output.shape[3])
    if value.constant is None:
        return _Operand(low.source(value, BLOCKED), repeat=repeat)
    channels = output.shape[1]
    data = value.constant.reshape(_as_image(value))
    full: np.ndarray[Any, Any] = np.broadcast_to(data, (1, channels, height, width))[0]
    blocks = np.pad(full, [(0, -channels % BLOCK), (0, 0), (0, 0)])
    packed = blocks.reshape(-1, BLOCK, height, width).transpose(0, 2, 3, 1)
    strides = (height * width * BLOCK, width * BLOCK, BLOCK)
    return _Operand(None, low.weights.add(packed), strides, repeat)


def _line_operand(low: Lowering, value: Value, output: Value) -> _Operand:
    """Return an operand of a dense value, as one line of blocks."""
    if value.constant is None:
        return _Operand(low.source(value, DENSE))
    data = np.broadcast_to(value.constant, output.shape).ravel()
    return _Operand(None, low.weights.add(data), _LINE)


_LINE = (0, BLOCK, BLOCK)


def _extent(target: Buffer) -> dict[str, Field]:
    """Return blocks, height and width; a dense value counts as a column of blocks."""
    if target.block == BLOCK:
        return {"blocks": target.blocks, "height": target.height, "width": target.width}
    return {"blocks": 1, "height": -(-target.channels // BLOCK), "width": 1}


def _strides(buffer: Buffer) -> tuple[int, int, int]:
    """Return the floats to the next plane, row and column of blocks."""
    return (buffer.plane, buffer.row, buffer.block) if buffer.block == BLOCK else _LINE
