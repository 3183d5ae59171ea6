"""What operators with a window have in common."""

from __future__ import annotations

from edge_compiler.ir.graph import Node


def unclear_padding(node: Node) -> str | None:
    """
    Return a reason if ONNX and ONNX Runtime understand the padding of a window differently.

    With dilations, ONNX Runtime refuses a Conv and pads a pool as if it had none; where windows
    leave out rows, it leaves out some of them before the first window.
    """
    auto = node.attributes["auto_pad"]
    if auto == "NOTSET":
        return None
    dilated = any(dilation > 1 for dilation in node.attributes["dilations"])
    what = "with dilations" if dilated else "and a window that is smaller than its stride"
    return (
        f"auto_pad {auto} {what}: ONNX Runtime differs from ONNX here, "
        "export it with explicit pads"
    )


def unclear_last_window(node: Node) -> str | None:
    """Return a reason if ONNX's shape inference and ONNX Runtime disagree on the last window."""
    strides, pads = node.attributes.get("strides"), node.attributes.get("pads")
    for axis, (size, out) in enumerate(
        zip(node.input(0).shape[2:], node.output.shape[2:], strict=True)
    ):
        stride, before = strides[axis] if strides else 1, pads[axis] if pads else 0
        if (out - 1) * stride >= size + before:
            return "with ceil_mode the last window begins in the padding: export it without"
    return None
