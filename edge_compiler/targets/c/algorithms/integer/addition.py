"""An addition to a convolution's result, done by the same step while a tile is in the cache."""

from __future__ import annotations

from dataclasses import dataclass

from edge_compiler.ir.graph import Node
from edge_compiler.ir.quantised import multipliers
from edge_compiler.targets.c.algorithms.integer.rounding import flip, rounding, unsigned_zero
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCKED
from edge_compiler.targets.program.literals import c_float, c_value, struct
from edge_compiler.targets.program.lowering import Lowering

LARGEST = 2 * 255
"""What is multiplied at most, both operands taken for the one with the larger scale."""


@dataclass(frozen=True)
class Addition:
    """
    A QAdd of a convolution's result and of what was computed before it.

    :ivar made: which of its inputs is the convolution's result.
    """

    node: Node
    made: int
    other: Buffer

    @classmethod
    def after(cls, low: Lowering, node: Node) -> Addition | None:
        """Return what may be added to a node's result, if nobody else wants it without."""
        add, outputs = low.graph.sole_consumer(node.output), low.graph.outputs
        if add is None or add.op != "QAdd" or node.output in outputs:
            return None
        made = int(add.input(0) is not node.output)
        other = add.input(1 - made)
        alike = other is not node.output and other.shape == node.output.shape == add.output.shape
        *_, free = rounding(add, LARGEST)
        if not alike or not free or other in low.graph.inputs or not low.is_free(other, BLOCKED):
            return None
        return cls(add, made, low.source(other, BLOCKED))

    def of(self, node: Node) -> Node:
        """Return the convolution with its addition."""
        origins = (*node.origins, *self.node.origins)
        outputs = [self.node.output]
        return Node(node.op, node.name, node.inputs, outputs, node.attributes, node.fused, origins)

    def sizes(self) -> dict[str, int | str]:
        """Return what qconv.h is told of it."""
        values = [self.node.input(index) for index in (self.made, 1 - self.made)]
        scales = [float(multipliers(self.node)[index]) for index in (self.made, 1 - self.made)]
        operands = [c_value((flip(value), unsigned_zero(value))) for value in values]
        whole = {
            "left": operands[0],
            "right": operands[1],
            "by_left": c_float(scales[0]),
            "by_right": c_float(scales[1]),
            "round": c_value(rounding(self.node, LARGEST)),
        }
        steps = {"other_plane": self.other.plane, "other_row": self.other.row}
        return {**steps, "sum": struct(whole)}
