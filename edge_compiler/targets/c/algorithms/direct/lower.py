"""From a layer to a step of conv.h."""

from __future__ import annotations

import math

import numpy as np

from edge_compiler.targets.c.algorithms.tiles import SUM_TERMS
from edge_compiler.targets.c.choice import Choice, Chooser, Scheme, Sizes
from edge_compiler.targets.c.layer import Layer, pack, pad_channels, part_sizes
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry
from edge_compiler.targets.program.program import Call, Field, Table
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION

_FEW_WEIGHTS = 8
"""So many a number of the input may each thread read, to read no input that another core wrote."""


def lower_direct(
    low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array, scheme: Scheme
) -> None:
    """Add the step of a dense or grouped convolution."""
    first_block = None
    if layer.kind == "grouped":
        w, first_block = _spread_groups(layer, w)
    packed, bias, in_channels = pack(w, layer.lanes), pad_channels(b), w.shape[1]
    weights, biases = low.weights.add(packed), low.weights.add(bias)
    block_weights, out_blocks = packed.shape[1], len(packed)
    source, target, residual = layer.source, layer.target, layer.residual
    geometry, lanes = layer.geometry, layer.lanes
    inputs = math.prod(layer.node.input(0).shape)

    def choose(variant: Variant) -> Choice:
        return chooser.choose(layer.problem(in_channels), variant, scheme)

    def call(variant: Variant) -> Call:
        candidate = choose(variant).candidate
        fields: dict[str, Field] = {
            "in_lanes": lanes,
            "chunk": _chunk(in_channels, lanes, geometry),
            "first_block": first_block,
            **candidate.fields,
            **layer.common_fields(),
        }
        sizes: Sizes = {
            "in_blocks": -(-in_channels // lanes),
            "last_lanes": (in_channels - 1) % lanes + 1,
            "in_plane": source.plane if source.block == lanes else lanes,
            "in_row": source.row,
            "block_weights": block_weights,
            "out_blocks": out_blocks,
            "out_h": layer.rows[0],
            "out_plane": target.plane if target.block == BLOCK else BLOCK,
            "out_row": layer.phase.step[0] * target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            "share_rows": int(block_weights * out_blocks <= _FEW_WEIGHTS * inputs),
            **candidate.sizes,
        }
        constants, sizes = part_sizes(sizes, candidate.fields["blocks"], variant)
        pointers = layer.pointers(weights, biases)
        return Call("conv_run", "conv", fields | constants, pointers, sizes)

    low.add(
        layer.node,
        f"direct {geometry}" if first_block is None else f"direct grouped {geometry}",
        layer.reads,
        target,
        call,
        value=layer.value,
        group=CONVOLUTION,
        macs=layer.macs(in_channels * geometry.kernel[0] * geometry.kernel[1] * bias.size),
        weight_bytes=packed.nbytes,
        choose=choose,
    )


def _spread_groups(layer: Layer, w: Array) -> tuple[Array, Table]:
    """
    Return the weights of a grouped convolution as those of a dense one, and where it reads.

    Each output block reads the few input blocks that it needs, from the table's block on; weights
    between an output channel and inputs of other groups in those blocks are zero.
    """
    out_channels, group_in, kh, kw = w.shape
    group_out = out_channels // (layer.source.channels // group_in)
    in_blocks = layer.source.blocks
    spans = []
    for first in range(0, out_channels, BLOCK):
        last = min(first + BLOCK, out_channels) - 1
        low_channel = first // group_out * group_in
        high_channel = (last // group_out + 1) * group_in
        spans.append((low_channel // BLOCK, -(-high_channel // BLOCK)))
    count = max(high - start for start, high in spans)
    starts = [min(start, in_blocks - count) for start, _ in spans]
    dense = np.zeros((out_channels, count * BLOCK, kh, kw), np.float32)
    for channel in range(out_channels):
        at = channel // group_out * group_in - starts[channel // BLOCK] * BLOCK
        dense[channel, at : at + group_in] = w[channel]
    return dense, Table("uint16_t", tuple(map(str, starts)))


def _chunk(in_channels: int, lanes: int, geometry: Geometry) -> int:
    """Return the input blocks of a partial sum of some thousand terms; 0 if the sum is short."""
    terms = geometry.kernel[0] * geometry.kernel[1] * lanes
    chunk = max(1, SUM_TERMS // terms)
    return chunk if in_channels >= 2 * chunk * lanes else 0
