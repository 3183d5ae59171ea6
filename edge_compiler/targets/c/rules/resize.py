"""Resize: nearest and linear, from tables made for the model's exact coordinate rule."""

from __future__ import annotations

from collections.abc import Callable
import math

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.lowering import is_image, Lowering, lowers
from edge_compiler.targets.c.program import Call, Field, reading, Table, writing

# x_original of x_resized, ONNX Resize: "coordinate_transformation_mode"
_COORDINATES: dict[str, Callable[[float, float, int, int], float]] = {
    "half_pixel": lambda x, scale, _old, _new: (x + 0.5) / scale - 0.5,
    "pytorch_half_pixel": lambda x, scale, _old, new: (x + 0.5) / scale - 0.5 if new > 1 else 0.0,
    "align_corners": lambda x, _scale, old, new: x * (old - 1) / (new - 1) if new > 1 else 0.0,
    "asymmetric": lambda x, scale, _old, _new: x / scale,
}
_ROUNDING: dict[str, Callable[[float], int]] = {
    "round_prefer_floor": lambda x: math.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: math.floor(x + 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
}


def _check(node: Node) -> str | None:
    value, a = node.input(0), node.attributes
    if not is_image(value) or value.shape[:2] != node.output.shape[:2]:
        return "only height and width of an image of shape 1xCxHxW can be resized"
    if a["mode"] not in ("nearest", "linear"):
        return f"mode {a['mode']!r} is not supported (nearest and linear are)"
    if a["coordinate_transformation_mode"] not in _COORDINATES:
        return f"coordinates {a['coordinate_transformation_mode']!r} are not supported"
    if a.get("antialias"):
        return "antialias is not supported"
    return None


@lowers("Resize", check=_check)
def lower_resize(low: Lowering, node: Node) -> None:
    """Resize an image in blocks."""
    value = node.input(0)
    source, target = low.blocked(value), low.new_blocked(node.output)
    rows, columns = (_taps(node, axis) for axis in (2, 3))

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


def _taps(node: Node, axis: int) -> Table:
    """Return for each output index the two input indices between which it lies, and where."""
    value, a = node.input(0), node.attributes
    old, new = value.shape[axis], node.output.shape[axis]
    scale = _scale(node, axis, old, new)
    taps = []
    for index in range(new):
        x = _COORDINATES[a["coordinate_transformation_mode"]](index, scale, old, new)
        if a["mode"] == "nearest":
            first = second = min(max(_ROUNDING[a["nearest_mode"]](x), 0), old - 1)
            fraction = 0.0
        else:
            x = min(max(x, 0.0), old - 1.0)
            first = math.floor(x)
            second = min(first + 1, old - 1)
            fraction = x - first if first < second else 0.5  # not 0: that times infinity is NaN
        taps.append(f"{{{first}, {second}, {fraction!r}f}}")
    return Table("resize_tap", tuple(taps))


def _scale(node: Node, axis: int, old: int, new: int) -> float:
    """Return the scale that the model states, or the ratio of the sizes."""
    scales = node.constant(2)
    if scales is not None and scales.size:
        axes = list(node.attributes.get("axes") or range(scales.size))
        if axis in axes:
            return float(scales.ravel()[axes.index(axis)])
    return new / old
