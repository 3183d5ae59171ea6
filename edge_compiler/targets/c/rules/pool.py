"""MaxPool, AveragePool and GlobalAveragePool."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Geometry
from edge_compiler.targets.program.program import Call, Field, reading, writing


def _check(node: Node) -> str | None:
    if len(node.output.shape) != 4:
        return f"only 2-D pooling is supported, received {len(node.output.shape)} dimensions"
    if len(node.outputs) > 1:
        return "the indices of the maxima are not supported"
    return None


def _check_window(node: Node) -> str | None:
    geometry = Geometry.of(node)
    size, out = node.input(0).shape[2:], node.output.shape[2:]
    for axis in range(len(size)):
        if (out[axis] - 1) * geometry.stride[axis] >= size[axis] + geometry.pads[axis]:
            # ONNX's shape inference and ONNX Runtime disagree on whether there is such a window
            return "with ceil_mode, the last window begins in the padding"
    return None


@lowers("MaxPool", "AveragePool", check=lambda node: _check(node) or _check_window(node))
def lower_pool(low: Lowering, node: Node) -> None:
    """Pool windows; those that reach past the edge leave out what lies outside."""
    geometry = Geometry.of(node)
    source, target = low.blocked(node.input(0)), low.new_blocked(node.output)
    top, left, bottom, right = geometry.pads

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            "kind": "POOL_MAX" if node.op == "MaxPool" else "POOL_AVERAGE",
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
        pointers = (reading(source), writing(target))
        return Call("pool_run", "pool", fields | geometry.fields(), pointers)

    kind = "max" if node.op == "MaxPool" else "average"
    low.add(node, f"{kind} pool {geometry}", [source], target, call, value=node.output)


@lowers("GlobalAveragePool", check=_check)
def lower_global_average(low: Lowering, node: Node) -> None:
    """Average each channel over the image."""
    source, target = low.blocked(node.input(0)), low.new_blocked(node.output)

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
        return Call("global_average_run", "global_average", fields, pointers)

    low.add(node, "global average", [source], target, call, value=node.output)
