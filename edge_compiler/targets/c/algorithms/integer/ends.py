"""What becomes of a layer's sums: bytes by constant scales, or numbers by computed ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.ir.quantised import largest_sum, multipliers
from edge_compiler.targets.c.algorithms.integer.rounding import (
    flip,
    rounding_text,
    unsigned_zero,
)
from edge_compiler.targets.c.layer import pad_channels
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import BLOCK, DENSE
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, required
from edge_perception.runtime.dtypes import FLOAT32, INT32

SUMS = ("ConvInteger", "MatMulInteger")
"""Operators whose sums become no bytes."""
_SIGNED = 128
"""What a signed byte is less than the unsigned one of the same bits, its top bit turned."""


@dataclass(frozen=True)
class Ends:
    """
    The end of a layer.

    :ivar kernels: of images in blocks, and in planes.
    :ivar result: an enumerator of qconv.h.
    :ivar rounding: as C text.
    :ivar outside: the unsigned byte outside of the image, if it is constant.
    :ivar operands: what the kernel is given beside the weights.
    """

    kernels: tuple[str, str]
    result: str
    rounding: str
    outside: int
    operands: tuple[Data, ...]

    @classmethod
    def of(cls, low: Lowering, node: Node, w: Array) -> Ends:
        """
        Return the end of a layer; add the step that computes its operands, if there is one.

        :param w: weights (out, in, h, w).
        """
        sums = w.astype(np.int64).reshape(len(w), -1).sum(1)
        least = _SIGNED if low.leading.signed_bytes else 0
        if node.op in SUMS:
            return _computed(low, node, sums, least)
        zero, bias = unsigned_zero(node.input(0)), required(node, 2)
        scale = np.broadcast_to(multipliers(node), len(w)).astype(np.float32)
        arrays = (bias + (least - zero) * sums).astype(np.int32), scale
        operands = tuple(Data(low.weights.add(pad_channels(array))) for array in arrays)
        rounding = rounding_text(node, largest_sum(w, bias))
        return cls(("qconv_run", "qplanes_run"), "QCONV_BYTES", rounding, zero, operands)


def _computed(low: Lowering, node: Node, sums: Array, least: int) -> Ends:
    """Let a step write the operands that depend on the zero point, and on the scale of floats."""
    zero, scale = (node.inputs[i] if len(node.inputs) > i else None for i in (2, 3))
    none = np.zeros(1, node.input(0).type.numpy)
    point = Data(low.weights.add(none)) if zero is None else Data.of(low, zero)
    scales = (
        Data(low.weights.add(np.ones(1, np.float32))) if scale is None else Data.of(low, scale)
    )
    weights = Data(low.weights.add(sums.astype(np.int32)))
    count = BLOCK + 2 * -(-len(sums) // BLOCK) * BLOCK
    target = Buffer(f"{node.output.name}/operands", (1, count), DENSE, INT32)
    fields: dict[str, Field] = {
        "channels": len(sums),
        "flip": flip(node.input(0)),
        "least": least,
        "scales": 0 if scale is None else scale.size,
    }

    def call(_: object) -> Call:
        pointers = (point.pointer(), weights.pointer(), scales.pointer(), writing(target))
        return Call("qsums_prepare", "qsums", fields, pointers)

    reads = [*point.reads, *scales.reads]
    low.add(node, "zero point and scale", reads, target, call)
    result = "QCONV_FLOATS" if node.output.type == FLOAT32 else "QCONV_SUMS"
    return Ends(("qsums_run", "qsums_planes_run"), result, "{0}", 0, (Data(target),))
