"""Direct convolution on register tiles (conv.h), dense and grouped."""

from __future__ import annotations

import math

import numpy as np

from edge_compiler.targets.c.choice import Choice, DIRECT, Direct
from edge_compiler.targets.c.rules.layer import Array, Geometry, Layer, pack, pad_channels
from edge_compiler.targets.program.buffers import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.program import Call, Field, Table
from edge_compiler.targets.program.variants import Variant


def add_direct(
    low: Lowering,
    layer: Layer,
    packed: Array,
    bias: Array,
    in_channels: int,
    first_block: Table | None = None,
) -> None:
    """Add a step of conv.h; ``in_channels`` are those that one output channel reads."""
    w, b = low.weights.add(packed), low.weights.add(bias)
    source, target, residual, geometry = (
        layer.source,
        layer.target,
        layer.residual,
        layer.geometry,
    )
    lanes = BLOCK if len(layer.node.output.shape) != 4 else source.block
    out_blocks = bias.size // BLOCK
    inputs = math.prod(layer.node.input(0).shape)
    chooser, kind = low.chooser, "dense" if first_block is None else "grouped"

    def choose(variant: Variant) -> Choice:
        return chooser.choose(layer.problem(in_channels, kind=kind), variant, DIRECT)

    def call(variant: Variant) -> Call:
        height, width = layer.rows
        chosen = choose(variant).candidate
        assert isinstance(chosen, Direct)
        tile = chosen.tile
        fields: dict[str, Field] = {
            "in_blocks": -(-in_channels // lanes),
            "in_lanes": lanes,
            "last_lanes": (in_channels - 1) % lanes + 1,
            "in_plane": source.plane if source.block == lanes else lanes,
            "in_row": source.row,
            "chunk": _chunk(in_channels, lanes, geometry),
            "block_weights": packed.shape[1],
            "out_blocks": out_blocks,
            "out_h": height,
            "out_w": width,
            "out_plane": target.plane if target.block == BLOCK else BLOCK,
            "out_row": target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            "pixels": tile.pixels,
            "blocks": tile.blocks,
            "wide_tiles": tile.wide,
            "narrow_tiles": tile.narrow,
            "order": chosen.order,
            "share_rows": int(packed.size <= _FEW_WEIGHTS * inputs),
            "first_block": first_block,
        }
        return Call("conv_run", "conv", fields | layer.common_fields(), layer.pointers(w, b))

    low.add(
        layer.node,
        f"direct {geometry}" if first_block is None else f"direct grouped {geometry}",
        layer.reads,
        target,
        call,
        value=layer.node.output,
        macs=layer.macs(in_channels * geometry.kernel[0] * geometry.kernel[1] * bias.size),
        weight_floats=packed.size,
        choose=choose,
    )


def add_grouped(low: Lowering, layer: Layer, w: Array, b: Array, groups: int) -> None:
    """
    Run a grouped convolution as a dense one on the input blocks that each output block needs.

    Weights between an output channel and inputs of other groups in those blocks are zero.
    """
    out_channels, group_in, kh, kw = w.shape
    group_out, in_blocks = out_channels // groups, layer.source.blocks
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
    table = Table("uint16_t", tuple(map(str, starts)))
    add_direct(low, layer, pack(dense, BLOCK), pad_channels(b), count * BLOCK, table)


def _chunk(in_channels: int, lanes: int, geometry: Geometry) -> int:
    """Return the input blocks of a partial sum of some thousand terms; 0 if the sum is short."""
    terms = geometry.kernel[0] * geometry.kernel[1] * lanes
    chunk = max(1, _SUM_TERMS // terms)
    return chunk if in_channels >= 2 * chunk * lanes else 0


_FEW_WEIGHTS = 8
"""So many a number of the input may each thread read, to read no input that another core wrote."""
_SUM_TERMS = 1024
"""Terms that are added one by one; a longer sum is a sum of such sums."""
