"""Winograd's minimal filtering for 3x3 convolutions with stride 1 (winograd.h)."""

from __future__ import annotations

from edge_compiler.targets.c.buffers import BLOCK
from edge_compiler.targets.c.candidates import WINOGRAD_BLOCKS
from edge_compiler.targets.c.choice import Choice, Winograd
from edge_compiler.targets.c.lowering import Lowering
from edge_compiler.targets.c.program import Call, Field, Pointer, SCRATCH
from edge_compiler.targets.c.rules.layer import Array, Layer, pack, pad_channels
from edge_compiler.targets.c.variants import Variant

_PREFETCH_FLOATS = 512
_PREFETCHED_WEIGHTS = 1 << 20
"""Transformed weights, in floats, that come from a cache; those from memory gain nothing."""


def add_winograd(low: Lowering, layer: Layer, w: Array, b: Array, m: int, chunk: int) -> None:
    """Add a step of winograd.h: tiles of m x m results, ``chunk`` of them worked on together."""
    source, target, residual = layer.source, layer.target, layer.residual
    points, channels = (m + 2) ** 2, w.shape[1]
    floats = points * channels * target.blocks * BLOCK
    packed = low.weights.add(pack(w, BLOCK))
    position = low.reserve_prepared((packed, m), floats)
    weights = Pointer("const float *", f"m->prepared + {position}")
    bias = low.weights.add(pad_channels(b))
    rows, columns = -(-target.height // m), -(-target.width // m)
    source.require(layer.geometry.halo((source.height, source.width), (rows * m, columns * m)))
    chunks = -(-rows * columns // chunk)
    blocks = source.blocks + min(WINOGRAD_BLOCKS, target.blocks)
    low.reserve_scratch(points * chunk * BLOCK * blocks)
    chooser = low.chooser

    kernels: dict[str, Field] = {"m": m, "channels": channels, "blocks": target.blocks}
    prepared = Pointer("float *", weights.expression)
    prepare = Call("winograd_prepare", "winograd_kernels", kernels, (packed, prepared))

    def choose(variant: Variant) -> Choice:
        return chooser.choose(layer.problem(channels), variant, (m, chunk))

    def call(variant: Variant) -> Call:
        chosen = choose(variant).candidate
        assert isinstance(chosen, Winograd)
        tile = chosen.tile
        groups = -(-target.blocks // tile.blocks)
        fields: dict[str, Field] = {
            "m": m,
            "tiles_h": rows,
            "tiles_w": columns,
            "chunk_tiles": chunk,
            "splits": min(groups, max(1, 4 // chunks)),
            "in_blocks": source.blocks,
            "last_lanes": (channels - 1) % BLOCK + 1,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_blocks": target.blocks,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            "out_row": target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            "has_residual": int(residual is not None),
            "act": layer.node.fused.activation,
            "pixels": tile.pixels,
            "blocks": tile.blocks,
            "wide_tiles": tile.wide,
            "narrow_tiles": tile.narrow,
            "prefetch": _PREFETCH_FLOATS if floats < _PREFETCHED_WEIGHTS else 0,
        }
        pointers = (*layer.pointers(weights, bias), SCRATCH)
        return Call("winograd_run", "winograd", fields, pointers)

    low.add(
        layer.node,
        f"Winograd {layer.geometry}",
        layer.reads,
        target,
        call,
        value=layer.node.output,
        prepare=prepare,
        macs=layer.macs(channels * 9 * target.blocks * BLOCK),
        weight_floats=floats,
        choose=choose,
    )
