"""InstanceNormalization."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.layer import pad_channels
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import BLOCKED, DENSE, is_image
from edge_compiler.targets.program.limits import require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import required
from edge_perception.runtime.manifest import POOL


def check_instance_norm(node: Node) -> str | None:
    """Normalise each channel by its own mean and variance, with constant scale and shift."""
    return require_constant(node, 1, 2)


@lowers("InstanceNormalization", check=check_instance_norm)
def lower_instance_norm(low: Lowering, node: Node) -> None:
    """Normalise an image in blocks, or the lines of a row-major value."""
    value = node.input(0)
    blocked = is_image(value) and low.is_free(value, BLOCKED)
    layout = BLOCKED if blocked else DENSE
    source, target = low.source(value, layout), low.target(node.output, layout)
    scale, shift = (low.weights.add(pad_channels(required(node, index))) for index in (1, 2))
    common: dict[str, Field] = {
        "epsilon": float(node.attributes["epsilon"]),
        "act": node.fused.activation,
    }

    def call(_: object) -> Call:
        pointers = (reading(source), scale, shift, writing(target))
        if not blocked:
            images, channels, *sides = value.shape
            lines = {"lines": images * channels, "channels": channels, "length": math.prod(sides)}
            return Call("instance_norm_lines_run", "instance_norm_lines", lines | common, pointers)
        fields: dict[str, Field] = {
            "blocks": source.blocks,
            "height": source.height,
            "width": source.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_plane": target.plane,
            "out_row": target.row,
        }
        return Call("instance_norm_run", "instance_norm", fields | common, pointers)

    low.add(node, "instance norm", [source], target, call, value=node.output, group=POOL)
