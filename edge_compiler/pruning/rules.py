"""
What operators do to channels: where their atoms go, and which constants have a part for each.

A rule returns False for a node that it can't follow; what that reads is kept as it is. To add an
operator: a rule here, or its name in one, and its case in ``test_pruning.py``.
"""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.resize import resized_axes
from edge_compiler.ops import has_constant_weights
from edge_compiler.pruning.channels import Along, Channels, computed, Layer
from edge_perception.runtime.dtypes import INT64

Rule = Callable[[Node, Channels], bool]
_RULES: dict[str, Rule] = {}


def follow_channels(graph: Graph) -> Channels:
    """
    Return which channels of a graph stand and fall together.

    :param graph: before anything was fused into its nodes.
    """
    return Channels(graph, _follow)


def _follow(node: Node, channels: Channels) -> bool:
    if node.fused.residual is not None or node.fused.activation is not None:
        return False
    if ops.activation_of(node) is not None:
        return _same(node, channels)
    rule = _RULES.get(node.op)
    return rule is not None and rule(node, channels)


def _follows(*operators: str) -> Callable[[Rule], Rule]:
    """Enter a rule into the table."""

    def enter(rule: Rule) -> Rule:
        _RULES.update(dict.fromkeys(operators, rule))
        return rule

    return enter


