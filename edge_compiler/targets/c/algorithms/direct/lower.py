"""From a layer to a step of conv.h."""

from __future__ import annotations

from dataclasses import replace
import math

from edge_compiler.targets.c.algorithms.direct.pairs import add_pairs, ROUNDED, suits_pairs
from edge_compiler.targets.c.algorithms.tiles import chunk_blocks
from edge_compiler.targets.c.choice import Choice, Chooser, Scheme, Sizes
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in, pays
from edge_compiler.targets.c.layer import (
    Layer,
    pack,
    pad_channels,
    part_sizes,
    spread_groups,
    spread_places,
)
from edge_compiler.targets.program.calls import Call, Field, Table
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.program import nothing
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
    elif layer.kind == "spread":
        name = "direct spread"
        w, b = spread_places(w, b)
    packed, bias, in_channels = pack(w, layer.lanes), pad_channels(b), w.shape[1]
    halves = in_halves(packed)
    type_ = suits_pairs(low, layer, halves, in_channels)
    if type_ or pays(low.leading, layer.target.images * math.prod(layer.size)):
        packed = halves
    half = is_half(packed)
    weights, biases = low.weights.add(packed), low.weights.add(bias)
    block_weights, out_blocks = packed.shape[1], len(packed)
    target, geometry, lanes = layer.target, layer.geometry, layer.lanes
    inputs = math.prod(layer.node.input(0).shape)

    pairs = add_pairs(low, layer, weights, bias, in_channels) if type_ else None
    widened = pairs is not None and pairs.widens

    def choose(variant: Variant) -> Choice:
        choice = chooser.choose(layer.problem(in_channels), variant, scheme)
        return (
            choice
            if pairs is None or not variant.pairs
            else replace(choice, candidate=pairs.kernel)
        )

    def call(variant: Variant) -> Call:
        if pairs is not None and variant.pairs:
            return pairs.call(variant)
        candidate = choose(variant).candidate
        fields: dict[str, Field] = {
            "in_lanes": lanes,
            "chunk": chunk_blocks(in_channels, lanes, geometry.kernel),
            "first_block": first_block,
            "first_result": _window_places(layer) if layer.kind == "spread" else None,
            "half": int(half and not widened),
            **candidate.fields,
            **layer.common_fields(),
        }
        sizes: Sizes = {
            **layer.channel_sizes(in_channels),
            **layer.image_sizes(),
            "block_weights": block_weights,
            "out_h": layer.rows[0],
            "out_plane": BLOCK
            if target.block != BLOCK or layer.kind == "spread"
            else target.plane,
            "share_rows": int(block_weights * out_blocks <= _FEW_WEIGHTS * inputs),
            **candidate.sizes,
        }
        constants, sizes = part_sizes(sizes, candidate.fields["blocks"], variant)
        pointers = layer.pointers(pairs.prepared if pairs and widened else weights, biases)
        return Call("conv_run", "conv", fields | constants, pointers, sizes, tiled=True)

    low.add(
        layer.node,
        f"{name} {geometry}{kept_in(half=half)}",
        layer.reads,
        target,
        call,
        value=layer.value,
        group=CONVOLUTION,
        prepare=nothing if pairs is None else pairs.preparation,
        rounds=ROUNDED[type_],
        macs=layer.macs(in_channels * geometry.kernel[0] * geometry.kernel[1] * bias.size),
        weight_bytes=packed.nbytes,
        choose=choose,
    )


def _window_places(layer: Layer) -> Table:
    """Return where the first pixel's results of each block of channels begin."""
    target, (down, right) = layer.target, layer.phase.step
    places = (
        block * target.plane + y * target.row + x * BLOCK
        for block in range(target.blocks)
        for y in range(down)
        for x in range(right)
    )
    return Table("int32_t", tuple(map(str, places)))
