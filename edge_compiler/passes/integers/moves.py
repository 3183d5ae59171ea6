"""Operators that move integers or choose among them, and those that change their scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ir.quantised import zero_point_of
from edge_compiler.ir.resize import blends_four
from edge_compiler.passes.integers.operands import NotInIntegersError, source_of
from edge_compiler.passes.integers.place import indices, Place, Rule


def _moved(place: Place) -> list[Node]:
    """Move integers, or choose among them; they get another scale afterwards, if need be."""
    node = place.node
    op = "QMaxPool" if node.op == "MaxPool" else node.op
    return _scaled_after(place, op, [place.source(0), *node.inputs[1:]])


def _part(place: Place) -> list[Node]:
    """Take a part of a tensor that is split."""
    node, value = place.node, place.last.input(0)
    axis = node.attributes["axis"] % len(value.shape)
    first = sum(other.shape[axis] for other in node.outputs[: node.outputs.index(value)])
    where = {"starts": first, "ends": first + value.shape[axis], "axes": axis}
    return _scaled_after(place, "Slice", [place.source(0), *indices(place, where)], {})


def _resized(place: Place) -> list[Node]:
    """Choose the nearest pixels, or interpolate between four."""
    mode = place.node.attributes["mode"]
    if mode == "nearest":
        return _moved(place)
    if mode != "linear" or not blends_four(place.node):
        raise NotInIntegersError("it makes a pixel of more than four")
    return [place.made("QResize", [place.source(0), *place.node.inputs[1:]])]


def _padded(place: Place) -> list[Node]:
    """Put around a tensor what stands for zero, or what it has itself."""
    node, x = place.node, place.source(0)
    filler = node.inputs[2] if len(node.inputs) > 2 else None
    if filler is not None and (filler.constant is None or np.any(filler.constant)):
        raise NotInIntegersError("it pads with other than zero")
    zero = np.array(zero_point_of(x), x.type.numpy)
    constant = Value(f"{place.result.name}/zero", (), x.type, zero)
    return _scaled_after(place, "Pad", [x, node.inputs[1], constant, *node.inputs[3:]])


def _scaled_after(
    place: Place, op: str, inputs: list[Value | None], attributes: dict[str, Any] | None = None
) -> list[Node]:
    """
    Compute what keeps the scale of its first input; give it that of the result, if need be.

    :param attributes: of the operator, if they aren't those of the node.
    """
    x, shape = place.source(0), place.last.input(0).shape
    same = x.type == place.result.type and x.quantisation == place.result.quantisation
    moved = Value(f"{place.result.name}/moved", shape, x.type, None, x.quantisation)
    nodes = [place.made(op, inputs, None if same else moved)]
    if attributes is not None:
        nodes[0].attributes = attributes
    return nodes if same else [*nodes, place.made("Requantise", [moved])]


def _concat(place: Place) -> list[Node]:
    """Join integers that have got the scale of the result, if need be."""
    nodes, inputs, result = [], [], place.result
    for index in range(len(place.node.inputs)):
        x = place.source(index)
        if x.type != result.type or x.quantisation != result.quantisation:
            name = f"{result.name}/{index}"
            scaled = Value(name, x.shape, result.type, None, result.quantisation)
            nodes.append(place.made("Requantise", [x], scaled))
            nodes[-1].name += f"/{index}"
            x = scaled
        inputs.append(x)
    return [*nodes, place.made("Concat", list(inputs))]


def _requantise(place: Place) -> list[Node]:
    """Change scale and zero point."""
    x, result = source_of(place.graph, place.node.output), place.result
    same = x.type == result.type and x.quantisation == result.quantisation
    return [place.made("Identity" if same else "Requantise", [x])]


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth", "MaxPool", "Slice"), _moved),
    **dict.fromkeys(("Expand", "Gather", "Tile", "Transpose"), _moved),
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), _moved),
    "Concat": _concat,
    "Pad": _padded,
    "Resize": _resized,
    "Split": _part,
    "DequantizeLinear": _requantise,
}