@_follows("Conv", "ConvTranspose")
def _convolution(node: Node, channels: Channels) -> bool:
    """Make channels, or pass them on if each is convolved alone."""
    if not has_constant_weights(node) or ops.fault(node):
        return False
    weights, groups = node.input(1), node.attributes["group"]
    axis = 0 if node.op == "Conv" else 1
    inputs = channels.of(node.input(0), 1)
    if groups == 1:
        outputs = channels.new(weights.shape[axis])
        channels.cut(node, 1, axis, outputs)
        channels.cut(node, 1, 1 - axis, inputs)
        channels.layers.append(Layer(node, axis, outputs, Along(1 - axis, inputs)))
    elif groups == len(inputs) and weights.shape[1] == 1:
        outputs = np.repeat(inputs, node.output.shape[1] // groups)
        channels.cut(node, 1, 0, outputs)
        channels.layers.append(Layer(node, 0, outputs, None))
    else:
        return False
    channels.cut(node, 2, 0, outputs)
    channels.set(node.output, 1, outputs)
    return True


@_follows("Gemm", "MatMul")
def _product(node: Node, channels: Channels) -> bool:
    """Make channels of columns."""
    source, weights = node.input(0), node.input(1)
    if not has_constant_weights(node) or len(weights.shape) != 2 or len(source.shape) < 2:
        return False
    if node.attributes.get("transA"):
        return False
    axis = 0 if node.attributes.get("transB") else 1
    last = len(source.shape) - 1
    inputs, outputs = channels.of(source, last), channels.new(weights.shape[axis])
    channels.cut(node, 1, axis, outputs)
    channels.cut(node, 1, 1 - axis, inputs)
    _cut_broadcast(node, 2, last, outputs, channels)
    channels.layers.append(Layer(node, axis, outputs, Along(1 - axis, inputs)))
    channels.set(node.output, last, outputs)
    return True


@_follows("BatchNormalization", "ChannelAffine", "InstanceNormalization")
def _scales(node: Node, channels: Channels) -> bool:
    """Have numbers for each channel."""
    if any(value is None or value.constant is None for value in node.inputs[1:]):
        return False
    if len(node.outputs) != 1 or node.attributes.get("training_mode"):
        return False
    atoms = channels.of(node.input(0), 1)
    for index in range(1, len(node.inputs)):
        channels.cut(node, index, 0, atoms)
    channels.set(node.output, 1, atoms)
    return True


@_follows("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Sum")
def _arithmetic(node: Node, channels: Channels) -> bool:
    """Unite channels that meet each other."""
    result, read = node.output, computed(node.inputs)
    axes = [
        known.axis + len(result.shape) - len(value.shape)
        for value in read
        if (known := channels.along.get(value)) is not None
        and value.shape[known.axis] == result.shape[known.axis - len(value.shape)]
    ]
    if not axes:
        return False
    axis, atoms = axes[0], None
    for value in read:
        own = axis + len(value.shape) - len(result.shape)
        if own < 0 or value.shape[own] != result.shape[axis]:
            channels.fix(value)  # it is repeated for each channel
            continue
        found = channels.of(value, own)
        if atoms is not None:
            channels.unite(atoms, found)
        atoms = found if atoms is None else atoms
    assert atoms is not None, "one lies along this axis"
    for index in range(len(node.inputs)):
        _cut_broadcast(node, index, axis, atoms, channels)
    channels.set(result, axis, atoms)
    return True


def _cut_broadcast(
    node: Node, index: int, axis: int, atoms: np.ndarray, channels: Channels
) -> None:
    """Cut a constant that is broadcast to what a node computes, if it tells channels apart."""
    constant = node.constant(index) if index < len(node.inputs) else None
    if constant is None:
        return
    own = axis + constant.ndim - len(node.output.shape)
    if own >= 0 and constant.shape[own] == len(atoms):
        channels.cut(node, index, own, atoms)


@_follows("Identity")
def _same(node: Node, channels: Channels) -> bool:
    """Compute each element by itself."""
    known = channels.along.get(node.input(0))
    if known is None:
        return False
    channels.set(node.output, known.axis, known.atoms)
    return True


@_follows("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "MaxPool")
def _pool(node: Node, channels: Channels) -> bool:
    """Look at each channel by itself, which are along the second axis."""
    if len(node.outputs) != 1:
        return False
    channels.set(node.output, 1, channels.of(node.input(0), 1))
    return True


@_follows(
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceL1", "ReduceL2"
)
def _reduce(node: Node, channels: Channels) -> bool:
    """Reduce each channel by itself."""
    known, rank = channels.along.get(node.input(0)), len(node.input(0).shape)
    given = node.constant(1)
    if known is None or given is None or not given.size:
        return False
    axes = {int(axis) % rank for axis in given.reshape(-1)}
    if known.axis in axes:
        return False
    gone = 0 if node.attributes["keepdims"] else sum(axis < known.axis for axis in axes)
    channels.set(node.output, known.axis - gone, known.atoms)
    return True


@_follows("LogSoftmax", "Softmax")
def _softmax(node: Node, channels: Channels) -> bool:
    """Look at each channel by itself along another axis."""
    known = channels.along.get(node.input(0))
    if known is None or node.attributes["axis"] % len(node.output.shape) == known.axis:
        return False
    return _same(node, channels)


@_follows("Pad")
def _pad(node: Node, channels: Channels) -> bool:
    """Pad other axes."""
    known, pads, rank = channels.along.get(node.input(0)), node.constant(1), len(node.output.shape)
    if known is None or pads is None or (len(node.inputs) > 3 and node.inputs[3] is not None):
        return False
    if pads[known.axis] or pads[known.axis + rank]:
        return False
    return _same(node, channels)


@_follows("Resize")
def _resize(node: Node, channels: Channels) -> bool:
    """Resize other axes."""
    known = channels.along.get(node.input(0))
    if known is None or len(computed(node.inputs)) > 1 or known.axis in resized_axes(node):
        return False
    if node.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        return False
    return _same(node, channels)


@_follows("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def _reshape(node: Node, channels: Channels) -> bool:
    """Give the channels another axis, and each as many places there as that has of it."""
    known, old, new = channels.along.get(node.input(0)), node.input(0).shape, node.output.shape
    if known is None or len(computed(node.inputs)) > 1:
        return False
    before, count = math.prod(old[: known.axis]), old[known.axis]
    for axis, size in enumerate(new):
        if math.prod(new[:axis]) == before and size % count == 0:
            channels.set(node.output, axis, np.repeat(known.atoms, size // count))
            return True
    return False


@_follows("Transpose")
def _transpose(node: Node, channels: Channels) -> bool:
    """Give the channels another axis."""
    known = channels.along.get(node.input(0))
    if known is None:
        return False
    channels.set(node.output, node.attributes["perm"].index(known.axis), known.atoms)
    return True


@_follows("Concat")
def _concat(node: Node, channels: Channels) -> bool:
    """Put channels behind each other, or unite those that become one."""
    joined = node.attributes["axis"] % len(node.output.shape)
    axes = [channels.along[value].axis for value in node.reads() if value in channels.along]
    if not axes:
        return False
    if joined in axes:
        atoms = np.concatenate([channels.of(value, joined) for value in node.reads()])
        channels.set(node.output, joined, atoms)
        return True
    atoms = channels.of(computed(node.inputs)[0], axes[0])
    for value in computed(node.inputs)[1:]:
        channels.unite(atoms, channels.of(value, axes[0]))
    for index in range(len(node.inputs)):
        channels.cut(node, index, axes[0], atoms)
    channels.set(node.output, axes[0], atoms)
    return True


@_follows("Split")
def _split(node: Node, channels: Channels) -> bool:
    """Deal channels out to the parts."""
    known = channels.along.get(node.input(0))
    if known is None:
        return False
    first, splits = 0, node.attributes["axis"] % len(node.input(0).shape) == known.axis
    for value in node.outputs:
        last = first + value.shape[known.axis] if splits else len(known.atoms)
        channels.set(value, known.axis, known.atoms[first:last])
        first = last if splits else 0
    return True


def restate(node: Node) -> None:
    """Let a node say the sizes of what it reads and computes, after channels were removed."""
    if node.op in ("Conv", "ConvTranspose") and node.attributes["group"] > 1:
        node.attributes["group"] = node.input(0).shape[1]
    elif node.op == "Reshape":
        node.inputs = (node.input(0), _sizes(node, node.output.shape))
    elif node.op == "Resize" and len(node.inputs) > 3 and node.inputs[3] is not None:
        axes = node.attributes.get("axes") or range(len(node.output.shape))
        sizes = [node.output.shape[axis] for axis in axes]
        node.inputs = (*node.inputs[:3], _sizes(node, sizes))
    elif node.op == "Split":
        axis = node.attributes["axis"]
        node.attributes.pop("num_outputs", None)
        node.inputs = (node.input(0), _sizes(node, [v.shape[axis] for v in node.outputs]))


def _sizes(node: Node, sizes: object) -> Value:
    array = np.array(sizes, np.int64)
    return Value(f"{node.output.name}/sizes", array.shape, INT64, array)
