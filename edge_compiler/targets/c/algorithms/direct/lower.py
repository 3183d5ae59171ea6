"""From a layer to a step of conv.h."""

from __future__ import annotations

import math

from edge_compiler.targets.c.algorithms.tiles import SUM_TERMS
from edge_compiler.targets.c.choice import Choice, Chooser, Scheme, Sizes
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in, pays
from edge_compiler.targets.c.layer import Layer, pack, pad_channels, part_sizes, spread_groups
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry
from edge_compiler.targets.program.program import Call, Field
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION

_FEW_WEIGHTS = 8
"""So many a number of the input may each thread read, to read no input that another core wrote."""


def lower_direct(
    low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array, scheme: Scheme
) -> None:
    """Add the step of a dense or grouped convolution."""
    name, first_block = "direct", None
    if layer.kind == "grouped":
        name = "direct grouped"
        w, first_block = spread_groups(w, layer.source.channels)
    packed, bias, in_channels = pack(w, layer.lanes), pad_channels(b), w.shape[1]
    if pays(low.leading, layer.target.images * math.prod(layer.size)):
        packed = in_halves(packed)
    half = is_half(packed)
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
            "half": int(half),
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
        f"{name} {geometry}{kept_in(half=half)}",
        layer.reads,
        target,
        call,
        value=layer.value,
        group=CONVOLUTION,
        macs=layer.macs(in_channels * geometry.kernel[0] * geometry.kernel[1] * bias.size),
        weight_bytes=packed.nbytes,
        choose=choose,
    )


def _chunk(in_channels: int, lanes: int, geometry: Geometry) -> int:
    """Return the input blocks of a partial sum of some thousand terms; 0 if the sum is short."""
    terms = geometry.kernel[0] * geometry.kernel[1] * lanes
    chunk = max(1, SUM_TERMS // terms)
    return chunk if in_channels >= 2 * chunk * lanes else 0
