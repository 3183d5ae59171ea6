"""MXNet's operators that move numbers or take some together, as ONNX's."""

from __future__ import annotations

from functools import partial

import numpy as np

from edge_compiler.frontends.mxnet.symbol import Node, Rule
from edge_compiler.frontends.ranked import RankedBuilder

_END = np.iinfo(np.int64).max


def _flatten(graph: RankedBuilder, node: Node) -> int:
    graph.add("Flatten", [node.input(0)], node.output(), axis=1)
    return 2


def _reshape(graph: RankedBuilder, node: Node) -> int:
    shape = node.integers("shape")
    if min(shape, default=0) < -1 or node.flag("reverse"):
        raise ValueError(
            f"'{node.name}' (Reshape) has the shape {shape}; known are sizes, 0 (as it is) and -1"
        )
    graph.reshape(node.input(0), node.output(), *shape)
    return len(shape)


def _transpose(graph: RankedBuilder, node: Node) -> None:
    axes = node.integers("axes", []) or list(range(graph.ranks[node.input(0)]))[::-1]
    graph.add("Transpose", [node.input(0)], node.output(), perm=axes)


def _swap_axis(graph: RankedBuilder, node: Node) -> None:
    axes = list(range(graph.ranks[node.input(0)]))
    one, two = node.integer("dim1", 0), node.integer("dim2", 0)
    axes[one], axes[two] = axes[two], axes[one]
    graph.add("Transpose", [node.input(0)], node.output(), perm=axes)


def _concat(graph: RankedBuilder, node: Node) -> None:
    names = [
        graph.constant(f"{node.name}/{i}", node.array(i)) if name in node.arrays else name
        for i, name in enumerate(node.inputs)
    ]
    graph.add("Concat", names, node.output(), axis=node.integer("dim", 1))


def _split(graph: RankedBuilder, node: Node) -> int:
    axis, count = node.integer("axis", 1), node.integer("num_outputs")
    if not 0 < count <= 2**16:
        raise ValueError(f"'{node.name}' ({node.op}) has {count} outputs")
    squeezed = node.flag("squeeze_axis")
    parts = [f"{node.output(i)}/kept" if squeezed else node.output(i) for i in range(count)]
    graph.add_many("Split", [node.input(0)], parts, axis=axis)
    rank = graph.ranks[node.input(0)]
    for index in range(count):
        if squeezed:
            axes = graph.constant(f"{node.output(index)}/axis", np.array([axis]))
            graph.add("Squeeze", [parts[index], axes], node.output(index))
        graph.ranks[node.output(index)] = rank - squeezed
    return rank - squeezed


def _slice_axis(graph: RankedBuilder, node: Node) -> None:
    end = _END if node.text("end", "None") == "None" else node.integer("end")
    begin, axes = [node.integer("begin")], [node.integer("axis")]
    graph.cut(node.input(0), node.output(), begin, [end], axes)


def _pad(graph: RankedBuilder, node: Node) -> None:
    widths = node.integers("pad_width")
    pads = graph.constant(f"{node.name}/pads", np.array(widths[::2] + widths[1::2]))
    names, mode = [node.input(0), pads], node.text("mode", "constant")
    if mode == "constant":
        names.append(graph.number(f"{node.name}/value", node.number("constant_value", 0.0)))
    graph.add("Pad", names, node.output(), mode=mode)


def _reduce(graph: RankedBuilder, node: Node, op: str) -> int:
    if node.flag("exclude"):
        raise ValueError(f"'{node.name}' ({node.op}) excludes axes; name those that are meant")
    rank = graph.ranks[node.input(0)]
    text = node.text("axis", "()")
    axes = [] if text == "None" else node.integers("axis", [])
    axes = axes or list(range(rank))
    keep = node.flag("keepdims")
    names = [node.input(0)]
    attributes = {"keepdims": int(keep)}
    if op == "ReduceSum":  # whose axes are an input since opset 13
        names.append(graph.constant(f"{node.name}/axes", np.array(axes)))
        graph.add(op, names, node.output(), **attributes)
    else:
        graph.add(op, names, node.output(), axes=axes, **attributes)
    return rank if keep else rank - len(axes)


def _expand_dims(graph: RankedBuilder, node: Node) -> int:
    axes = graph.constant(f"{node.name}/axes", np.array([node.integer("axis")]))
    graph.add("Unsqueeze", [node.input(0), axes], node.output())
    return graph.ranks[node.input(0)] + 1


RULES: dict[str, Rule] = {
    "Concat": _concat,
    "Flatten": _flatten,
    "Pad": _pad,
    "Reshape": _reshape,
    "SliceChannel": _split,
    "SwapAxis": _swap_axis,
    "concat": _concat,
    "expand_dims": _expand_dims,
    "flatten": _flatten,
    "max": partial(_reduce, op="ReduceMax"),
    "mean": partial(_reduce, op="ReduceMean"),
    "min": partial(_reduce, op="ReduceMin"),
    "pad": _pad,
    "reshape": _reshape,
    "slice_axis": _slice_axis,
    "split": _split,
    "sum": partial(_reduce, op="ReduceSum"),
    "swapaxes": _swap_axis,
    "transpose": _transpose,
}
"""By the name of the operator."""
