"""A Gemm or MatMul as the product of two batches of matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.program.layout import merge_axes, repeated, row_major

RANK = 4
"""The most dimensions of a batch: GEMM_RANK of gemm.h."""


@dataclass(frozen=True)
class Operand:
    """
    A batch of matrices, and where their elements lie.

    :ivar matrices: elements from one matrix to the next in each dimension of the batch; 0: it is
        the same one.
    :ivar line: elements from one row (of the left operand) or column (of the right) to the next.
    :ivar term: elements from one term of a sum to the next.
    """

    value: Value
    matrices: tuple[int, ...]
    line: int
    term: int


@dataclass(frozen=True)
class Product:
    """
    A batch of matrices, each a product of two.

    :ivar batch: their number in each dimension; they lie behind each other.
    :ivar terms: products that are summed up in one element.
    """

    batch: tuple[int, ...]
    rows: int
    columns: int
    terms: int
    left: Operand
    right: Operand

    @classmethod
    def of(cls, node: Node) -> Product:
        """Return what a node computes, as few matrices with as many rows as possible."""
        a, b = node.input(0), node.input(1)
        # a vector is a row on the left and a column on the right
        left = a.shape if len(a.shape) > 1 else (1, *a.shape)
        right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
        (row, term_a), (term_b, column) = row_major(left)[-2:], row_major(right)[-2:]
        (rows, terms), columns = left[-2:], right[-1]
        if node.attributes.get("transA"):
            rows, terms, row, term_a = terms, rows, term_a, row
        if node.attributes.get("transB"):
            columns, term_b, column = right[-2], column, term_b
        batch, (lefts, rights) = _batch(left, right)
        if rights[-1:] == (0,) and lefts[-1] == rows * row:  # all of them meet one matrix
            rows, batch, lefts, rights = rows * batch[-1], batch[:-1], lefts[:-1], rights[:-1]
        operands = Operand(a, lefts, row, term_a), Operand(b, rights, column, term_b)
        return cls(batch, rows, columns, terms, *operands)


def _batch(
    left: tuple[int, ...], right: tuple[int, ...]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Return the dimensions of a batch, and both operands' elements from matrix to matrix."""
    full = np.broadcast_shapes(left[:-2], right[:-2])
    steps = []
    for *matrices, height, width in (left, right):
        counted = repeated(tuple(matrices), full)
        steps.append(tuple(height * width * step for step in counted))
    return merge_axes(full, *steps)
