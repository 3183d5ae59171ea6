"""Resize: nearest and linear, from tables made for the model's exact coordinate rule."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.ir.resize import COORDINATES, ROUNDING, Tap, taps
from edge_compiler.targets.c.rules.limits import require, require_image
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.layout import BLOCKED
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.program import Call, Field, reading, Table, writing


def check_resize(node: Node) -> str | None:
    """Nearest or linear resizing of height and width."""
    source, target = node.input(0).shape, node.output.shape
    if source[:2] != target[:2]:
        return f"only height and width can be resized, not {list(source)} to {list(target)}"
    return (
        require_image(node.input(0))
        or require(node, "mode", "nearest", "linear")
        or require(node, "nearest_mode", *ROUNDING)
        or require(node, "antialias", 0)
        or require(node, "exclude_outside", 0)
        or require(node, "coordinate_transformation_mode", *COORDINATES)
    )


@lowers("Resize", check=check_resize)
def lower_resize(low: Lowering, node: Node) -> None:
    """Resize an image in blocks."""
    value = node.input(0)
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
    rows, columns = (_table(taps(node, axis)) for axis in (2, 3))

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            "blocks": source.blocks,
            "out_h": target.height,
            "out_w": target.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_plane": target.plane,
            "out_row": target.row,
            "linear": int(node.attributes["mode"] == "linear"),
        }
        pointers = (rows, columns, reading(source), writing(target))
        return Call("resize_run", "resize", fields, pointers)

    low.add(node, f"resize {node.attributes['mode']}", [source], target, call, value=node.output)


def _table(entries: list[Tap]) -> Table:
    return Table("resize_tap", tuple(f"{{{a}, {b}, {f!r}f}}" for a, b, f in entries))
