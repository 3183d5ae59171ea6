"""Softmax, LayerNormalization and LRN."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms.attention.pattern import attention_of
from edge_compiler.targets.c.rules.axis import along
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.calls import Call, Field, reading, SCRATCH, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import BLOCKED, DENSE, image_size
from edge_compiler.targets.program.limits import require, require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import POOL


@lowers("Softmax")
def lower_softmax(low: Lowering, node: Node) -> None:
    """Normalise along one axis of a row-major value, unless attention does it."""
    if attention_of(low, node):
        low.defer(node.output, lambda: _softmax(low, node))
    else:
        _softmax(low, node)


def _softmax(low: Lowering, node: Node) -> None:
    value = node.input(0)
    axis = node.attributes["axis"] % len(value.shape)
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    rows = value.shape[-2] if axis == len(value.shape) - 1 > 0 else 1
    fields: dict[str, Field] = {"along": along(value.shape, axis, axis + 1), "rows": rows}

    def call(_: object) -> Call:
        return Call("normalize_softmax_run", "softmax", fields, (reading(source), writing(target)))

    low.add(node, "softmax", [source], target, call, value=node.output, group=POOL)


def check_layer_norm(node: Node) -> str | None:
    """Normalise over the last dimensions, with one number of scale and shift an element."""
    shape = node.input(0).shape
    normalised = shape[node.attributes["axis"] % len(shape) :]
    for value in node.inputs[1:]:
        if value is not None and value.shape != normalised:
            return (
                f"scale and shift must have the shape {list(normalised)}, received {value}: "
                "export them so, or as Mul and Add behind it"
            )
    return require(node, "stash_type", 1)


@lowers("LayerNormalization", check=check_layer_norm)
def lower_layer_norm(low: Lowering, node: Node) -> None:
    """Normalise lines of a row-major value."""
    value, target = node.input(0), low.target(node.output, DENSE)
    lines, length, _ = along(
        value.shape, node.attributes["axis"] % len(value.shape), len(value.shape)
    )
    operands = [Data.of(low, operand) for operand in node.inputs if operand is not None]
    fields: dict[str, Field] = {
        "lines": lines,
        "length": length,
        "has_shift": int(len(operands) > 2),
        "epsilon": float(node.attributes["epsilon"]),
    }

    def call(_: object) -> Call:
        x, scale, shift = (data.pointer() for data in (*operands, operands[-1])[:3])
        pointers = (x, scale, shift, writing(target))
        return Call("normalize_layer_run", "layer_norm", fields, pointers)

    reads = [buffer for data in operands for buffer in data.reads]
    low.add(node, "layer norm", reads, target, call, value=node.output, group=POOL)


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
        return Call(
            "normalize_lrn_run", "lrn", fields, (reading(source), writing(target), SCRATCH)
        )

    low.add(node, "lrn", [source], target, call, value=node.output, macs=value.size * a["size"])
