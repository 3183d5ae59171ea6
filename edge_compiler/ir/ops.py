"""
The operator table: what the compiler knows of each operator, whatever the target is.

An entry is a function that says why a node of that operator can't be compiled (None if it can);
its docstring describes the operator. Decorate one with ``@op`` to add an operator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Activation, Node, Value

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


def refusal(node: Node) -> str | None:
    """Return why no target can run a node, in one clause; None if the compiler knows it."""
    operator = OPERATORS.get(node.op)
    if operator is None:
        return f"the operator {node.op} is not supported"
    for value in (*node.inputs[:1], *node.outputs):
        if value is not None and value.dtype != np.float32:
            return f"'{value.name}' is {value.dtype}, only float32 is supported"
    if len(node.outputs) > 1 and node.op != "Split":
        return f"the second output '{node.outputs[1].name}' is not supported"
    return operator.check(node)


def macs(node: Node) -> int:
    """Return how many multiply-accumulates a node costs; 0 where they don't matter."""
    operator = OPERATORS.get(node.op)
    return operator.macs(node) if operator else 0


def fuses_activation(node: Node) -> bool:
    """Return whether a node can apply an activation to its result."""
    return node.op in OPERATORS and OPERATORS[node.op].fuses_activation


def activation_of(node: Node) -> Activation | None:
    """Return the function of one number that a node is; None if it is something else."""
    if node.op == "Clip":
        low, high = (_bound(node, 1, -np.inf), _bound(node, 2, np.inf))
        return None if low is None or high is None else Activation("Clip", low, high)
    if node.op == "LeakyRelu":
        return Activation("LeakyRelu", node.attributes["alpha"])
    if node.op == "HardSigmoid":
        return Activation("HardSigmoid", node.attributes["alpha"], node.attributes["beta"])
    if node.op in ("Relu", "Sigmoid", "Tanh", "HardSwish", "SiLU"):
        return Activation(node.op)
    return None


def _bound(node: Node, index: int, default: float) -> float | None:
    """Return a bound of Clip; None if it is computed."""
    if index >= len(node.inputs) or node.inputs[index] is None:
        return default
    data = node.constant(index)
    return None if data is None else float(data.item())


# Checks that several operators share.


def _image(value: Value) -> str | None:
    if len(value.shape) != 4 or value.shape[0] != 1:
        return f"only images of shape 1xCxHxW are supported, received {list(value.shape)}"
    return None


def _constant(node: Node, *indices: int) -> str | None:
    """Return a reason if one of these inputs is computed; one that is left out is fine."""
    for index in indices:
        value = node.inputs[index] if index < len(node.inputs) else None
        if value is not None and value.constant is None:
            return f"the input '{value.name}' must be a constant"
    return None


def _supports(node: Node, attribute: str, *values: Any) -> str | None:
    """Return a reason if an attribute has another value than these."""
    value = node.attributes.get(attribute, values[0])
    if value not in values:
        return f"{attribute}={value!r} is not supported"
    return None


# Convolutions and matrix products.


def _conv_macs(node: Node) -> int:
    return node.output.size * int(np.prod(node.input(1).shape[1:]))


@op("Conv", macs=_conv_macs, fuses_activation=True)
def check_conv(node: Node) -> str | None:
    """2-D convolution: any group, stride, dilation and padding; constant weights."""
    image, weight = node.input(0), node.input(1)
    if reason := _image(image) or _constant(node, 1, 2):
        return reason
    channels = weight.shape[1] * node.attributes["group"]
    if channels != image.shape[1] or weight.shape[0] % node.attributes["group"]:
        return (
            f"weights {list(weight.shape)} in {node.attributes['group']} group(s) don't fit "
            f"{image.shape[1]} input channels"
        )
    if min(node.attributes["pads"]) < 0:
        return f"negative pads {node.attributes['pads']} are not supported"
    return None


def _gemm_macs(node: Node) -> int:
    return node.output.size * int(node.input(0).shape[-1])


@op("Gemm", macs=_gemm_macs, fuses_activation=True)
def check_gemm(node: Node) -> str | None:
    """Row vector times matrix plus bias (a fully connected layer); constant weights."""
    if node.input(0).shape[0] != 1:
        return f"only a row vector times a matrix is supported, received {list(node.input(0).shape)}"
    return _constant(node, 1, 2) or _supports(node, "transA", 0)


@op("MatMul", macs=_gemm_macs)
def check_matmul(node: Node) -> str | None:
    """Row vector times constant matrix."""
    shape = node.input(0).shape
    if len(node.input(1).shape) != 2 or int(np.prod(shape[:-1])) != 1:
        return f"only a row vector times a matrix is supported, received {list(shape)}"
    return _constant(node, 1)


# One number a channel.


@op("BatchNormalization", macs=lambda node: node.output.size)
def check_batch_normalization(node: Node) -> str | None:
    """Batch normalisation with constant statistics; becomes ChannelAffine."""
    return _constant(node, 1, 2, 3, 4) or _supports(node, "training_mode", 0)


