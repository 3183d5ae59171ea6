"""Winograd's minimal filtering for 3x3 convolutions with stride 1 (winograd.h)."""

from __future__ import annotations

from edge_compiler.targets.c.buffers import BLOCK
from edge_compiler.targets.c.lowering import Lowering
from edge_compiler.targets.c.program import Call, Field, Pointer, SCRATCH
from edge_compiler.targets.c.rules.layer import Array, Layer, pack, pad_channels
from edge_compiler.targets.c.rules.tile import choose_tile
from edge_compiler.targets.c.variants import Variant

# Cycles that one vector takes in the transforms of the input and of the results of a tile.
_TRANSFORM_CYCLES = {2: (30, 20), 4: (110, 80)}
_STREAM_BYTES_PER_CYCLE = 12
_DIRECT_EFFICIENCY, _PRODUCT_EFFICIENCY = 0.95, 0.85
_CACHE_FLOATS = 96 * 1024
"""Transformed input and products of a chunk: a good part of a core's second-level cache."""


_PREFETCH_FLOATS = 512
_PREFETCHED_WEIGHTS = 1 << 20
"""Transformed weights, in floats, that come from a cache; those from memory gain nothing."""


def choose_winograd(layer: Layer, channels: int) -> int | None:
    """
    Return the tile size 2 or 4 if it is expected to beat direct convolution, else None.

    The estimate counts products, transforms, and the transformed weights, which are 1.8 or 4 times
    as large and are read once a chunk: for late layers with many channels and few pixels they cost
    more than the products saved.
    """
    geometry = layer.geometry
    square = geometry.kernel == (3, 3) and geometry.stride == geometry.dilation == (1, 1)
    if not square or layer.source.block != BLOCK or channels < BLOCK:
        return None
    direct = _products(layer.target.height * layer.target.width * 9, channels, layer)
    costs = {m: _cycles(layer, channels, m) for m in _TRANSFORM_CYCLES}
    best = min(costs, key=lambda m: costs[m])
    return best if costs[best] < direct / _DIRECT_EFFICIENCY else None


def _products(points: int, channels: int, layer: Layer) -> float:
    """Return the cycles of multiplying all channels at so many points, 32 products a cycle."""
    return points * channels * layer.target.blocks / 2


def _cycles(layer: Layer, channels: int, m: int) -> float:
    tiles = _tiles(layer.target.height, m) * _tiles(layer.target.width, m)
    points, (cycles_in, cycles_out) = (m + 2) ** 2, _TRANSFORM_CYCLES[m]
    chunks = -(-tiles // _chunk_tiles(layer, m, tiles))
    transforms = tiles * (layer.source.blocks * cycles_in + layer.target.blocks * cycles_out)
    weights = points * channels * layer.target.blocks * BLOCK * 4
    stream = weights * chunks / _STREAM_BYTES_PER_CYCLE
    products = _products(tiles * points, channels, layer) / _PRODUCT_EFFICIENCY
    return transforms + max(products, stream)


def _tiles(size: int, m: int) -> int:
    return -(-size // m)


def _chunk_tiles(layer: Layer, m: int, tiles: int) -> int:
    """Return how many tiles are worked on together: all chunks alike, within the cache."""
    floats = (m + 2) ** 2 * BLOCK * (layer.source.blocks + 4)
    most = max(8, _CACHE_FLOATS // floats)
    return -(-tiles // -(-tiles // most))


def add_winograd(low: Lowering, layer: Layer, w: Array, b: Array, m: int) -> None:
    """Add a step of winograd.h with tiles of m x m results."""
    source, target, residual = layer.source, layer.target, layer.residual
    points, channels = (m + 2) ** 2, w.shape[1]
    floats = points * channels * target.blocks * BLOCK
    position = low.reserve_prepared(floats)
    packed = low.weights.add(pack(w, BLOCK))
    weights = Pointer("const float *", f"m->prepared + {position}")
    bias = low.weights.add(pad_channels(b))
    rows, columns = _tiles(target.height, m), _tiles(target.width, m)
    source.require(layer.geometry.halo((source.height, source.width), (rows * m, columns * m)))
    chunk = _chunk_tiles(layer, m, rows * columns)
    chunks = -(-rows * columns // chunk)
    most_blocks = min(4, target.blocks)
    low.reserve_scratch(points * chunk * BLOCK * (source.blocks + most_blocks))

    kernels: dict[str, Field] = {"m": m, "channels": channels, "blocks": target.blocks}
    prepared = Pointer("float *", weights.expression)
    prepare = Call("winograd_prepare", "winograd_kernels", kernels, (packed, prepared))

    def call(variant: Variant) -> Call:
        tile = choose_tile(chunk, target.blocks, variant, most_blocks=most_blocks)
        groups = -(-target.blocks // tile.blocks)
        fields: dict[str, Field] = {
            "m": m,
            "tiles_h": rows,
            "tiles_w": columns,
            "chunk_tiles": chunk,
            "splits": min(groups, max(1, 8 // chunks)),
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
        f"Winograd F({m}x{m}, 3x3)",
        layer.reads,
        target,
        call,
        value=layer.node.output,
        prepare=prepare,
        macs=layer.macs(channels * 9 * target.blocks * BLOCK),
        weight_floats=floats,
    )
