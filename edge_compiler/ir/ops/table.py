"""The operator table, and the checks that several operators share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_compiler.ir.graph import Node, Value

Check = Callable[[Node], "str | None"]
Count = Callable[[Node], int]


@dataclass(frozen=True)
class Operator:
    """
    What is known of an operator.

    :ivar name: as in ``Node.op``.
    :ivar summary: one sentence.
    :ivar check: returns why a node isn't supported, None if it is.
    :ivar macs: returns the multiply-accumulates of a node.
    :ivar fuses_activation: whether its nodes apply an activation to their result.
    """

    name: str
    summary: str
    check: Check
    macs: Count
    fuses_activation: bool


OPERATORS: dict[str, Operator] = {}


def op(
    *names: str, macs: Count = lambda node: 0, fuses_activation: bool = False
) -> Callable[[Check], Check]:
    """Enter operators into the table; the decorated function checks their nodes."""

    def register(check: Check) -> Check:
        summary = (check.__doc__ or "").strip()
        for name in names:
            OPERATORS[name] = Operator(name, summary, check, macs, fuses_activation)
        return check

    return register


def require_image(value: Value) -> str | None:
    """Return a reason if a value isn't one image, channels first."""
    if len(value.shape) != 4 or value.shape[0] != 1:
        return f"only images of shape 1xCxHxW are supported, received {list(value.shape)}"
    return None


def require_clear_padding(node: Node) -> str | None:
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


def require_constant(node: Node, *indices: int) -> str | None:
    """Return a reason if one of these inputs is computed; one that is left out is fine."""
    for index in indices:
        value = node.inputs[index] if index < len(node.inputs) else None
        if value is not None and value.constant is None:
            return f"the input '{value.name}' must be a constant"
    return None


def require(node: Node, attribute: str, *values: Any) -> str | None:
    """Return a reason if an attribute has another value than these."""
    value = node.attributes.get(attribute, values[0])
    if value not in values:
        return f"{attribute}={value!r} is not supported"
    return None
