"""MaxPool, AveragePool and GlobalAveragePool."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import BLOCKED
from edge_compiler.targets.program.limits import require, require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Geometry
from edge_perception.runtime.manifest import POOL


def check_max_pool(node: Node) -> str | None:
    """2-D maximum pooling: any stride, dilation, padding, ceil_mode."""
    return require_image(node.input(0)) or require(node, "storage_order", 0)


def check_average_pool(node: Node) -> str | None:
    """2-D average pooling: any stride, dilation, padding, count_include_pad, ceil_mode."""
    return require_image(node.input(0))


@lowers("MaxPool", check=check_max_pool)
@lowers("AveragePool", check=check_average_pool)
def lower_pool(low: Lowering, node: Node) -> None:
    """Pool windows; those that reach past the edge leave out what lies outside."""
    geometry = Geometry.of(node)
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)

    def call(_: object) -> Call:
        kind = "POOL_MAX" if node.op == "MaxPool" else "POOL_AVERAGE"
        fields = {"kind": kind, **pool_fields(node, geometry, source, target)}
        return Call("pool_run", "pool", fields, (reading(source), writing(target)))

    kind = "max" if node.op == "MaxPool" else "average"
    low.add(node, f"{kind} pool {geometry}", [source], target, call, value=node.output, group=POOL)


def pool_fields(
    node: Node, geometry: Geometry, source: Buffer, target: Buffer
) -> dict[str, Field]:
    """Return what kernels of pools are told, of floats and of bytes."""
    top, left, bottom, right = geometry.pads
    return {
        **geometry.fields(),
        "blocks": source.blocks,
        "in_h": source.height,
        "in_w": source.width,
        "in_plane": source.plane,
        "in_row": source.row,
        "pad_top": top,
        "pad_left": left,
        "out_h": target.height,
        "out_w": target.width,
        "out_plane": target.plane,
        "out_row": target.row,
        "padded_h": source.height + top + bottom,
        "padded_w": source.width + left + right,
        "count_include_pad": node.attributes.get("count_include_pad", 0),
    }


@lowers("GlobalAveragePool", check=lambda node: require_image(node.input(0)))
def lower_global_average(low: Lowering, node: Node) -> None:
    """Average each channel over the image."""
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)

    def call(_: object) -> Call:
        fields = {
            "blocks": source.blocks,
            "in_h": source.height,
            "in_w": source.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_plane": target.plane,
        }
        pointers = (reading(source), writing(target))
        return Call("pool_global_average_run", "global_average", fields, pointers)

    low.add(node, "global average", [source], target, call, value=node.output, group=POOL)
