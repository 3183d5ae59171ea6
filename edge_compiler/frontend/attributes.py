"""ONNX attributes as Python values: defaults filled in, and padding made explicit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import OPSET, Value

WINDOWED = ("Conv", "MaxPool", "AveragePool", "LpPool")


def read_attributes(
    proto: onnx.NodeProto, inputs: Sequence[Value | None], outputs: Sequence[Value]
) -> dict[str, Any]:
    """
    Return the attributes of a node, complete.

    Operators with a sliding window always get ``kernel_shape``, ``strides``, ``dilations`` and
    ``pads``, with an ``auto_pad`` of "NOTSET" unless its padding is understood in several ways;
    Transpose always gets ``perm``.
    """
    schema = onnx.defs.get_schema(proto.op_type, OPSET, "")
    attributes = {
        name: _value(entry.default_value)
        for name, entry in schema.attributes.items()
        if entry.default_value.name
    }
    attributes |= {attribute.name: _value(attribute) for attribute in proto.attribute}
    if proto.op_type in WINDOWED:
        _explicit_window(attributes, inputs, outputs)
    if proto.op_type == "Transpose":
        attributes.setdefault("perm", list(range(len(outputs[0].shape)))[::-1])
    return attributes


def _value(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if attribute.type == onnx.AttributeProto.STRINGS:
        return [text.decode(errors="replace") for text in value]
    return list(value) if attribute.type in _LISTS else value


_LISTS = (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS)


def _explicit_window(
    attributes: dict[str, Any], inputs: Sequence[Value | None], outputs: Sequence[Value]
) -> None:
    """Fill in kernel, strides and dilations, and compute pads from auto_pad."""
    data, weights = (*inputs, None)[:2]
    assert data is not None
    if weights is not None:
        attributes.setdefault("kernel_shape", list(weights.shape[2:]))
    kernel = attributes["kernel_shape"]
    given = [data.shape, *([] if weights is None else [weights.shape])]
    if any(len(shape) != len(kernel) + 2 for shape in given):
        raise CompileError(
            f"the window {kernel} of the node that computes '{outputs[0].name}' doesn't fit its "
            f"inputs of shape {', '.join(str(list(shape)) for shape in given)}: export it again"
        )
    strides = attributes.setdefault("strides", [1] * len(kernel))
    dilations = attributes.setdefault("dilations", [1] * len(kernel))
    pads = attributes.setdefault("pads", [0] * (2 * len(kernel)))
    auto = attributes["auto_pad"]
    attributes["auto_pad"] = "NOTSET"
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        return
    if any(dilation > 1 < k for dilation, k in zip(dilations, kernel, strict=True)):
        attributes["auto_pad"] = auto
    for axis, size in enumerate(data.shape[2:]):
        reach = (outputs[0].shape[2 + axis] - 1) * strides[axis]
        reach += (kernel[axis] - 1) * dilations[axis] + 1
        if reach < size - (1 if weights is None else 2):  # from here on ONNX Runtime differs
            attributes["auto_pad"] = auto
        total = max(reach - size, 0)
        less, more = total // 2, total - total // 2
        before, after = (less, more) if auto == "SAME_UPPER" else (more, less)
        pads[axis], pads[axis + len(kernel)] = before, after
