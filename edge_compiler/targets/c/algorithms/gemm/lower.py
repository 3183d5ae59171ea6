"""From a Gemm or MatMul to steps of gemm.h."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
import math

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.algorithms.gemm.product import Product, RANK
from edge_compiler.targets.c.algorithms.gemm.views import View
from edge_compiler.targets.c.algorithms.tiles import best_tiles, SUM_TERMS, Tile
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


@dataclass(frozen=True, eq=False)
class Prepared:
    """
    A product whose right operand is packed.

    :ivar addend: what is added to it, if there is anything.
    :ivar half: the right operand is in float16.
    :ivar fields: of the kernel, but for those that say how it is cut into tiles.
    """

    product: Product
    right: Data
    addend: Data | None
    half: bool
    fields: Mapping[str, Field]

    @classmethod
    def of(cls, low: Lowering, node: Node, factor: float = 1.0) -> Prepared:
        """
        Pack the right operand: now if it is constant, else in a step of its own.

        :param factor: what the result is multiplied by, before an activation.
        """
        product, a = Product.of(node, partial(View.of, low)), node.attributes
        scale = product.left.view.scale * product.right.view.scale * factor
        alpha, beta = float(a.get("alpha", 1.0) * scale), float(a.get("beta", 1.0) * factor)
        weights, half = _packed(node, product), False
        if weights is None:  # to multiply it is less work than to multiply the product
            right, alpha = _pack_when_run(low, node, product, alpha), 1.0
        else:
            if pays(low.leading, math.prod(product.batch) * product.rows):
                weights = in_halves(weights)
            half, right = is_half(weights), Data(low.weights.add(weights), weights.nbytes)
        addend = node.inputs[2] if len(node.inputs) > 2 else None
        matrix = product.packed_columns * product.terms
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
            "alpha": alpha,
            "beta": beta,
            **_addend_fields(addend),
            "y_row": product.columns,
            "act": node.fused.activation,
        }
        third = None if addend is None else Data.of(low, addend)
        return cls(product, right, third, half, fields)

    @property
    def macs(self) -> int:
        """Multiply-accumulates, the last block of columns counted as a whole one."""
        product = self.product
        rows = math.prod(product.batch) * product.rows
        return rows * product.packed_columns * product.terms

    def tile(self, rows: int, variant: Variant) -> Tile:
        """Return the best tile for so many rows of a matrix."""
        return best_tiles(rows, _MOST_BLOCKS, self.product.packed_columns // BLOCK, variant)[0]


def lower_product(low: Lowering, node: Node) -> None:
    """Add the step of a product, after one that packs a right operand that is computed."""
    prepared = Prepared.of(low, node)
    product, right, third = prepared.product, prepared.right, prepared.addend
    left, target = Data.of(low, product.left.view.value), low.target(node.output, DENSE)

    def call(variant: Variant) -> Call:
        tile, y = prepared.tile(product.rows, variant), writing(target)
        cut: dict[str, Field] = {"height": tile.pixels, "blocks": tile.blocks}
        cut |= {"wide_tiles": tile.wide, "narrow_tiles": tile.narrow}
        pointers = (left.pointer(), right.pointer(), third.pointer() if third else y, y)
        return Call("gemm_run", "gemm", {**prepared.fields, **cut}, pointers)

    operands = [data for data in (left, right, third) if data is not None]
    kept = kept_in(half=prepared.half)
    low.add(
        node,
        f"product {product.rows}x{product.terms}x{product.columns}{kept}",
        [buffer for data in operands for buffer in data.reads],
        target,
        call,
        value=node.output,
        group=CONVOLUTION,
        macs=prepared.macs,
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


def _pack_when_run(low: Lowering, node: Node, product: Product, scale: float) -> Data:
    """Add a step that packs a computed right operand times a number; return its result."""
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
        "scale": scale,
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
