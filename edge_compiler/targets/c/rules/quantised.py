"""Operators of quantised values: steps that compute in integers."""

from __future__ import annotations

from collections.abc import Sequence

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ir.quantised import multipliers
from edge_compiler.targets.c.algorithms.integer.addition import LARGEST
from edge_compiler.targets.c.algorithms.integer.depthwise import lower_depthwise, suits_depthwise
from edge_compiler.targets.c.algorithms.integer.lower import lower_convolution, lower_product
from edge_compiler.targets.c.algorithms.integer.rounding import flip, rounding, unsigned_zero
from edge_compiler.targets.c.rules.broadcast import check_broadcast
from edge_compiler.targets.c.rules.pool import pool_fields
from edge_compiler.targets.c.rules.resize import image_fields, resize_taps
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import (
    BLOCK,
    BLOCKED,
    DENSE,
    image_shape,
    is_image,
    merge_axes,
    repeated,
)
from edge_compiler.targets.program.limits import require_constant, require_type
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Geometry, required
from edge_compiler.targets.program.reorder import ranked
from edge_perception.runtime.dtypes import ELEMENT_TYPES
from edge_perception.runtime.manifest import POOL

_BYTES = (ELEMENT_TYPES["uint8"], ELEMENT_TYPES["int8"])


@lowers("QConv", types=_BYTES)
def lower_qconv(low: Lowering, node: Node) -> None:
    """Lower a dense, grouped or depthwise convolution."""
    (lower_depthwise if suits_depthwise(node) else lower_convolution)(low, node)


lowers("QMatMul", types=_BYTES)(lower_product)


def check_sums(node: Node) -> str | None:
    """Add up products with constant weights of int8, whose own zero point is 0."""
    reason = require_constant(node, 1) or require_type(node.input(1), (ELEMENT_TYPES["int8"],))
    many = len(node.inputs) > 2 and node.inputs[2] is not None and node.input(2).size > 1
    return reason or ("the zero point is one for each row" if many else None)


lowers("ConvInteger", check=check_sums, types=_BYTES)(lower_convolution)
lowers("MatMulInteger", check=check_sums, types=_BYTES)(lower_product)


_OPERATIONS = {"QAdd": "Q_ADD", "QMul": "Q_MUL", "Requantise": "Q_SCALE"}
_LARGEST = {"QAdd": LARGEST, "QMul": 255 * 255, "Requantise": 255}
"""What is multiplied at most."""


@lowers("QAdd", "QMul", "Requantise", check=check_broadcast, types=_BYTES)
def lower_elements(low: Lowering, node: Node) -> None:
    """Combine bytes, or give them another scale."""
    if node.op == "QAdd" and low.is_free(node.output, BLOCKED):
        return  # a convolution did it, see addition.py
    values = [value for value in node.inputs if value is not None]
    layout = BLOCKED if _suit_blocks(low, values, node.output) else DENSE
    sources = [low.source(value, layout) for value in values]
    target = low.target(node.output, layout)
    numbers = [float(x) for x in multipliers(node)]

    def call(_: object) -> Call:
        full, whole = _shape(target), _steps(target, target)
        shape, steps = merge_axes(full, whole, *(_steps(x, target) for x in sources))
        fields: dict[str, Field] = {
            "op": _OPERATIONS[node.op],
            "shape": ranked(shape, 1),
            **{name: ranked(s, 0) for name, s in zip("ab", steps[1:], strict=False)},
            **{f"by_{s}": x for s, x in zip(("left", "right"), numbers, strict=False)},
            "round": rounding(node, _LARGEST[node.op]),
        }
        for side, value in zip(("left", "right"), values, strict=False):
            fields[side] = (flip(value), unsigned_zero(value))
        pointers = [reading(x) for x in (*sources, sources[0])[:2]]
        return Call("qelements_run", "qelements", fields, (*pointers, writing(target)))

    low.add(
        node,
        f"int8 {node.op[1:] if node.op[0] == 'Q' else 'scale'}",
        sources,
        target,
        call,
        value=node.output,
    )


def _suit_blocks(low: Lowering, values: Sequence[Value], output: Value) -> bool:
    """Return whether operands can be read in blocks of channels, as one of them is."""
    alike = (
        is_image(value)
        and len(value.shape) == len(output.shape)
        and value.shape[:2] == output.shape[:2]
        for value in values
    )
    return all(alike) and any(low.is_free(value, BLOCKED) for value in values)


def _shape(target: Buffer) -> tuple[int, ...]:
    if target.layout is DENSE:
        return target.shape
    return (target.blocks, target.height, target.width, BLOCK)


def _steps(buffer: Buffer, target: Buffer) -> tuple[int, ...]:
    """Return the bytes from one element to the next along each axis; 0: it is repeated."""
    if target.layout is DENSE:
        return repeated(buffer.shape, target.shape)
    down = buffer.row if buffer.height == target.height else 0
    right = BLOCK if buffer.width == target.width else 0
    return (buffer.plane, down, right, 1)


@lowers("Lookup", types=_BYTES)
def lower_lookup(low: Lowering, node: Node) -> None:
    """Look each byte up in a table."""
    value = node.input(0)
    layout = BLOCKED if is_image(value) and low.is_free(value, BLOCKED) else DENSE
    source, target = low.source(value, layout), low.target(node.output, layout)
    table = low.weights.add(required(node, 1))

    def call(_: object) -> Call:
        blocks, count = (target.blocks, target.plane) if layout is BLOCKED else (1, value.size)
        pointers = (reading(source), table, writing(target))
        return Call("qlookup_run", "qlookup", {"blocks": blocks, "count": count}, pointers)

    low.add(node, "int8 table", [source], target, call, value=node.output)


@lowers("QMaxPool", "QAveragePool", "QGlobalAveragePool", types=_BYTES)
def lower_pool(low: Lowering, node: Node) -> None:
    """Pool windows, or the whole image."""
    value = node.input(0)
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
    geometry, kind = _whole(value), "global average"
    if node.op != "QGlobalAveragePool":
        geometry = Geometry.of(node)
        kind = f"{'max' if node.op == 'QMaxPool' else 'average'} pool {geometry}"

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            **pool_fields(node, geometry, source, target),
            "average": int(node.op != "QMaxPool"),
            "flip": flip(value),
            "zero": unsigned_zero(value),
            "by": float(multipliers(node)[0]),
            "round": rounding(node),
        }
        return Call("qpool_run", "qpool", fields, (reading(source), writing(target)))

    low.add(node, f"int8 {kind}", [source], target, call, value=node.output, group=POOL)


@lowers("QResize", types=_BYTES)
def lower_qresize(low: Lowering, node: Node) -> None:
    """Interpolate between four pixels."""
    value = node.input(0)
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
    rows, columns = (resize_taps(node, axis) for axis in (2, 3))

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            **image_fields(source, target),
            "flip": flip(value),
            "zero": unsigned_zero(value),
            "by": float(multipliers(node)[0]),
            "round": rounding(node),
        }
        pointers = (rows, columns, reading(source), writing(target))
        return Call("qblend_run", "qblend", fields, pointers)

    low.add(node, "int8 resize linear", [source], target, call, value=node.output)


def _whole(value: Value) -> Geometry:
    """Return the window that covers an image."""
    _, _, height, width = image_shape(value.shape)
    return Geometry((height, width), (1, 1), (1, 1), (0, 0, 0, 0))
