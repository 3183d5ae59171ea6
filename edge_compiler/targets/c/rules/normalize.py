"""Softmax and LRN."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.limits import require_image
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.layout import BLOCKED, DENSE, image_size
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.program import Call, Field, reading, SCRATCH, writing
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import POOL


@lowers("Softmax")
def lower_softmax(low: Lowering, node: Node) -> None:
    """Normalise along one axis of a dense value."""
    value = node.input(0)
    axis = node.attributes["axis"] % len(value.shape)
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    fields: dict[str, Field] = {
        "outer": math.prod(value.shape[:axis]),
        "length": value.shape[axis],
        "inner": math.prod(value.shape[axis + 1 :]),
    }

    def call(_: object) -> Call:
        return Call("softmax_run", "softmax", fields, (reading(source), writing(target)))

    low.add(node, "softmax", [source], target, call, value=node.output, group=POOL)


@lowers("LRN", check=lambda node: require_image(node.input(0)))
def lower_lrn(low: Lowering, node: Node) -> None:
    """Normalise each pixel over neighbouring channels."""
    value, a = node.input(0), node.attributes
    source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
    channels, height, width = image_size(value.shape)
    low.reserve_scratch((channels + a["size"]) * FLOAT32.bytes)

    def call(_: object) -> Call:
        fields: dict[str, Field] = {
            "channels": channels,
            "height": height,
            "width": width,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_plane": target.plane,
            "out_row": target.row,
            "size": a["size"],
            "alpha": a["alpha"],
            "beta": a["beta"],
            "bias": a["bias"],
        }
        return Call("lrn_run", "lrn", fields, (reading(source), writing(target), SCRATCH))

    low.add(node, "lrn", [source], target, call, value=node.output, macs=value.size * a["size"])
