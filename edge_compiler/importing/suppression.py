"""A NonMaxSuppression says how a decoder does the same with the tensors that it reads."""

from __future__ import annotations

from collections.abc import Collection
import math
from typing import Any

import onnx
from onnx import numpy_helper

from edge_perception.runtime.manifest import Decoder

_THRESHOLDS = {3: "iou", 4: "min_score"}
"""Parameters of `Selection`, by the position of NonMaxSuppression's input."""


def decoder_before(model: onnx.ModelProto, outputs: Collection[str]) -> Decoder | None:
    """
    Return the decoder of a model that ends at the two tensors that a NonMaxSuppression reads.

    :param model: as it was, with that node.
    :param outputs: where it ends.
    :returns: None if no such node reads exactly these.
    """
    for node in model.graph.node:
        if node.op_type == "NonMaxSuppression" and set(node.input[:2]) == set(outputs):
            return _decoder(model, node)
    return None


def _decoder(model: onnx.ModelProto, node: onnx.NodeProto) -> Decoder:
    is_centre = any(a.name == "center_point_box" and a.i for a in node.attribute)
    because = "a NonMaxSuppression reads these outputs in the whole model"
    parameters: dict[str, Any] = dict(zip(("boxes", "scores"), node.input, strict=False))
    parameters["background"] = "none"
    if is_centre:
        parameters |= {"form": "centre", "unit": "pixel"}
        because += ", as center and size, which YOLO counts in pixels"
    elif model.producer_name.startswith("tf"):
        parameters["order"] = "yx"
        because += ", and TensorFlow's boxes are fractions with y before x"
    else:
        parameters["unit"] = "pixel"
        because += ", and boxes are mostly in pixels there"
    for index, name in _THRESHOLDS.items():
        number = _number(model, node.input[index]) if len(node.input) > index else None
        if number is not None and 0 < number <= 1:
            parameters[name] = round(number, 6)
    return Decoder("ssd", parameters, because)


def _number(model: onnx.ModelProto, name: str) -> float | None:
    """Return a constant of one number; None if it is none, or damaged."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and name in node.output:
            tensors.update((name, a.t) for a in node.attribute if a.name == "value")
    tensor = tensors.get(name)
    if tensor is None or math.prod(tensor.dims) != 1:
        return None
    try:
        return float(numpy_helper.to_array(tensor).item())
    except (ValueError, TypeError, KeyError):
        return None
