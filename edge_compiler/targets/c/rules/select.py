"""Gather, ArgMax and ArgMin: elements by their indices, and indices of elements."""

from __future__ import annotations

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.axis import axis_fields, gather_fields
from edge_compiler.targets.c.rules.table import ALL, lowers, NUMBERS
from edge_compiler.targets.program.boxes import source_of
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, Pointer, reading, writing
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.limits import require_type
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.dtypes import INT32, INT64


def check_gather(node: Node) -> str | None:
    """Elements by their indices; an index beyond an end is taken for the last on that side."""
    return require_type(node.input(1), (INT32, INT64))


@lowers("Gather", check=check_gather, types=ALL)
def lower_gather(low: Lowering, node: Node) -> None:
    """Copy what lies at each index along the axis."""
    data, indices = node.input(0), node.input(1)
    axis = node.attributes["axis"] % len(data.shape)
    sources = source_of(low, data), source_of(low, indices)
    target = low.target(node.output, DENSE)
    fields = gather_fields(data.shape, axis, data.type, indices.size)

    def call(_: object) -> Call:
        pointers = [x if isinstance(x, Pointer) else reading(x) for x in sources]
        kernel = f"select_gather_{c_type(indices.type)}"
        return Call(kernel, "gather", fields, (*pointers, writing(target)))

    reads = [source for source in sources if isinstance(source, Buffer)]
    low.add(node, "gather", reads, target, call, value=node.output)


@lowers("ArgMax", "ArgMin", types=NUMBERS)
def lower_arg_extreme(low: Lowering, node: Node) -> None:
    """Find the index of the largest or smallest element along the axis."""
    value, a = node.input(0), node.attributes
    axis = a["axis"] % len(value.shape)
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    fields: dict[str, Field] = {
        **axis_fields(value.shape, axis),
        "smallest": int(node.op == "ArgMin"),
        "last": a["select_last_index"],
    }

    def call(_: object) -> Call:
        kernel = f"select_arg_extreme_{c_type(value.type)}"
        return Call(kernel, "arg_extreme", fields, (reading(source), writing(target)))

    low.add(node, node.op, [source], target, call, value=node.output)
