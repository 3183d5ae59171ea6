"""Which products and Softmax are attention: shares of one that only a second product reads."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.targets.c.algorithms.attention.strips import Strips
from edge_compiler.targets.c.algorithms.gemm.product import Product
from edge_compiler.targets.c.algorithms.gemm.views import scale_of
from edge_compiler.targets.program.layout import row_major
from edge_compiler.targets.program.lowering import Lowering

PRODUCTS = ("Gemm", "MatMul")

_LEAST_ROWS, _LEAST_PIECES = 8, 4
"""Of a matrix, and of work for threads: with fewer, two products and Softmax are as fast."""


@dataclass(frozen=True)
class Attention:
    """
    Nodes whose results nobody but the next one reads.

    :ivar scores: a product.
    :ivar scales: multiply it by a number.
    :ivar shares: Softmax of each row.
    :ivar mixed: the product of these with other rows.
    """

    scores: Node
    scales: tuple[Node, ...]
    shares: Node
    mixed: Node

    @property
    def origins(self) -> tuple[str, ...]:
        """The names of all ONNX nodes that these are, in their order."""
        nodes = (self.scores, *self.scales, self.shares, self.mixed)
        return tuple(name for node in nodes for name in node.origins)


def attention_from(graph: Graph, scores: Node) -> Attention | None:
    """Return the attention that begins with a product; None if that is none."""
    scales = []
    node = graph.sole_consumer(scores.output)
    while node is not None and scale_of(node) is not None:
        scales.append(node)
        node = graph.sole_consumer(node.output)
    if node is None or node.op != "Softmax" or not _along_rows(node):
        return None
    mixed = graph.sole_consumer(node.output)
    if mixed is None or mixed.op not in PRODUCTS or mixed.input(1) is node.output:
        return None
    found = Attention(scores, tuple(scales), node, mixed)
    return found if _is_linear(found) and _fits(found) and _pays(found) else None


def attention_of(low: Lowering, node: Node) -> Attention | None:
    """Return the attention whose Softmax or second product a node is, if none is computed yet."""
    before = low.graph.producer(node.input(0))
    while before is not None and low.is_deferred(before.output):
        if before.op in PRODUCTS:
            found = attention_from(low.graph, before)
            return found if found and node in (found.shares, found.mixed) else None
        before = low.graph.producer(before.input(0))
    return None


def _along_rows(shares: Node) -> bool:
    rank = len(shares.output.shape)
    return rank > 1 and bool(shares.attributes["axis"] % rank == rank - 1)


def _is_linear(attention: Attention) -> bool:
    """Return whether what is multiplied by a number is nothing but products."""
    scaled = [attention.scores] * bool(attention.scales)
    plain = all(node.fused.activation is None for node in (*scaled, attention.mixed))
    return plain and len(attention.mixed.inputs) == 2


def _fits(attention: Attention) -> bool:
    """Return whether the second product reads the matrices of the first as they are."""
    first, second = Product.of(attention.scores), Product.of(attention.mixed)
    left = second.left
    matrices = row_major((*second.batch, first.rows, first.columns))[:-2]
    return (
        (first.rows, first.columns) == (second.rows, second.terms)
        and math.prod(first.batch) == math.prod(second.batch)
        and (left.line, left.term, left.matrices) == (first.columns, 1, matrices)
    )


def _pays(attention: Attention) -> bool:
    """Return whether one step is faster than three."""
    product = Product.of(attention.scores)
    strips = Strips.of(product.rows, product.columns)
    pieces = math.prod(product.batch) * strips.count
    return product.rows >= _LEAST_ROWS and pieces >= _LEAST_PIECES
