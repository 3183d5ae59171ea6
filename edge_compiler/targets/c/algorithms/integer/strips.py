"""Strips of tiles that qstrip.h packs together, and how it is told of them."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_compiler.targets.c.algorithms.integer.tiles import ByteTile
from edge_compiler.targets.program.calls import Field
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.nodes import Geometry

_STRIP_BYTES = 96 * 1024
"""Of what is packed: a part of a second-level cache."""
_LEAST_TILES = 4
"""Of a strip: fewer gain less than is lost by a copy of the weights."""
_TILES, _PIECES = 8, 16
"""Of a strip, where there are as many as that; pieces of work that four threads share evenly."""
_STAYS = 128 * 1024
"""Bytes of weights that a second-level cache has from run to run, beside all else."""
_WORD = 2


@dataclass(frozen=True)
class Strips:
    """
    Strips of a layer.

    :ivar rows: of results in a strip.
    :ivar tiles: of each.
    :ivar splits: pieces of work that divide the output blocks of a strip.
    :ivar widened: weights are widened to words.
    :ivar scratch_bytes: that a thread needs.
    """

    rows: int
    tiles: int
    splits: int
    widened: bool
    scratch_bytes: int

    @classmethod
    def of(
        cls,
        geometry: Geometry,
        size: tuple[int, int],
        blocks: tuple[int, int],
        tile: ByteTile,
        cell: int,
        block_weights: int,
    ) -> Strips | None:
        """
        Return the strips of a layer; None if it has few tiles, or weights that stay in a cache.

        :param size: rows and columns of the result.
        :param blocks: of the input, all of which are packed, and of the result.
        :param cell: bytes that a pixel's channels of a block are packed to.
        :param block_weights: bytes of the weights of an output block.
        """
        (height, width), (image_blocks, out_blocks) = size, blocks
        across = tile.wide + tile.narrow

        def packed(rows: int, tiles: int) -> int:
            pixels = min(tiles * tile.pixels, width)
            return image_blocks * cell * _reach(geometry, 0, rows) * _reach(geometry, 1, pixels)

        if out_blocks * block_weights <= _STAYS:
            return None
        groups = math.ceil(out_blocks / tile.blocks)
        wanted = height * across
        if groups < _PIECES:  # too few to divide among threads
            wanted = max(_TILES, wanted // _PIECES)
        tiles = min(across, wanted)
        while tiles > 1 and packed(1, tiles) > _STRIP_BYTES:
            tiles -= 1
        rows = min(height, wanted // tiles) if tiles == across else 1
        while rows > 1 and packed(rows, tiles) > _STRIP_BYTES:
            rows -= 1
        rows, tiles = _evenly(height, rows), _evenly(across, tiles)
        if rows * tiles < _LEAST_TILES:
            return None
        strips = math.ceil(height / rows) * math.ceil(across / tiles)
        widened = cell > BLOCK
        copy = tile.blocks * block_weights * _WORD if widened else 0
        splits = min(groups, math.ceil(_PIECES / strips))
        return cls(rows, tiles, splits, widened, packed(rows, tiles) + copy)

    def fields(self) -> dict[str, Field]:
        """Return the fields that are constants of the kernel's machine code."""
        return {"strips": 1, "widened": int(self.widened)}

    def sizes(self) -> dict[str, int | str]:
        """Return the fields that it reads when it runs."""
        return {"strip_rows": self.rows, "strip_tiles": self.tiles, "splits": self.splits}


def _reach(geometry: Geometry, axis: int, results: int) -> int:
    """Return how many rows or columns of the image so many results read; see qstrip_down()."""
    kernel, stride, dilation = (
        pair[axis] for pair in (geometry.kernel, geometry.stride, geometry.dilation)
    )
    if kernel == 1:
        return results
    return (results - 1) * stride + (kernel - 1) * dilation + 1


def _evenly(count: int, most: int) -> int:
    """Return the size of parts, none larger than `most` and none much smaller than another."""
    return math.ceil(count / math.ceil(count / most))
