"""GridSample."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.table import FLOATS, lowers
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import BLOCKED
from edge_compiler.targets.program.limits import require, require_sides, require_type
from edge_compiler.targets.program.lowering import Lowering

_MODES = {"nearest": "GRID_NEAREST", "linear": "GRID_LINEAR", "cubic": "GRID_CUBIC"}
_PADDING = {"zeros": "GRID_ZEROS", "border": "GRID_BORDER", "reflection": "GRID_REFLECTION"}


def check_grid_sample(node: Node) -> str | None:
    """Sample images of height and width where a tensor says, nearest, linear or cubic."""
    return (
        require_sides(node.input(0))
        or require(node, "mode", "linear", *_MODES)
        or require(node, "padding_mode", "zeros", *_PADDING)
        or require_type(node.input(1), FLOATS)
    )


@lowers("GridSample", check=check_grid_sample)
def lower_grid_sample(low: Lowering, node: Node) -> None:
    """Sample an image in blocks: all of its channels at once."""
    value, grid = node.input(0), Data.of(low, node.input(1))
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            "mode": _MODES[node.attributes["mode"]],
            "padding": _PADDING[node.attributes["padding_mode"]],
            "align_corners": node.attributes["align_corners"],
            "blocks": source.blocks,
            "in_h": source.height,
            "in_w": source.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            "out_row": target.row,
        }
        places = grid.pointer()
        if not isinstance(grid.place, Buffer) and target.images > 1:
            places = places.of_images(node.input(1).size // target.images)
        pointers = (reading(source), places, writing(target))
        return Call("grid_sample_run", "grid_sample", fields, pointers)

    kernel = f"grid sample {node.attributes['mode']}"
    low.add(node, kernel, [source, *grid.reads], target, call, value=node.output)
