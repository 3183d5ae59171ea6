"""A Gemm or MatMul as the product of two batches of matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.algorithms.gemm.views import View
from edge_compiler.targets.program.layout import BLOCK, merge_axes, repeated

RANK = 4
"""The most dimensions of a batch: GEMM_RANK of gemm.h."""


@dataclass(frozen=True)
class Operand:
    """
    A batch of matrices, and where their elements lie.

    :ivar batch: their number in each dimension.
    :ivar matrices: elements from one matrix to the next in each dimension; 0: it is the same one.
    :ivar line: elements from one row (of the left operand) or column (of the right) to the next.
    :ivar term: elements from one term of a sum to the next.
    """

    view: View
    batch: tuple[int, ...]
    matrices: tuple[int, ...]
    line: int
    term: int


@dataclass(frozen=True)
class Product:
    """
    A batch of matrices, each a product of two.

    :ivar batch: their number in each dimension; they lie behind each other.
    :ivar terms: products that are summed up in one element.
    :ivar left: as many matrices as the batch has.
    :ivar right: each of its own matrices once.
    :ivar rights: matrices of the right operand from one to the next in each of them.
    """

    batch: tuple[int, ...]
    rows: int
    columns: int
    terms: int
    left: Operand
    right: Operand
    rights: tuple[int, ...]

    @property
    def packed_columns(self) -> int:
        """The columns of the right operand as it is packed: whole blocks of them."""
        return -(-self.columns // BLOCK) * BLOCK

    @classmethod
    def of(cls, node: Node, see: Callable[[Value], View] = View.plain) -> Product:
        """
        Return what a node computes, as few matrices with as many rows as possible.

        :param see: tells where an operand lies.
        """
        a, b = see(node.input(0)), see(node.input(1))
        # a vector is a row on the left and a column on the right
        left, left_steps = _with_axis(a, 0)
        right, right_steps = _with_axis(b, 1)
        (rows, terms), (row, term_a) = left[-2:], left_steps[-2:]
        columns, (term_b, column) = right[-1], right_steps[-2:]
        if node.attributes.get("transA"):
            rows, terms, row, term_a = terms, rows, term_a, row
        if node.attributes.get("transB"):
            columns, term_b, column = right[-2], column, term_b
        full = np.broadcast_shapes(left[:-2], right[:-2])
        batch, (lefts, rights) = merge_axes(
            full,
            repeated(left[:-2], full, left_steps[:-2]),
            repeated(right[:-2], full),
        )
        if rights[-1:] == (0,) and lefts[-1] == rows * row:  # all of them meet one matrix
            rows, batch, lefts, rights = rows * batch[-1], batch[:-1], lefts[:-1], rights[:-1]
        own, (matrices,) = merge_axes(right[:-2], right_steps[:-2])
        operands = (
            Operand(a, batch, lefts, row, term_a),
            Operand(b, own, matrices, column, term_b),
        )
        return cls(batch, rows, columns, terms, *operands, rights)


def _with_axis(view: View, missing: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return shape and steps of an operand; that of a vector has another axis, of length 1."""
    shape, steps = list(view.shape), list(view.steps)
    if len(shape) == 1:
        shape.insert(missing, 1)
        steps.insert(missing, 0)
    return tuple(shape), tuple(steps)
