"""Caffe's layers that move numbers, as ONNX's operators."""

from __future__ import annotations

import numpy as np

from edge_compiler.frontends.caffe.net import Layer, Rule
from edge_compiler.frontends.ranked import RankedBuilder

_END = np.iinfo(np.int64).max


def _concat(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.concat_param
    axis = p.concat_dim if p.HasField("concat_dim") else p.axis
    graph.add("Concat", list(layer.bottoms), layer.tops[0], axis=axis)


def _slice(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.slice_param
    axis = p.slice_dim if p.HasField("slice_dim") else p.axis
    points = list(p.slice_point)
    if not points:
        graph.add_many("Split", list(layer.bottoms), list(layer.tops), axis=axis)
        return
    if len(points) != len(layer.tops) - 1:
        raise ValueError(
            f"the layer '{layer.name}' has {len(points)} slice points and {len(layer.tops)} "
            "outputs, expected one more"
        )
    for top, begin, end in zip(layer.tops, [0, *points], [*points, _END], strict=True):
        graph.cut(layer.bottoms[0], top, [begin], [end], [axis])


def _crop(graph: RankedBuilder, layer: Layer) -> None:
    """Cut the first input to the size of the second, from an axis on."""
    p = layer.message.crop_param
    x, like = layer.bottoms
    axes = list(range(p.axis % graph.ranks[layer.bottoms[0]], graph.ranks[layer.bottoms[0]]))
    begin = list(p.offset) or [0]
    begin = begin * len(axes) if len(begin) == 1 else begin
    if len(begin) != len(axes):
        raise ValueError(f"the layer '{layer.name}' has {len(begin)} offsets for {len(axes)} axes")
    name = layer.name
    shape = graph.add("Shape", [like], f"{name}/shape")
    sizes = graph.add(
        "Gather", [shape, graph.constant(f"{name}/kept", np.array(axes))], f"{name}/sizes"
    )
    end = graph.add(
        "Add", [sizes, graph.constant(f"{name}/offset", np.array(begin))], f"{name}/to"
    )
    graph.cut(x, layer.tops[0], begin, end, axes)


def _flatten(graph: RankedBuilder, layer: Layer) -> int:
    p = layer.message.flatten_param
    rank = graph.ranks[layer.bottoms[0]]
    axis: int = p.axis % rank
    if p.end_axis % rank != rank - 1:
        raise ValueError(
            f"the layer '{layer.name}' ends at axis {p.end_axis}; only the last is known"
        )
    graph.reshape(layer.bottoms[0], layer.tops[0], *[0] * axis, -1)
    return axis + 1


def _reshape(graph: RankedBuilder, layer: Layer) -> int:
    p = layer.message.reshape_param
    if (p.axis, p.num_axes) != (0, -1):
        raise ValueError(
            f"the layer '{layer.name}' reshapes some axes; only all of them are known"
        )
    sizes: tuple[int, ...] = tuple(p.shape.dim)
    graph.reshape(layer.bottoms[0], layer.tops[0], *sizes)
    return len(sizes)


def _permute(graph: RankedBuilder, layer: Layer) -> None:
    order = list(layer.message.permute_param.order)
    order += [axis for axis in range(graph.ranks[layer.bottoms[0]]) if axis not in order]
    graph.add("Transpose", [layer.bottoms[0]], layer.tops[0], perm=order)


def _tile(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.tile_param
    repeats = np.ones(graph.ranks[layer.bottoms[0]], np.int64)
    repeats[p.axis] = p.tiles
    inputs = [layer.bottoms[0], graph.constant(f"{layer.name}/repeats", repeats)]
    graph.add("Tile", inputs, layer.tops[0])


def _arg_max(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.argmax_param
    if not p.HasField("axis") or p.top_k != 1 or p.out_max_val:
        raise ValueError(f"the layer '{layer.name}' gives more than one index along an axis")
    index = graph.add("ArgMax", [layer.bottoms[0]], f"{layer.name}/index", axis=p.axis)
    graph.add("Cast", [index], layer.tops[0], to=1)


RULES: dict[str, Rule] = {
    "ArgMax": _arg_max,
    "Concat": _concat,
    "Crop": _crop,
    "Flatten": _flatten,
    "Permute": _permute,
    "Reshape": _reshape,
    "Slice": _slice,
    "Tile": _tile,
}
"""By the type of the layer."""
