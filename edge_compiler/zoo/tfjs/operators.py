"""What each operator of TensorFlow.js is in ONNX."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from onnx import helper

from edge_compiler.zoo.tfjs.graph import FIRST, Graph, LAST, PLAIN, Value


def _listed(node: Any, attribute: str, kind: str) -> list[Any]:
    """Return the elements of an attribute that is a list; it may lack."""
    return list(node["attr"].get(attribute, {}).get("list", {}).get(kind, ()))


def _numbers(node: Any, attribute: str) -> list[int]:
    return [int(number) for number in node["attr"][attribute]["list"]["i"]]


def _is_same(node: Any) -> bool:
    """Return whether a convolution or pooling keeps the size, but for its stride."""
    padding = base64.b64decode(node["attr"]["padding"]["s"])
    if padding not in (b"SAME", b"VALID"):
        raise ValueError(f"the padding {padding!r} of {node['name']} is not known")
    return padding == b"SAME"


def _pass(graph: Graph, node: Any) -> None:
    graph.put(node["name"], graph.value(node))


def _zeros(graph: Graph, node: Any) -> None:
    """Take a sparse tensor without elements: nothing but its default."""
    if graph.constant_input(node, 0).size:
        raise ValueError(f"{node['name']} is no empty tensor")
    shape = graph.constant_input(node, 1).reshape(-1)
    graph.fold(node["name"], np.full(shape, graph.constant_input(node, 3)))


def _transpose(graph: Graph, node: Any) -> None:
    x = graph.value(node)
    order = tuple(x.order[axis] for axis in graph.constant_input(node, 1).tolist())
    graph.put(node["name"], replace(x, order=order))


def _convolve(graph: Graph, node: Any, *, depthwise: bool = False) -> None:
    x, name = graph.written(graph.value(node), FIRST), node["name"]
    kernel = graph.constant_input(node, 1)  # rows, columns, in, out of all or of one channel
    weight, groups = kernel.transpose(3, 2, 0, 1), 1
    if depthwise:
        groups = kernel.shape[2]
        weight = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])
    fused = [base64.b64decode(one) for one in _listed(node, "fused_ops", "s")]
    has_bias = fused[:1] == [b"BiasAdd"]
    bias = [graph.constant(f"{name}/bias", graph.constant_input(node, 2))] if has_bias else []
    functions = fused[1:] if has_bias else fused
    if len(functions) > 1 or not set(functions) <= set(_FUSED):
        raise ValueError(f"what {name} is fused with is not known: {fused}")
    made = f"{name}/conv" if functions else name
    graph.add(
        "Conv",
        [x, graph.constant(f"{name}/weight", weight), *bias],
        made,
        kernel_shape=kernel.shape[:2],
        strides=_numbers(node, "strides")[1:3],
        dilations=_numbers(node, "dilations")[1:3],
        group=groups,
        auto_pad="SAME_UPPER" if _is_same(node) else "VALID",
    )
    for function in functions:
        operator, limits = _FUSED[function]
        read = [graph.constant(f"{name}/{limit:g}", np.float32(limit)) for limit in limits]
        graph.add(operator, [made, *read], name)
    graph.put(name, Value(name, LAST))


_FUSED: dict[bytes, tuple[str, tuple[float, ...]]] = {
    b"Relu": ("Relu", ()),
    b"Relu6": ("Clip", (0, 6)),
}
"""Functions behind a convolution: the operator, and what it reads beside."""


def _add(graph: Graph, node: Any) -> None:
    name = node["name"]
    constant = [graph.is_constant(node, index) for index in (0, 1)]
    if all(constant):
        graph.fold(name, graph.constant_input(node, 0) + graph.constant_input(node, 1))
        return
    if any(constant):
        x = graph.value(node, constant.index(False))
        array = graph.constant_input(node, constant.index(True))
        array = array.reshape((1,) * (len(x.order) - array.ndim) + array.shape)
        other = graph.constant(f"{name}/constant", array.transpose(np.argsort(x.order)))
    else:
        x, y = graph.value(node, 0), graph.value(node, 1)
        if x.order != y.order:
            x, y = (Value(graph.written(value, PLAIN)) for value in (x, y))
        other = y.name
    graph.add("Add", [x.name, other], name)
    graph.put(name, Value(name, x.order))


def _unary(graph: Graph, node: Any, op: str, attribute: str = "") -> None:
    x, name = graph.value(node), node["name"]
    attributes = {attribute: float(node["attr"][attribute]["f"])} if attribute else {}
    graph.add(op, [x.name], name, **attributes)
    graph.put(name, Value(name, x.order))


def _pad(graph: Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    pads = graph.constant_input(node, 1)[np.argsort(x.order)]  # of the tensor's axes
    if node["op"] == "PadV2":
        graph.put(name, replace(x, pads=pads))
        return
    graph.add("Pad", [x.name, graph.constant(f"{name}/pads", pads.T.reshape(-1))], name)
    graph.put(name, Value(name, x.order))


def _pool(graph: Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    pads = np.zeros((4, 2), np.int64) if x.pads is None else x.pads
    if x.order != LAST or pads[:2].any() or _is_same(node):
        raise ValueError(f"{name} is no pooling that is known")
    graph.add(
        "MaxPool",
        [x.name],
        name,
        kernel_shape=_numbers(node, "ksize")[1:3],
        strides=_numbers(node, "strides")[1:3],
        pads=pads[2:].T.reshape(-1).tolist(),
    )
    graph.put(name, Value(name, LAST))


def _concat(graph: Graph, node: Any) -> None:
    name, count = node["name"], len(node["input"]) - 1
    values = [graph.value(node, index) for index in range(count)]
    order = values[0].order
    if any(value.order != order for value in values):
        order = PLAIN
        values = [Value(graph.written(value, PLAIN)) for value in values]
    axis = order[int(graph.constant_input(node, count))]
    graph.add("Concat", [value.name for value in values], name, axis=axis)
    graph.put(name, Value(name, order))


def _split(graph: Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    parts = graph.constant_input(node, 1)
    axis = x.order[int(graph.constant_input(node, 2))]
    names = [name, *(f"{name}:{index}" for index in range(1, len(parts)))]
    read = [x.name, graph.constant(f"{name}/parts", parts)]
    graph.nodes.append(helper.make_node("Split", read, names, name=name, axis=axis))
    for one in names:
        graph.put(one, Value(one, x.order))


def _reshape(graph: Graph, node: Any) -> None:
    shape, name = graph.constant_input(node, 1).tolist(), node["name"]
    graph.reshape(graph.written(graph.value(node), PLAIN), name, *shape)
    graph.put(name, Value(name, tuple(range(len(shape)))))


def _resize(graph: Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    if x.order != LAST or not node["attr"]["half_pixel_centers"]["b"]:
        raise ValueError(f"{name} is no resizing that is known")
    sizes = graph.constant(f"{name}/sizes", graph.constant_input(node, 1))
    graph.add("Resize", [x.name, "", "", sizes], name, mode="linear", axes=[2, 3])
    graph.put(name, Value(name, LAST))


OPERATORS: dict[str, Callable[[Graph, Any], None]] = {
    "Add": _add,
    "AddV2": _add,
    "ConcatV2": _concat,
    "Conv2D": _convolve,
    "FusedDepthwiseConv2dNative": partial(_convolve, depthwise=True),
    "Identity": _pass,
    "LeakyRelu": partial(_unary, op="LeakyRelu", attribute="alpha"),
    "MaxPool": _pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Sigmoid": partial(_unary, op="Sigmoid"),
    "SparseToDense": _zeros,
    "SplitV": _split,
    "Transpose": _transpose,
    "_FusedConv2D": _convolve,
}
