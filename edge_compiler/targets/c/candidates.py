"""The kernels worth considering for a convolution: those that waste neither registers nor work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_compiler.targets.c.choice import (
    Algorithm,
    Candidate,
    Depthwise,
    Direct,
    Problem,
    Tile,
    Winograd,
)
from edge_compiler.targets.program.buffers import BLOCK
from edge_compiler.targets.program.variants import Variant

_MOST_BLOCKS = 8
"""Output blocks of a direct tile: more leave few registers for pixels."""
WINOGRAD_BLOCKS = 4
"""Output blocks of a Winograd tile: their products share the cache with the transformed input."""
_DIRECT_TILES, _WINOGRAD_TILES = 6, 2
_LEAST_CHUNK = 8
_CACHED_WEIGHTS = 1 << 20
"""So many floats may be in a cache when a layer runs again."""
_DEPTHWISE_PIXELS = 14
_MULTIPLY_ADDS, _LOADS, _LATENCY = 2, 2, 4
"""Of vectors: a cycle can do so many; a multiply-add's result is there after so many cycles."""


def candidates(
    problem: Problem, variant: Variant, algorithm: Algorithm | None = None
) -> list[Candidate]:
    """Return the candidates for an instruction set, of one algorithm if it is given."""
    found: list[Candidate] = []
    if problem.kind == "depthwise":
        found += _depthwise(problem, variant)
    else:
        found += _direct(problem, variant)
    if can_winograd(problem):
        found += _winograd(problem, variant)
    return [c for c in found if algorithm is None or c.algorithm == algorithm]


def can_winograd(problem: Problem) -> bool:
    """Return whether winograd.h can compute it."""
    return (
        problem.kind == "dense"
        and problem.lanes == BLOCK
        and problem.channels >= BLOCK
        and problem.kernel == (3, 3)
        and problem.stride == problem.dilation == (1, 1)
    )


def _direct(problem: Problem, variant: Variant) -> Iterator[Direct]:
    # blocks of a tile read the same input, which blocks of a grouped convolution do not
    most = 1 if problem.kind == "grouped" else min(_MOST_BLOCKS, problem.out_blocks)
    tiles = _best_tiles(problem.width, most, problem.out_blocks, variant)[:_DIRECT_TILES]
    for tile in tiles:
        rows = problem.height if problem.height > 1 else tile.wide + tile.narrow
        several = rows > 1 and tile.blocks < problem.out_blocks
        for order in ("ROWS_OUTER", "CHANNELS_OUTER") if several else ("CHANNELS_OUTER",):
            yield Direct(tile, order)


def _winograd(problem: Problem, variant: Variant) -> Iterator[Winograd]:
    for m, chunk in _winograd_chunks(problem, variant):
        # weights that are transformed when they are used fill the cache with one block
        most_blocks = 1 if transforms_when_run(problem, m, chunk) else WINOGRAD_BLOCKS
        for tile in _best_tiles(chunk, most_blocks, problem.out_blocks, variant)[:_WINOGRAD_TILES]:
            yield Winograd(m, chunk, tile)


