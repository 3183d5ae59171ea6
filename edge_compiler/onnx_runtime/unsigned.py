"""
Weights of int8 as uint8, where ONNX Runtime multiplies bytes of uint8 by them.

On x86 processors without VNNI its kernels for these two types add up two products in 16 bits,
where they saturate: what comes out depends on the processor, and isn't what ONNX defines. With
uint8 on both sides it is exact everywhere. Weights and their zero point are both 128 more, which
makes no difference to what is multiplied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto

from edge_compiler.onnx_runtime.types import Types

_OPERANDS = {
    "MatMulInteger": (0, 2, 1, 3),
    "QLinearConv": (0, 2, 3, 5),
    "QLinearMatMul": (0, 2, 3, 5),
    "MatMulIntegerToFloat": (0, 4, 1, 5),
    "QAttention": (0, 6, 1, 7),
    "QGemm": (0, 2, 3, 5),
}
"""By operator the places of bytes and their zero point, and of weights and theirs."""
_OF_FLOATS = {"DynamicQuantizeMatMul": ((1, 3),), "DynamicQuantizeLSTM": ((1, 9), (2, 11))}
"""By operator that makes bytes of uint8 itself, those of weights and their zero point."""
_MORE, _ZERO = "edge/128", "edge/128 as uint8"
"""Names of constants."""


def make_weights_unsigned(model: onnx.ModelProto, types: Types) -> None:
    """
    Let nodes compute exactly that multiply bytes of uint8 by weights of int8.

    :param types: of the model's tensors; gets those that are new.
    """
    graph = model.graph
    if not any(node.op_type in _OPERANDS or node.op_type in _OF_FLOATS for node in graph.node):
        return
    known = types.known
    nodes: list[onnx.NodeProto] = []
    moved: dict[str, str] = {"": _ZERO}
    for node in graph.node:
        for place in (place for both in _signed(node, known) for place in both):
            node.input.extend([""] * (place + 1 - len(node.input)))
            name = node.input[place]
            if name not in moved:
                moved[name] = f"edge/{name} as uint8"
                nodes += _add_128(name, moved[name], known)
            node.input[place] = moved[name]
        nodes.append(node)
    if len(nodes) > len(graph.node):
        del graph.node[:]
        graph.node.extend(nodes)
        constants = ((_MORE, np.int32(128)), (_ZERO, np.uint8(128)))
        graph.initializer.extend(
            numpy_helper.from_array(np.asarray(array), name) for name, array in constants
        )


def _signed(node: onnx.NodeProto, types: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Yield where weights of int8 are, and their zero point, by which uint8 is multiplied."""
    pairs: Iterable[tuple[int, int]] = _OF_FLOATS.get(node.op_type, ())
    if node.op_type in _OPERANDS:
        x, x_zero, *weights = _OPERANDS[node.op_type]
        if TensorProto.UINT8 in _types_at(node, (x, x_zero), types):
            pairs = ((weights[0], weights[1]),)
    return (pair for pair in pairs if TensorProto.INT8 in _types_at(node, pair, types))


def _types_at(
    node: onnx.NodeProto, places: Iterable[int], types: Mapping[str, int]
) -> set[int | None]:
    return {types.get(node.input[place]) for place in places if place < len(node.input)}


def _add_128(name: str, result: str, types: dict[str, int]) -> list[onnx.NodeProto]:
    """Return nodes that make uint8 of int8, whose types are added."""
    wide, sum_ = f"{result}/wide", f"{result}/sum"
    types |= {wide: TensorProto.INT32, sum_: TensorProto.INT32, result: TensorProto.UINT8}
    return [
        helper.make_node("Cast", [name], [wide], to=TensorProto.INT32),
        helper.make_node("Add", [wide, _MORE], [sum_]),
        helper.make_node("Cast", [sum_], [result], to=TensorProto.UINT8),
    ]
