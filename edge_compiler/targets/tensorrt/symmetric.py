"""
Quantised values as TensorRT takes them: int8 with a zero point of 0.

Quantisers, ours among them, write activations as uint8 with the zero point that uses all 256
levels, and leave out a Relu where that lets nothing through below zero. Here the scale is widened
so that the same range lies within -127..127, and the range is kept by a Clip or Relu of its own:
at worst, where no number is negative, half of the levels are left. What else is quantised, such as
biases in int32, is written as the floats that it stands for.
"""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.evaluate import evaluate
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.proto import node_proto
from edge_perception.runtime.dtypes import ELEMENT_TYPES

_INT8 = ELEMENT_TYPES["int8"]
_LARGEST = 127


def make_symmetric(graph: Graph) -> None:
    """Change scales, zero points and types; what has another form stays, and is refused later."""
    for node in list(graph.nodes):
        if node.op == "QuantizeLinear":
            _widen(graph, node)
        elif node.op == "DequantizeLinear" and node.input(0).type != _INT8:
            _dequantise(graph, node)


def _widen(graph: Graph, node: Node) -> None:
    """Let what a node quantises be int8, if only floats are made of it again."""
    integers, readers = node.output, graph.consumers(node.output)
    scale = node.input(1).constant
    zero = node.input(2).constant if len(node.inputs) > 2 else np.zeros((), np.uint8)
    if scale is None or zero is None or graph.is_output(integers):
        return
    if any(reader.op != "DequantizeLinear" for reader in readers):
        return
    limits, offset = np.iinfo(integers.type.numpy), zero.astype(np.float64)
    if integers.type == _INT8 and not offset.any():
        return
    low, high = scale * (limits.min - offset), scale * (limits.max - offset)
    wide = (np.maximum(-low, high) / _LARGEST).astype(np.float32)
    floats = _bounded(graph, node, float(low.min()), float(high.max()))
    parameters = (
        Value(f"{integers.name}/scale", wide.shape, constant=wide),
        Value(f"{integers.name}/zero", wide.shape, _INT8, np.zeros(wide.shape, np.int8)),
    )
    integers.type = _INT8
    node.inputs = (floats, *parameters)
    for reader in readers:
        reader.inputs = (integers, *parameters)


def _bounded(graph: Graph, node: Node, low: float, high: float) -> Value:
    """Return what a node quantises within the range that it had: often it stands for a Relu."""
    source = node.input(0)
    result = Value(f"{node.output.name}/bounded", source.shape, source.type)
    inputs = [source]
    if low < 0:
        ends = (("low", low), ("high", high))
        inputs += [
            Value(f"{result.name}/{name}", (), constant=np.array(end, np.float32))
            for name, end in ends
        ]
    limit = Node("Clip" if low < 0 else "Relu", result.name, inputs, [result])
    graph.insert_before(node, limit)
    return result


def _dequantise(graph: Graph, node: Node) -> None:
    """Write constants that no scale of TensorRT's fits as floats."""
    arrays = [None if value is None else value.constant for value in node.inputs]
    if any(array is None for array in arrays):
        return
    [floats] = evaluate(node_proto(node), arrays)
    node.output.constant = floats.astype(np.float32).reshape(node.output.shape)
    graph.remove(node)
