"""What a product reads in place of an operand that is another value transposed or scaled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.program.layout import row_major
from edge_compiler.targets.program.lowering import Lowering


@dataclass(frozen=True)
class View:
    """
    An operand as it lies in another value.

    :ivar value: that is read.
    :ivar shape: of the operand.
    :ivar steps: elements from one to the next along each axis of the operand.
    :ivar scale: what its elements are multiplied by.
    """

    value: Value
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    scale: float = 1.0

    @classmethod
    def plain(cls, operand: Value) -> View:
        """Return the operand as it is."""
        return cls(operand, operand.shape, row_major(operand.shape))

    @classmethod
    def of(cls, low: Lowering, operand: Value) -> View:
        """Return the operand as it lies in what it is made of, if nobody asked for it so far."""
        node = low.graph.producer(operand)
        if node is None or not low.is_deferred(operand):
            return cls.plain(operand)
        if node.op == "Transpose":
            source, order = cls.of(low, node.input(0)), node.attributes["perm"]
            steps = tuple(source.steps[axis] for axis in order)
            return replace(source, shape=operand.shape, steps=steps)
        if (scale := scale_of(node)) is not None:
            source = cls.of(low, node.input(0))
            return replace(source, scale=source.scale * scale)
        return cls.plain(operand)


def scale_of(node: Node) -> float | None:
    """Return the number by which a ChannelAffine multiplies all elements, if it does only that."""
    if node.op != "ChannelAffine" or node.fused.activation is not None:
        return None
    scale, shift = node.constant(1), node.constant(2)
    assert scale is not None
    assert shift is not None
    same = bool(np.all(scale == scale.flat[0])) and not np.any(shift)
    return float(scale.flat[0]) if same else None