def _winograd_chunks(problem: Problem, variant: Variant) -> Iterator[Algorithm]:
    """Yield tiles and chunks worth considering; all chunks of a layer are alike."""
    large = [m for m in (2, 4) if has_large_weights(problem, m)]
    whole = [m for m in large if _fits(problem, m, variant)]
    yield from ((m, winograd_tiles(problem, m)) for m in whole)
    for m in (2, 4):
        if whole and m in large:
            continue  # transformed at create they take more memory and little less time
        tiles, size = winograd_tiles(problem, m), _tile_floats(problem, m)
        counts = {-(-tiles // max(_LEAST_CHUNK, n // size)) for n in variant.chunk_floats}
        for several in (2, 4):  # threads share some multiple of these evenly
            counts |= {-(-count // several) * several for count in counts if count > 1}
        yield from ((m, chunk) for chunk in sorted({-(-tiles // n) for n in counts}))


def _fits(problem: Problem, m: int, variant: Variant) -> bool:
    """Return whether the points of all tiles fit into the cache."""
    return _tile_floats(problem, m) * winograd_tiles(problem, m) <= variant.chunk_floats[-1]


def _tile_floats(problem: Problem, m: int) -> int:
    """Return the floats of a tile's points: of its input and of the products."""
    return (m + 2) ** 2 * BLOCK * (-(-problem.channels // BLOCK) + WINOGRAD_BLOCKS)


def winograd_tiles(problem: Problem, m: int) -> int:
    """Return the tiles of m x m results that cover the image."""
    return -(-problem.height // m) * -(-problem.width // m)


def has_large_weights(problem: Problem, m: int) -> bool:
    """Return whether transformed weights are too many to stay in a cache till the next run."""
    return transformed_weights(problem, m) >= _CACHED_WEIGHTS


def transformed_weights(problem: Problem, m: int) -> int:
    """Return the floats of all weights once they are transformed."""
    return (m + 2) ** 2 * problem.channels * problem.out_blocks * BLOCK


def transforms_when_run(problem: Problem, m: int, chunk: int) -> bool:
    """Return whether weights are not transformed at create, but each time before they are used."""
    return has_large_weights(problem, m) and chunk >= winograd_tiles(problem, m)


def kept_weights(problem: Problem, candidate: Candidate) -> int:
    """Return the floats of the weights that are transformed at create."""
    if not isinstance(candidate, Winograd):
        return 0
    if transforms_when_run(problem, candidate.m, candidate.chunk):
        return 0
    return transformed_weights(problem, candidate.m)


def _depthwise(problem: Problem, variant: Variant) -> Iterator[Depthwise]:
    largest = min(problem.width, _DEPTHWISE_PIXELS, variant.registers - 2)
    even = {-(-problem.width // count) for count in range(1, problem.width + 1)}
    yield from map(Depthwise, sorted({p for p in even | {4, 8} if p <= largest})[-4:])


def _best_tiles(width: int, most_blocks: int, out_blocks: int, variant: Variant) -> list[Tile]:
    """Return all tiles, those first that need fewest cycles for all blocks, then fewest loads."""

    def cost(tile: Tile) -> tuple[float, float]:
        blocks = groups(tile, out_blocks)
        loads = (tile.wide + tile.narrow) * sum(tile.pixels + n * variant.vectors for n in blocks)
        return sum(row_cycles(tile, n, variant) for n in blocks), loads

    return sorted(_tiles(width, min(most_blocks, out_blocks), variant), key=cost)


def _tiles(width: int, most_blocks: int, variant: Variant) -> Iterator[Tile]:
    """
    Yield the tiles that cut the row evenly and whose operands fit into the registers.

    These are the sums, a weight vector for each block, and the input: one broadcast element, or
    for products with a lane a vector for each pixel.
    """
    for blocks in range(1, most_blocks + 1):
        vectors = blocks * variant.vectors
        if variant.lane_products:
            largest = (variant.registers - vectors) // (vectors + 1)
        else:
            largest = (variant.registers - 1 - vectors) // vectors
        for pixels in range(1, min(largest, width) + 1):
            count = -(-width // pixels)
            narrow = count * pixels - width
            if narrow < count and (pixels > 1 or narrow == 0):
                yield Tile(pixels, blocks, count - narrow, narrow)


def tile_cycles(pixels: int, vectors: int, variant: Variant) -> float:
    """
    Return the least cycles in which a tile adds one input channel to its sums.

    With products by lanes, return the instructions: one loads a block of weights, or several
    channels of a pixel.
    """
    if variant.lane_products:
        return pixels * vectors + (pixels + vectors) / variant.lanes
    return max(pixels * vectors / _MULTIPLY_ADDS, (pixels + vectors) / _LOADS, _LATENCY)


def row_cycles(tile: Tile, blocks: int, variant: Variant) -> float:
    """Return the least cycles for a row of tiles, ``blocks`` output blocks high."""
    vectors = blocks * variant.vectors
    narrow = tile.narrow * tile_cycles(tile.pixels - 1, vectors, variant) if tile.narrow else 0.0
    return tile.wide * tile_cycles(tile.pixels, vectors, variant) + narrow


def pieces(problem: Problem, candidate: Candidate) -> int:
    """Return into how many pieces of work threads can divide a candidate."""
    if isinstance(candidate, Depthwise):
        return problem.out_blocks * problem.height
    count = len(groups(candidate.tile, problem.out_blocks))
    if isinstance(candidate, Winograd):
        return count * -(-winograd_tiles(problem, candidate.m) // candidate.chunk)
    tile = candidate.tile
    return count * (problem.height if problem.height > 1 else tile.wide + tile.narrow)


def groups(tile: Tile, out_blocks: int) -> Sequence[int]:
    """Return the output blocks of each group that a tile computes."""
    whole, rest = divmod(out_blocks, tile.blocks)
    return [tile.blocks] * whole + [rest] * (rest > 0)
