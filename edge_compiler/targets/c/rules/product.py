"""Gemm and MatMul."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms import lower_convolution
from edge_compiler.targets.c.algorithms.attention.lower import lower_attention
from edge_compiler.targets.c.algorithms.attention.pattern import attention_from, attention_of
from edge_compiler.targets.c.algorithms.gemm.lower import lower_product
from edge_compiler.targets.c.algorithms.gemm.product import Product, RANK
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.layer import Layer
from edge_compiler.targets.c.rules.table import lowers_choosing
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Geometry, is_layer_of_row, matrix_and_bias


def check_product(node: Node) -> str | None:
    """Matrix products of any rank, of computed and constant operands."""
    if len(Product.of(node).batch) > RANK:
        return (
            f"the matrices of both operands don't follow each other in {RANK} dimensions: export "
            "it with a Reshape before it that makes one of dimensions that stay side by side"
        )
    return None


@lowers_choosing("Gemm", "MatMul", check=check_product)
def lower_gemm(low: Lowering, node: Node, chooser: Chooser) -> None:
    """Lower a row times a constant matrix to a 1x1 convolution of one pixel."""
    if not is_layer_of_row(node):
        _lower_matrices(low, node)
        return
    matrix, b = matrix_and_bias(node)
    w = matrix[:, :, None, None]
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    geometry = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))
    lower_convolution(low, chooser, Layer(node, geometry, source, target, None), w, b)


def _lower_matrices(low: Lowering, node: Node) -> None:
    """Lower a product of matrices, with the product and Softmax before it if it is attention."""
    if attention := attention_of(low, node):
        lower_attention(low, attention)
    elif attention_from(low.graph, node):
        low.defer(node.output, lambda: lower_product(low, node))
    else:
        lower_product(low, node)
