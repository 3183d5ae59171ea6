"""From a Gemm or MatMul to steps of gemm.h."""

from __future__ import annotations

from functools import partial
import math

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.algorithms.gemm.product import Product, RANK
from edge_compiler.targets.c.algorithms.gemm.views import View
from edge_compiler.targets.c.algorithms.tiles import best_tiles, SUM_TERMS
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in, pays
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import BLOCK, DENSE
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION

_MOST_BLOCKS = 4
"""Columns of a tile, in blocks: more leave few registers for rows."""


def lower_product(low: Lowering, node: Node) -> None:
    """Add the step of a product, after one that packs a right operand that is computed."""
    product, a = Product.of(node, partial(View.of, low)), node.attributes
    matrix = -(-product.columns // BLOCK) * BLOCK * product.terms  # elements, packed
    weights, half = _packed(node, product), False
    if weights is None:
        right = _pack_when_run(low, node, product)
    else:
        if pays(low.leading, math.prod(product.batch) * product.rows):
            weights = in_halves(weights)
        half, right = is_half(weights), Data(low.weights.add(weights), weights.nbytes)
    left, target = Data.of(low, product.left.view.value), low.target(node.output, DENSE)
    addend = node.inputs[2] if len(node.inputs) > 2 else None
    third = None if addend is None else Data.of(low, addend)
    alpha = a.get("alpha", 1.0) * product.left.view.scale * product.right.view.scale
    fields: dict[str, Field] = {
        "batch": _ranked(product.batch, 1),
        "a_matrix": _ranked(product.left.matrices, 0),
        "b_matrix": _ranked(tuple(step * matrix for step in product.rights), 0),
        "rows": product.rows,
        "columns": product.columns,
        "terms": product.terms,
        "a_row": product.left.line,
        "a_term": product.left.term,
        "half": int(half),
        "chunk": SUM_TERMS if product.terms >= 2 * SUM_TERMS else 0,
        "alpha": float(alpha),
        "beta": float(a.get("beta", 1.0)),
        **_addend_fields(addend),
        "act": node.fused.activation,
    }

    def call(variant: Variant) -> Call:
        blocks = -(-product.columns // BLOCK)
        tile = best_tiles(product.rows, _MOST_BLOCKS, blocks, variant)[0]
        cut = {"height": tile.pixels, "blocks": tile.blocks}
        cut |= {"wide_tiles": tile.wide, "narrow_tiles": tile.narrow}
        y = writing(target)
        pointers = (left.pointer(), right.pointer(), third.pointer() if third else y, y)
        return Call("gemm_run", "gemm", fields | cut, pointers)

    operands = [data for data in (left, right, third) if data is not None]
    low.add(
        node,
        f"product {product.rows}x{product.terms}x{product.columns}{kept_in(half=half)}",
        [buffer for data in operands for buffer in data.reads],
        target,
        call,
        value=node.output,
        group=CONVOLUTION,
        macs=math.prod(product.batch) * product.rows * matrix,
        weight_bytes=sum(data.weight_bytes for data in operands),
    )


def _packed(node: Node, product: Product) -> Array | None:
    """Return a constant right operand as the kernel reads it; None if it is computed."""
    data = product.right.view.value.constant
    if data is None:
        return None
    lines = (-1, product.terms, product.columns)
    if node.attributes.get("transB"):
        matrices = data.reshape(-1, *lines[:0:-1]).swapaxes(1, 2)
    else:
        matrices = data.reshape(lines)
    padded: Array = np.pad(matrices, [(0, 0), (0, 0), (0, -product.columns % BLOCK)])
    blocks: Array = padded.reshape(len(padded), product.terms, -1, BLOCK).swapaxes(1, 2)
    return blocks


def _pack_when_run(low: Lowering, node: Node, product: Product) -> Data:
    """Add a step that packs a computed right operand; return its result."""
    right = product.right
    source = low.source(right.view.value, DENSE)
    blocks = -(-product.columns // BLOCK)
    shape = (math.prod(right.batch), blocks, product.terms, BLOCK)
    packed = Buffer(f"{node.output.name}/packed", shape)
    fields: dict[str, Field] = {
        "batch": _ranked(right.batch, 1),
        "matrix": _ranked(right.matrices, 0),
        "columns": product.columns,
        "terms": product.terms,
        "term": right.term,
        "column": right.line,
    }

    def call(_: object) -> Call:
        return Call("gemm_pack_run", "gemm_pack", fields, (reading(source), writing(packed)))

    low.add(node, "pack", [source], packed, call, group=CONVOLUTION)
    return Data(packed)


def _addend_fields(addend: Value | None) -> dict[str, Field]:
    """Return where the elements of what is added to the product lie, if there is any."""
    if addend is None:
        return {"has_c": 0}
    rows, columns = (1, 1, *addend.shape)[-2:]
    return {"has_c": 1, "c_row": columns if rows > 1 else 0, "c_column": int(columns > 1)}


def _ranked(numbers: tuple[int, ...], filler: int) -> tuple[int, ...]:
    """Return so many numbers as the kernel takes, the first ones filled up."""
    return (filler,) * (RANK - len(numbers)) + numbers
