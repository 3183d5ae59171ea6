"""QuantizeLinear and DequantizeLinear: floats and the integers that stand for them."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.algorithms.integer.rounding import flip
from edge_compiler.targets.c.rules.broadcast import add_elementwise, Operand, too_many_axes
from edge_compiler.targets.c.rules.table import lowers, READ_BLOCKS
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import BLOCKED, is_image, repeated
from edge_compiler.targets.program.limits import require, require_type
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import required
from edge_perception.runtime.dtypes import ELEMENT_TYPES, ElementType, FLOAT32

_SMALL = tuple(ELEMENT_TYPES[name] for name in ("int8", "uint8", "int16", "uint16"))


def _operands(node: Node, type_: ElementType) -> list[Operand]:
    """Return numbers, scales and zero points, as they are repeated."""
    shape = node.output.shape
    axis = node.attributes["axis"] % max(len(shape), 1)
    scale = node.input(1)
    zero = node.inputs[2] if len(node.inputs) > 2 else None
    if zero is None:
        zero = Value(f"{node.output.name}/zero", (), type_, np.zeros((), type_.numpy))

    def steps(value: Value) -> tuple[int, ...]:
        return tuple(int(value.size > 1 and i == axis) for i in range(len(shape)))

    return [(node.input(0), repeated(shape, shape)), (scale, steps(scale)), (zero, steps(zero))]


def _check(node: Node, type_: ElementType) -> str | None:
    return (
        require(node, "block_size", 0)
        or require_type(node.input(1), (FLOAT32,))
        or too_many_axes(node, _operands(node, type_))
    )


def check_quantise(node: Node) -> str | None:
    """Round to integers of 8 or 16 bits, with one scale or one for each index of an axis."""
    return require_type(node.output, _SMALL) or _check(node, node.output.type)


@lowers("QuantizeLinear", check=check_quantise)
def lower_quantise(low: Lowering, node: Node) -> None:
    """Divide, round and limit."""
    type_ = node.output.type
    add_elementwise(low, node, f"quantise_{c_type(type_)}", operands=_operands(node, type_))


def check_dequantise(node: Node) -> str | None:
    """Multiply integers by one scale, or by one for each index of an axis."""
    return require_type(node.output, (FLOAT32,)) or _check(node, node.input(0).type)


@lowers("DequantizeLinear", check=check_dequantise, types=(*_SMALL, ELEMENT_TYPES["int32"]))
def lower_dequantise(low: Lowering, node: Node) -> None:
    """Subtract and multiply, in blocks of channels where all who read the result want these."""
    type_ = node.input(0).type
    if _suits_blocks(low, node):
        _lower_blocks(low, node)
        return
    add_elementwise(low, node, f"quantise_back_{c_type(type_)}", operands=_operands(node, type_))


def _suits_blocks(low: Lowering, node: Node) -> bool:
    """Return whether bytes lie in blocks of channels, and nobody wants the floats in rows."""
    value, readers = node.input(0), low.graph.consumers(node.output)
    constants = [value.constant for value in node.inputs[1:] if value is not None]
    single = all(constant is not None and constant.size == 1 for constant in constants)
    blocks = single and value.type.bytes == 1 and is_image(value) and low.is_free(value, BLOCKED)
    inner = node.output not in low.graph.outputs and bool(readers)
    return blocks and inner and all(reader.op in READ_BLOCKS for reader in readers)


def _lower_blocks(low: Lowering, node: Node) -> None:
    value = node.input(0)
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
    zero = int(required(node, 2).item()) if len(node.inputs) > 2 and node.inputs[2] else 0
    scale = float(required(node, 1).item())

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            "blocks": target.blocks,
            "height": target.height,
            "width": target.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_plane": target.plane,
            "out_row": target.row,
            "flip": flip(value),
            "zero": zero + flip(value),
            "scale": scale,
        }
        return Call("qback_run", "qback", fields, (reading(source), writing(target)))

    low.add(node, node.op, [source], target, call, value=node.output)
