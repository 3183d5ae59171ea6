"""Where a model can end before nodes that yield as much as they find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import onnx

from edge_compiler.frontend.tidy import reads_of
from edge_compiler.ir.evaluate import OF_SHAPE

COUNTED = {"Compress", "NonMaxSuppression", "NonZero", "Unique"}
"""Operators whose results are as long as what they find."""
MOST = 8
"""Outputs that are worth naming."""
_PARTS = {
    *("ArgMax", "Equal", "Gather", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not"),
    *("ReduceMax", "Slice", "Split", "TopK"),
}
"""What is taken of a tensor, or asked of it, before such nodes: less than it says."""
_VIEWS = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
"""What may stand between these; as much as the tensor says."""


@dataclass
class _Found:
    """
    What is known of tensors, by name.

    :ivar makers: the nodes that compute them.
    :ivar computed: those that inputs of the model decide on.
    :ivar open: those of them whose size isn't known.
    """

    computed: set[str]
    makers: dict[str, onnx.NodeProto] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def read(self, node: onnx.NodeProto) -> list[str]:
        """Return what a node reads of what is computed and of known size."""
        return [name for name in reads_of(node) if name in self.computed - self.open]


def last_of_known_size(graph: onnx.GraphProto, inputs: Iterable[str]) -> list[str]:
    """
    Return the tensors that follow from a model's inputs and that such nodes choose from.

    All scores, say, rather than the scores of each class; together with the model's outputs that
    don't depend on such nodes. Nothing if they are too many to name.

    :param inputs: of the model, by name.
    """
    found = _Found(set(inputs))
    chosen_from: dict[str, None] = {}
    for node in graph.node:
        found.makers |= dict.fromkeys(node.output, node)
        given = found.read(node)
        if _is_open(node) or found.open.intersection(reads_of(node)):
            found.open.update(node.output)
            chosen_from |= dict.fromkeys(_whole(name, found) for name in given)
        elif given and node.op_type not in OF_SHAPE:
            found.computed.update(node.output)
    kept = [value.name for value in graph.output if value.name not in found.open]
    names = [name for name in dict.fromkeys([*kept, *chosen_from]) if name in found.makers]
    return names if len(names) <= MOST else []


def _is_open(node: onnx.NodeProto) -> bool:
    """Return whether a node, or one within it, yields as much as it finds."""
    within = (inner for attribute in node.attribute for inner in attribute.g.node)
    return node.op_type in COUNTED or any(map(_is_open, within))


def _whole(name: str, found: _Found) -> str:
    """Return the tensor that another one is a part of, or a question about."""
    whole = name
    while name in found.makers and found.makers[name].op_type in _PARTS | _VIEWS:
        maker = found.makers[name]
        given = found.read(maker)
        if len(given) != 1:
            break
        name = given[0]
        whole = name if maker.op_type in _PARTS else whole
    return whole
