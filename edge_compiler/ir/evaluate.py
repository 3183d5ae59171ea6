"""Compute what a node yields for constant inputs, as ONNX's reference does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.ir.dtype import array_type
from edge_compiler.ir.graph import OPSET, Value

RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}
"""Operators that yield something else each time."""


OF_SHAPE = {"EyeLike", "Shape", "Size"}
"""Operators that only the shape of their input matters to."""


def known_inputs(
    op: str,
    inputs: Sequence[Value | None],
    content: Callable[[Value], np.ndarray[Any, Any] | None],
) -> list[np.ndarray[Any, Any] | None] | None:
    """
    Return the inputs with which a node can be evaluated; None if it can't be.

    :param content: returns the data of a value, None if it is known only while the model runs.
    """
    if op in OF_SHAPE and inputs[0] is not None:  # a stand-in without memory will do
        return [np.broadcast_to(np.zeros((), array_type(inputs[0].type)), inputs[0].shape)]
    arrays = [None if value is None else content(value) for value in inputs]
    unknown = any(a is None for a, v in zip(arrays, inputs, strict=True) if v is not None)
    return None if unknown or op in RANDOM else arrays


def evaluate(
    node: onnx.NodeProto, inputs: Sequence[np.ndarray[Any, Any] | None]
) -> list[np.ndarray[Any, Any]]:
    """
    Return the outputs of a node.

    :param inputs: one for each input of the node, None for an omitted one.
    :raises Exception: whatever the reference implementation raises.
    """
    if node.op_type == "GatherElements":  # numpy's choose, which it uses, ends at 64 elements
        return [_gather_elements(node, *inputs)]
    feeds = {
        name: array
        for name, array in zip(node.input, inputs, strict=True)
        if name and array is not None
    }
    from onnx.reference import ReferenceEvaluator  # 11 MB that many networks don't need

    outputs = ReferenceEvaluator(node, opsets={"": OPSET}).run(None, feeds)
    return [np.asarray(output) for output in outputs]


def _gather_elements(node: onnx.NodeProto, *inputs: Any) -> np.ndarray[Any, Any]:
    data, indices = inputs
    axis = next((a.i for a in node.attribute if a.name == "axis"), 0) % data.ndim
    read = [slice(size) for size in indices.shape]
    read[axis] = slice(None)
    return np.take_along_axis(data[tuple(read)], indices, axis)


LEARNED = {"BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul"}
"""Operators whose constants come from training, where infinity is as wrong as NaN."""


MOVES = {
    *("Concat", "Expand", "Gather", "GatherElements", "GatherND", "Identity", "IsNaN", "Pad"),
    *("Reshape", "ScatterElements", "ScatterND", "Slice", "Split", "Squeeze", "Tile", "Transpose"),
    *("Unsqueeze", "Where"),
}
"""Operators that may read NaN: they compute nothing of it, and it may be replaced later."""


def check_numbers(name: str, array: np.ndarray[Any, Any], reader: str) -> None:
    """
    Refuse a constant that holds NaN, or infinity if it is learned: a mask or bound may.

    :param reader: the operator that reads it.
    :raises CompileError: naming the constant.
    """
    if array.dtype.kind != "f" or reader in MOVES:
        return
    learned = reader in LEARNED
    count = int(np.count_nonzero(~np.isfinite(array) if learned else np.isnan(array)))
    if count:
        what = "NaN or infinite" if learned else "NaN"
        raise CompileError(
            f"the constant '{name}' of shape {list(array.shape)} holds {count} {what} "
            "value(s): the training diverged or the file is damaged, export it again"
        )
