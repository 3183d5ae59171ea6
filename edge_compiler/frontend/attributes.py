"""ONNX attributes as Python values: defaults filled in, and padding made explicit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import OPSET, Value

WINDOWED = ("Conv", "ConvInteger", "ConvTranspose", "MaxPool", "AveragePool", "LpPool")


def stated(proto: onnx.NodeProto) -> dict[str, Any]:
    """Return the attributes that a node states, as `onnx` gives them: texts are bytes."""
    return {a.name: helper.get_attribute_value(a) for a in proto.attribute}


def read_attributes(
    proto: onnx.NodeProto, inputs: Sequence[Value | None], outputs: Sequence[Value]
) -> dict[str, Any]:
    """
    Return the attributes of a node, complete.

    Operators with a sliding window always get ``kernel_shape``, ``strides``, ``dilations`` and
    ``pads``, with an ``auto_pad`` of "NOTSET" unless its padding is understood in several ways,
    and never an ``output_shape``; Transpose always gets ``perm``.
    """
    schema = onnx.defs.get_schema(proto.op_type, OPSET, "")
    attributes = {
        name: _value(entry.default_value)
        for name, entry in schema.attributes.items()
        if entry.default_value.name
    }
    attributes |= {attribute.name: _value(attribute) for attribute in proto.attribute}
    if proto.op_type in WINDOWED:
        _complete_window(attributes, inputs, outputs)
        explicit = _transposed_pads if proto.op_type == "ConvTranspose" else _pads
        explicit(attributes, inputs, outputs[0])
    if proto.op_type == "Transpose":
        _complete_order(attributes, inputs[0], outputs[0])
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


_SAME = ("SAME_UPPER", "SAME_LOWER")
_LISTS = (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS)


def _complete_order(attributes: dict[str, Any], data: Value | None, output: Value) -> None:
    """Fill in the order of a Transpose, and check it: shape inference lets some pass."""
    assert data is not None
    axes = list(range(len(data.shape)))
    if sorted(attributes.setdefault("perm", axes[::-1])) != axes:
        raise CompileError(
            f"the order {attributes['perm']} of the node that computes '{output.name}' doesn't "
            f"fit its input of shape {list(data.shape)}: export it again"
        )


def _complete_window(
    attributes: dict[str, Any], inputs: Sequence[Value | None], outputs: Sequence[Value]
) -> None:
    """Fill in kernel, strides, dilations and pads."""
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
    attributes.setdefault("strides", [1] * len(kernel))
    attributes.setdefault("dilations", [1] * len(kernel))
    attributes.setdefault("pads", [0] * (2 * len(kernel)))


def _pads(attributes: dict[str, Any], inputs: Sequence[Value | None], output: Value) -> None:
    """Compute pads from auto_pad."""
    data, weights = (*inputs, None)[:2]
    assert data is not None
    kernel, strides, dilations, pads = (
        attributes[name] for name in ("kernel_shape", "strides", "dilations", "pads")
    )
    auto = attributes["auto_pad"]
    attributes["auto_pad"] = "NOTSET"
    if auto not in _SAME:
        return
    if any(dilation > 1 < k for dilation, k in zip(dilations, kernel, strict=True)):
        attributes["auto_pad"] = auto
    for axis, size in enumerate(data.shape[2:]):
        reach = (output.shape[2 + axis] - 1) * strides[axis]
        reach += (kernel[axis] - 1) * dilations[axis] + 1
        if reach < size - (1 if weights is None else 2):  # from here on ONNX Runtime differs
            attributes["auto_pad"] = auto
        total = max(reach - size, 0)
        less, more = total // 2, total - total // 2
        before, after = (less, more) if auto == "SAME_UPPER" else (more, less)
        pads[axis], pads[axis + len(kernel)] = before, after


def _transposed_pads(
    attributes: dict[str, Any], inputs: Sequence[Value | None], output: Value
) -> None:
    """Compute the pads of a ConvTranspose from auto_pad, or from the size that it should have."""
    data = inputs[0]
    assert data is not None
    kernel, strides, dilations, pads = (
        attributes[name] for name in ("kernel_shape", "strides", "dilations", "pads")
    )
    more = attributes.setdefault("output_padding", [0] * len(kernel))
    auto, given = attributes["auto_pad"], attributes.pop("output_shape", None)
    attributes["auto_pad"] = auto if auto in _SAME and any(more) and not given else "NOTSET"
    if auto not in _SAME and not given:
        return
    for axis, size in enumerate(data.shape[2:]):
        reach = (size - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 + more[axis]
        total = max(reach - output.shape[2 + axis], 0)
        before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        pads[axis], pads[axis + len(kernel)] = before, total - before