@op("ChannelAffine", macs=lambda node: node.output.size, fuses_activation=True)
def check_channel_affine(node: Node) -> str | None:
    """Scale and shift of each channel; internal, made from BatchNormalization, Mul and Add."""
    return _image(node.input(0)) or _constant(node, 1, 2)


@op("ChannelShuffle")
def check_channel_shuffle(node: Node) -> str | None:
    """Interleave the channels of groups; internal, made from Reshape, Transpose, Reshape."""
    return _image(node.input(0))


# Functions of one number.


@op("Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish")
def check_activation(node: Node) -> str | None:
    """Activation function; applied inside the node before it where possible."""
    return None


@op("SiLU")
def check_silu(node: Node) -> str | None:
    """Activation x * Sigmoid(x); internal, made from these two."""
    return None


@op("Clip")
def check_clip(node: Node) -> str | None:
    """Limit to constant bounds (ReLU6)."""
    return _constant(node, 1, 2)


# Functions of several tensors.


@op("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", fuses_activation=True)
def check_elementwise(node: Node) -> str | None:
    """Arithmetic of tensors of one shape, with a constant, or with one number a channel."""
    shape = node.output.shape
    for value in node.inputs:
        if value is None or value.constant is not None or value.shape == shape:
            continue
        channel = len(shape) == 4 and value.shape == (1, shape[1], 1, 1)
        if not channel:
            return f"broadcasting a computed {list(value.shape)} to {list(shape)} is not supported"
    return None


@op("Concat")
def check_concat(node: Node) -> str | None:
    """Join tensors along any axis."""
    return None


# Windows over an image.


def _pool_macs(node: Node) -> int:
    return node.output.size * int(np.prod(node.attributes["kernel_shape"]))


@op("MaxPool", macs=_pool_macs)
def check_max_pool(node: Node) -> str | None:
    """2-D maximum pooling: any stride, dilation, padding, ceil_mode."""
    return _image(node.input(0)) or _supports(node, "storage_order", 0)


@op("AveragePool", macs=_pool_macs)
def check_average_pool(node: Node) -> str | None:
    """2-D average pooling: any stride, dilation, padding, count_include_pad, ceil_mode."""
    return _image(node.input(0))


@op("GlobalAveragePool", macs=lambda node: node.input(0).size)
def check_global_average_pool(node: Node) -> str | None:
    """Mean of each channel."""
    return _image(node.input(0))


@op("ReduceMean", macs=lambda node: node.input(0).size)
def check_reduce_mean(node: Node) -> str | None:
    """Mean over height and width; becomes GlobalAveragePool."""
    axes = node.constant(1)
    if axes is None or sorted(int(axis) % 4 for axis in axes.ravel()) != [2, 3]:
        return "only the mean over height and width (axes 2, 3) is supported"
    return _image(node.input(0))


@op("LRN", macs=lambda node: node.output.size * int(node.attributes["size"]))
def check_lrn(node: Node) -> str | None:
    """Local response normalisation across channels."""
    return _image(node.input(0))


@op("Softmax", macs=lambda node: node.output.size)
def check_softmax(node: Node) -> str | None:
    """Softmax along any axis."""
    return None


@op("Resize", macs=lambda node: node.output.size)
def check_resize(node: Node) -> str | None:
    """Nearest or linear resizing of height and width."""
    source, target = node.input(0).shape, node.output.shape
    if source[:2] != target[:2]:
        return f"only height and width can be resized, not {list(source)} to {list(target)}"
    return (
        _image(node.input(0))
        or _supports(node, "mode", "nearest", "linear")
        or _supports(node, "antialias", 0)
        or _supports(node, "exclude_outside", 0)
        or _supports(
            node,
            "coordinate_transformation_mode",
            "half_pixel",
            "pytorch_half_pixel",
            "asymmetric",
            "align_corners",
        )
    )


# Operators that move data or only rename it.


@op("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def check_reshape(node: Node) -> str | None:
    """Another shape for the same elements; costs nothing."""
    return None


@op("Identity", "Dropout")
def check_identity(node: Node) -> str | None:
    """Nothing to do when a network only runs; removed."""
    return _constant(node, 2) if node.op == "Dropout" else None


@op("Transpose")
def check_transpose(node: Node) -> str | None:
    """Reorder dimensions."""
    return None


@op("Pad")
def check_pad(node: Node) -> str | None:
    """Pad with a constant; becomes part of the Conv or pool that follows where possible."""
    return _supports(node, "mode", "constant") or _constant(node, 1, 2, 3)


@op("Split")
def check_split(node: Node) -> str | None:
    """Cut along any axis."""
    return _constant(node, 1)


@op("Slice")
def check_slice(node: Node) -> str | None:
    """Take a part of a tensor, with constant bounds and steps."""
    return _constant(node, 1, 2, 3, 4)
