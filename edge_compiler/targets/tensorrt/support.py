"""
Which nodes TensorRT can't run, as far as its documentation says so.

The source is the table of operators of its parser of ONNX, onnx-tensorrt 10.0, the oldest that is
supported (docs/operators.md there). What the parser of the device refuses beyond, ``edgec finish``
says there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.targets.tensorrt.network import QUANTISING
from edge_perception.runtime.dtypes import UINT8

_NAMES = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast
CastLike Ceil Celu Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum
DeformConv DepthToSpace DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp Expand EyeLike
Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool
GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish
Hardmax Identity InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less
LessOrEqual Log LogSoftmax LpNormalization LpPool MatMul Max MaxPool Mean
MeanVarianceNormalization Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow QuantizeLinear RNN
Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign Round
ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus
Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose
Trilu Unsqueeze Where Xor
"""
OPERATORS = frozenset(_NAMES.split())
_TYPES = ("float32", "int32", "int64", "bool")
_LARGEST_TOP = 3840


def refusals(graph: Graph) -> dict[str, str]:
    """Return why nodes of a prepared graph can't run, in a clause each, by the node's name."""
    found = {node.name: _refusal(node, graph) for node in graph.nodes}
    for value in graph.outputs:
        if value.constant is not None or value in graph.inputs:
            found[value.name] = "an output that no node computes is no output of TensorRT"
    return {name: reason for name, reason in found.items() if reason}


def _refusal(node: Node, graph: Graph) -> str:
    if node.op not in OPERATORS:
        return f"TensorRT has no {node.op}"
    check = _CHECKS.get(node.op)
    return (check(node) if check else "") or _wrong_type(node, graph)


def _wrong_type(node: Node, graph: Graph) -> str:
    if node.op in QUANTISING:
        return ""
    for value in (*node.inputs, *node.outputs):
        if (
            value is not None
            and value.type.name not in _TYPES
            and not _is_edge(node, value, graph)
        ):
            return f"TensorRT computes no {value.type}"
    return ""


def _is_edge(node: Node, value: Value, graph: Graph) -> bool:
    """Return whether a value is bytes that come in or go out, which Cast may read and write."""
    return node.op == "Cast" and value.type == UINT8 and value in (*graph.inputs, *graph.outputs)


def _quantising(node: Node) -> str:
    """Check that the bytes are signed and have their zero at 0."""
    integers = node.input(0) if node.op == "DequantizeLinear" else node.output
    if integers.type.name != "int8":
        return f"TensorRT quantises to int8, not to {integers.type}"
    zero = node.inputs[2] if len(node.inputs) > 2 else None
    if zero is not None and (zero.constant is None or np.any(zero.constant)):
        return "TensorRT quantises with a zero point of 0 alone"
    if node.attributes.get("block_size") or node.attributes.get("precision"):
        return "TensorRT wants one scale for a tensor or a channel"
    return ""


def _resize(node: Node) -> str:
    """Check the way of interpolation."""
    attributes = node.attributes
    mode = attributes.get("mode", "nearest")
    if mode not in ("nearest", "linear"):
        return f"TensorRT has no Resize of the mode {mode!r}"
    if attributes.get("antialias"):
        return "TensorRT's Resize has no antialiasing"
    where = attributes.get("coordinate_transformation_mode", "half_pixel")
    if where not in _COORDINATES:
        return f"TensorRT's Resize has no coordinates {where!r}"
    return ""


_COORDINATES = ("align_corners", "asymmetric", "half_pixel", "pytorch_half_pixel")


def _pool(node: Node) -> str:
    """Check that the windows are of images and have no gaps."""
    if len(node.outputs) > 1:
        return f"TensorRT's {node.op} has no output of indices"
    if any(step != 1 for step in node.attributes.get("dilations", ())):
        return f"TensorRT's {node.op} has no dilations"
    if len(node.input(0).shape) not in (4, 5):
        return f"TensorRT's {node.op} works on images and volumes only"
    return ""


def _recurrent(node: Node) -> str:
    """Check the attributes of a GRU, LSTM or RNN."""
    for name in ("layout", "input_forget"):
        if node.attributes.get(name):
            return f"TensorRT's {node.op} wants 0 for {name}"
    return ""


def _scatter(node: Node) -> str:
    """Check that nothing is added up."""
    if node.attributes.get("reduction", "none") != "none":
        return f"TensorRT's {node.op} has no reduction"
    return ""


def _top(node: Node) -> str:
    """Check how many are wanted."""
    if not node.attributes.get("sorted", 1):
        return "TensorRT's TopK is always sorted"
    if node.output.size and node.output.shape[node.attributes.get("axis", -1)] >= _LARGEST_TOP:
        return f"TensorRT's TopK returns less than {_LARGEST_TOP}"
    return ""


_CHECKS: Mapping[str, Callable[[Node], str]] = {
    "AveragePool": _pool,
    "DequantizeLinear": _quantising,
    "GRU": _recurrent,
    "LSTM": _recurrent,
    "LpPool": _pool,
    "MaxPool": _pool,
    "QuantizeLinear": _quantising,
    "RNN": _recurrent,
    "Resize": _resize,
    "ScatterElements": _scatter,
    "ScatterND": _scatter,
    "TopK": _top,
}
