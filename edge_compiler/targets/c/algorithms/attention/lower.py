"""From the nodes of attention to a step of attention.h."""

from __future__ import annotations

from collections.abc import Mapping
import math

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms.attention.pattern import Attention
from edge_compiler.targets.c.algorithms.attention.strips import Strips
from edge_compiler.targets.c.algorithms.gemm.lower import Prepared
from edge_compiler.targets.c.algorithms.gemm.views import View
from edge_compiler.targets.program.calls import Call, Field, SCRATCH, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.literals import c_value, struct
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION


def lower_attention(low: Lowering, attention: Attention) -> None:
    """Add the step of attention, after those that pack the right operands of its products."""
    factor, power = View.of(low, attention.shares.input(0)).scale, math.log2(math.e)
    if attention.scores.fused.activation is None:  # then the product may give exponents of two
        factor, power = factor * power, 1.0
    first = Prepared.of(low, attention.scores, factor)
    second = Prepared.of(low, attention.mixed)
    product, node = first.product, _whole(attention)
    strips = Strips.of(product.rows, product.columns)
    low.reserve_scratch(strips.scratch)
    left, target = Data.of(low, product.left.view.value), low.target(node.output, DENSE)
    of_scores = {**first.fields, "y_row": strips.line}
    of_mixed = {**second.fields, "a_row": strips.line}

    def call(variant: Variant) -> Call:
        fields: dict[str, Field] = {
            "scores": _struct(of_scores | strips.tiles(first.tile(strips.most, variant))),
            "mixed": _struct(of_mixed | strips.tiles(second.tile(strips.most, variant))),
            "power": power,
            "strips": strips.count,
            "longer": strips.longer,
        }
        y = writing(target)
        added = first.addend.pointer() if first.addend else y
        rights = first.right.pointer(), second.right.pointer()
        pointers = (left.pointer(), rights[0], added, rights[1], y, SCRATCH)
        return Call("attention_run", "attention", fields, pointers)

    used = (left, first.right, first.addend, second.right)
    operands = [data for data in used if data is not None]
    sizes = f"{math.prod(product.batch)}x{product.rows}x{product.terms}x{product.columns}"
    low.add(
        node,
        f"attention {sizes}x{second.product.columns}, strips of {strips.most}",
        [buffer for data in operands for buffer in data.reads],
        target,
        call,
        value=node.output,
        group=CONVOLUTION,
        macs=first.macs + second.macs,
        weight_bytes=sum(data.weight_bytes for data in operands),
    )


def _whole(attention: Attention) -> Node:
    """Return the node that stands for all of them."""
    mixed = attention.mixed
    inputs = (*attention.scores.inputs, *mixed.inputs[1:])
    return Node("Attention", mixed.name, inputs, mixed.outputs, origins=attention.origins)


def _struct(fields: Mapping[str, Field]) -> str:
    return struct({k: c_value(v) for k, v in fields.items() if v is not None})
