"""A NonMaxSuppression says how a decoder does the same with the tensors that it reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
import math
from typing import Any

import onnx
from onnx import numpy_helper

from edge_compiler.frontend.tidy import reads_of
from edge_perception.runtime.manifest import Decoder

_THRESHOLDS = {3: "iou", 4: "min_score"}
"""Parameters of `Selection`, by the position of NonMaxSuppression's input."""
_OF_ONE_IMAGE = {"Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose"}


def decoder_before(model: onnx.ModelProto, outputs: Collection[str]) -> Decoder | None:
    """
    Return the decoder of a model that ends at two tensors before a NonMaxSuppression.

    It may read these themselves, or what was chosen of them, as torchvision's SSD does class by
    class: boxes by their scores, but scores by nothing else.

    :param model: as it was, with that node.
    :param outputs: where it ends.
    :returns: None if no such node follows from two of them.
    """
    nodes = list(_all_nodes(model.graph))
    makers = {name: node for node in nodes for name in node.output}
    for node in nodes:
        if node.op_type == "NonMaxSuppression":
            boxes, scores = (_origins(name, makers, set(outputs)) for name in node.input[:2])
            if len(boxes | scores) == len(outputs) == 2 and len(scores) == 1:
                return _decoder(model, makers, node, *(boxes - scores), *scores)
    return None


def _all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph, and of those within its nodes."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from _all_nodes(attribute.g)


def _origins(name: str, makers: Mapping[str, onnx.NodeProto], among: Set[str]) -> set[str]:
    """Return which of some tensors another one follows from."""
    seen, waiting = set[str](), [name]
    while waiting:
        name = waiting.pop()
        if name not in seen | among and name in makers:
            waiting += reads_of(makers[name])
        seen.add(name)
    return seen & among


def _decoder(
    model: onnx.ModelProto,
    makers: Mapping[str, onnx.NodeProto],
    node: onnx.NodeProto,
    boxes: str,
    scores: str,
) -> Decoder:
    is_centre = any(a.name == "center_point_box" and a.i for a in node.attribute)
    reads = "reads" if [boxes, scores] == node.input[:2] else "chooses from"
    because = f"a NonMaxSuppression {reads} these outputs in the whole model"
    parameters: dict[str, Any] = {"boxes": boxes, "scores": scores}
    if reads == "reads" or not _is_softmax(scores, makers):
        parameters["background"] = "none"
    else:
        because += ", class by class, of which the first of a Softmax is the background"
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
        number = _number(model, makers, node.input[index]) if len(node.input) > index else None
        if number is not None and 0 < number <= 1:
            parameters[name] = round(number, 6)
    return Decoder("ssd", parameters, because)


def _is_softmax(name: str, makers: Mapping[str, onnx.NodeProto]) -> bool:
    """Return whether a tensor is the result of a Softmax, or one image's part of it."""
    while name in makers and makers[name].op_type in _OF_ONE_IMAGE:
        name = makers[name].input[0]
    return name in makers and makers[name].op_type == "Softmax"


def _number(
    model: onnx.ModelProto, makers: Mapping[str, onnx.NodeProto], name: str
) -> float | None:
    """Return a constant of one number; None if it is none, or damaged."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    if name in makers and makers[name].op_type == "Constant":
        tensors.update((name, a.t) for a in makers[name].attribute if a.name == "value")
    tensor = tensors.get(name)
    if tensor is None or math.prod(tensor.dims) != 1:
        return None
    try:
        return float(numpy_helper.to_array(tensor).item())
    except (ValueError, TypeError, KeyError):
        return None
