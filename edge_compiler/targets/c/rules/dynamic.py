"""DynamicQuantizeLinear: floats become bytes by their own range."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.broadcast import add_elementwise
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import DENSE, repeated
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.manifest import POOL

_PIECES, _LEAST = 32, 256
"""Of a range at most, for as many threads; numbers of a piece at least."""


@lowers("DynamicQuantizeLinear")
def lower_dynamic(low: Lowering, node: Node) -> None:
    """Find the range, then scale and zero point, then quantise."""
    value, (_, scale, zero) = node.input(0), node.outputs
    pieces = max(1, min(_PIECES, value.size // _LEAST))
    source, ranges = low.source(value, DENSE), Buffer(f"{value.name}/range", (1, 2 * pieces))
    fields: dict[str, Field] = {"count": value.size, "pieces": pieces}

    def find(_: object) -> Call:
        return Call("dynamic_range", "dynamic", fields, (reading(source), writing(ranges)))

    low.add(node, "range", [source], ranges, find, group=POOL)
    for what, result in (("scale", scale), ("zero", zero)):
        target = low.target(result, DENSE)

        def make(_: object, what: str = what, target: Buffer = target) -> Call:
            pointers = (reading(ranges), writing(target))
            return Call(f"dynamic_{what}", "dynamic", fields, pointers)

        low.add(node, what, [ranges], target, make, value=result)
    whole, one = repeated(value.shape, value.shape), (0,) * len(value.shape)
    operands = [(value, whole), (scale, one), (zero, one)]
    add_elementwise(low, node, "quantise_uint8_t", operands=operands)
