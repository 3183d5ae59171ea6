"""Which nodes of a network compute in integers, and why the others don't."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
import math

from edge_compiler import ops
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.resize import blends_four
from edge_compiler.passes.integers.phases import phases_of
from edge_compiler.precision.scales import fits
from edge_perception.runtime.dtypes import FLOAT32


class Role(Enum):
    """What a node does to integers that stand for floats."""

    LAYER = "multiplies by constant weights"
    VALUES = "computes numbers with a range of their own"
    MOVE = "gives numbers of its first input, so that they keep its scale"


_VALUES = ("Add", "Concat", "GlobalAveragePool", "Mul")
_FUNCTIONS = (
    *("Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "Sigmoid", "SiLU"),
    *("Softplus", "Tanh"),
)
"""Functions of one number: a table of 256 entries."""
_MOVES = (
    *("AveragePool", "DepthToSpace", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Pad"),
    *("Reshape", "Resize", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose"),
    "Unsqueeze",
)
ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "Gemm", "MatMul"), Role.LAYER),
    **dict.fromkeys((*_VALUES, *_FUNCTIONS), Role.VALUES),
    **dict.fromkeys(_MOVES, Role.MOVE),
}


@dataclass(frozen=True)
class Assignment:
    """
    Which nodes compute in integers.

    :ivar integer: those that do.
    :ivar kept: why the others don't, by node.
    """

    integer: frozenset[Node]
    kept: Mapping[Node, str]


def assign(graph: Graph, floats: Collection[str] = ()) -> Assignment:
    """
    Let every node compute in integers that can, and whose work is worth it.

    What no layer follows stays in float32: it is little work, and results keep their digits. So do
    functions and moves of what is float32 anyway.

    :param floats: names of the nodes that shall compute in float32.
    """
    leads_on = _before_layers(graph)
    integer: set[Node] = set()
    kept: dict[Node, str] = {}
    for node in graph.nodes:
        reason = fault(node)
        if reason is None and node.name in floats:
            reason = "8 bits cost it too much"
        if reason is None and ROLES[node.op] is not Role.LAYER:
            if not any(graph.producer(value) in integer for value in activations(node)):
                reason = "what it reads is float32"
            elif node not in leads_on and cuts_off(graph, node) is None:
                reason = "no layer with weights follows"
        if reason is None:
            integer.add(node)
        else:
            kept[node] = reason
    return Assignment(frozenset(integer), kept)


def layers(graph: Graph) -> list[Node]:
    """Return the nodes with multiply-accumulates that could compute in integers."""
    return [
        node for node in graph.nodes if ROLES.get(node.op) is Role.LAYER and fault(node) is None
    ]


def activations(node: Node) -> list[Value]:
    """Return the tensors of floats that a node reads and that stand for pictures, not weights."""
    if ROLES.get(node.op) in (Role.MOVE, None) or node.op in _FUNCTIONS:
        values = [value for value in node.inputs[:1] if value is not None]
    else:
        values = [value for value in node.inputs if value is not None]
    return [value for value in values if value.type == FLOAT32 and value.constant is None]


def fault(node: Node) -> str | None:
    """Return why a node can't compute in integers; None if it can."""
    if node.op not in ROLES:
        return f"{node.op} has no integer form"
    if any(value.type != FLOAT32 for value in (node.input(0), *node.outputs)):
        return "its numbers are no floats"
    if node.input(0).constant is not None and node.op not in ("Add", "Mul", "Concat"):
        return "its first input is constant"
    check = _FAULTS.get(node.op)
    return check(node) if check else None


def cuts_off(graph: Graph, node: Node) -> Node | None:
    """Return the layer or sum before a node that only limits its results: they are one step."""
    if node.op not in ("Relu", "Clip"):
        return None
    before, activation = graph.producer(node.input(0)), ops.activation_of(node)
    if before is None or activation is None or graph.sole_consumer(before.output) is None:
        return None
    if ROLES.get(before.op) is not Role.LAYER and before.op not in ("Add", "Mul"):
        return None
    return before


def channel_axis(node: Node) -> int | None:
    """Return the axis of the output channels in a layer's weights; None: one scale for all."""
    weights = node.input(1)
    if node.op == "Conv":
        return 0
    if node.op == "ConvTranspose":
        return 1
    if node.op == "Gemm":
        return 0 if node.attributes["transB"] else 1
    return 1 if len(weights.shape) == 2 else None


def _layer_fault(node: Node) -> str | None:
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    weights = node.input(1)
    if weights.constant is None:
        return "its weights are computed"
    if bias is not None and bias.constant is None:
        return "its bias is computed"
    axis = channel_axis(node)
    channels = 1 if axis is None else weights.shape[axis]
    if bias is not None and bias.size != channels:
        return "its bias is not one number for each output channel"
    terms = math.prod(weights.shape) // channels
    return None if fits(terms) else "a sum of so many products could leave 32 bits"


def _transposed_fault(node: Node) -> str | None:
    phases = phases_of(node)
    return phases if isinstance(phases, str) else _layer_fault(node)


def _gemm_fault(node: Node) -> str | None:
    attributes = node.attributes
    if attributes["transA"] or (attributes["alpha"], attributes["beta"]) != (1, 1):
        return "it transposes its first input or scales what it computes"
    return _layer_fault(node)


def _pad_fault(node: Node) -> str | None:
    value = node.constant(2)
    zero = (
        len(node.inputs) < 3 or node.inputs[2] is None or (value is not None and not value.any())
    )
    return (
        None if node.attributes["mode"] != "constant" or zero else "it pads with other than zero"
    )


def _resize_fault(node: Node) -> str | None:
    mode = node.attributes["mode"]
    if mode == "nearest" or (mode == "linear" and blends_four(node)):
        return None
    return "it makes a pixel of more than four"


def _function_fault(node: Node) -> str | None:
    return None if ops.activation_of(node) else "its bounds are computed"


_FAULTS: Mapping[str, Callable[[Node], str | None]] = {
    **dict.fromkeys(("Conv", "MatMul"), _layer_fault),
    "ConvTranspose": _transposed_fault,
    "Gemm": _gemm_fault,
    "Pad": _pad_fault,
    "Resize": _resize_fault,
    "Clip": _function_fault,
}


def _before_layers(graph: Graph) -> set[Node]:
    """Return the nodes on whose results a layer depends."""
    found: set[Node] = set()
    for node in reversed(list(graph.nodes)):
        readers = (reader for value in node.outputs for reader in graph.consumers(value))
        if any(reader in found or ROLES.get(reader.op) is Role.LAYER for reader in readers):
            found.add(node)
    return found
