"""Resize: nearest and linear, from tables made for the model's exact coordinate rule."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.ir.resize import COORDINATES, Tap, taps
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.lowering import is_image, Lowering
from edge_compiler.targets.program.program import Call, Field, reading, Table, writing


def _check(node: Node) -> str | None:
    value, a = node.input(0), node.attributes
    if not is_image(value) or value.shape[:2] != node.output.shape[:2]:
        return "only height and width of an image of shape 1xCxHxW can be resized"
    if a["mode"] not in ("nearest", "linear"):
        return f"mode {a['mode']!r} is not supported (nearest and linear are)"
    if a["coordinate_transformation_mode"] not in COORDINATES:
        return f"coordinates {a['coordinate_transformation_mode']!r} are not supported"
    if a.get("antialias"):
        return "antialias is not supported"
    return None


@lowers("Resize", check=_check)
def lower_resize(low: Lowering, node: Node) -> None:
    """Resize an image in blocks."""
    value = node.input(0)
    source, target = low.blocked(value), low.new_blocked(node.output)
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
