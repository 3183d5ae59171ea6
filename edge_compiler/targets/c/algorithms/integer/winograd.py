"""Which quantised convolutions qwinograd.h computes exactly, and how it is told of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np

from edge_compiler.targets.c.algorithms.integer.tiles import ByteTile, MOST_BLOCKS
from edge_compiler.targets.program.calls import Call, Field, Pointer
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.nodes import Array, Geometry
from edge_compiler.targets.program.variants import Variant

_POINTS, _RESULTS = 36, 4
"""Of a tile: points, and results in each direction."""
_EXACT = 2**25
"""Below it, sums come out as they are."""
_WORD, _SUM, _FLOAT = 2, 4, 4
"""Bytes of a point, of a product and of what a variant's sizes of chunks are counted in."""
_APART = 2 * _WORD + _SUM
"""Bytes of a channel between points, and between sums: see qwinograd_in_stride()."""
_LEAST_CHUNK, _MOST_SPLITS = 8, 4
_MOST_BYTES = 6 << 20
"""Of transformed weights: reading them takes longer than the products that are saved."""
_PATCH, _RESULTS_OF_VECTOR, _RESULTS_OF_BLOCK = 300, 330, 300
"""Instructions of transforms, for a vector or a block of channels."""
_BYTE, _FETCHED = 0.5, 0.1
"""Instructions that reading a byte of weights takes as long as, and one that is fetched ahead."""
_STAYS = 512 * 1024
"""Bytes of weights that stay in a second-level cache from chunk to chunk."""


def suits_winograd(weights: Array, geometry: Geometry) -> bool:
    """
    Return whether qwinograd.h can compute a convolution, and no sum is too large for it.

    :param weights: (out, in, h, w).
    """
    if geometry.kernel != (3, 3) or (geometry.stride, geometry.dilation) != ((1, 1), (1, 1)):
        return False
    if _prepared_bytes(*weights.shape[:2]) > _MOST_BYTES:
        return False
    rows = weights.astype(np.int32).reshape(len(weights), -1)
    above, below = (np.maximum(sign * rows, 0).sum(1).max() for sign in (1, -1))
    # unsigned bytes are at most 255, signed ones 128 on both sides of zero
    return bool(max(255 * above, 255 * below, 128 * np.abs(rows).sum(1).max()) < _EXACT)


@dataclass(frozen=True)
class Winograd:
    """
    A layer for qwinograd.h.

    :ivar pairs: of input channels.
    :ivar size: rows and columns of the result.
    :ivar chunk: tiles that are worked on together.
    """

    pairs: int
    out_blocks: int
    size: tuple[int, int]
    chunk: int

    @classmethod
    def of(
        cls, out_channels: int, in_channels: int, size: tuple[int, int], leading: Variant
    ) -> Winograd:
        """
        Return the layer.

        :param leading: the instruction set that chooses the chunks, which have one size.
        """
        pairs, out_blocks = -(-in_channels // 2), -(-out_channels // BLOCK)
        tile = _POINTS * BLOCK * (_WORD * -(-2 * pairs // BLOCK) + _SUM)
        stay = _prepared_bytes(out_channels, in_channels) <= _STAYS
        room = leading.chunk_floats[: 1 if stay else 2][-1]  # the larger, the fewer reads
        together = max(_LEAST_CHUNK, room * _FLOAT // tile)
        tiles = math.prod(_tiles(size))
        return cls(pairs, out_blocks, size, -(-tiles // -(-tiles // together)))

    @property
    def prepared_bytes(self) -> int:
        """Bytes of the transformed weights."""
        return _prepared_bytes(self.out_blocks * BLOCK, self.pairs * 2)

    @property
    def scratch_bytes(self) -> int:
        """Bytes that a thread needs: for a chunk's points and products."""
        together = min(self.out_blocks, MOST_BLOCKS)
        blocks = -(-2 * self.pairs // BLOCK) * _WORD + together * _SUM
        return _POINTS * (self.chunk * blocks + _APART) * BLOCK

    def pays(self, variant: Variant) -> bool:
        """Return whether it is expected to take fewer instructions than qconv.h."""
        height, width = self.size
        products = self.pairs * 2 * self.out_blocks * BLOCK
        direct = height * width * 9 * products / variant.byte_products
        tiles, vectors = math.prod(_tiles(self.size)), variant.vectors
        patches = -(-2 * self.pairs // BLOCK) * max(1, vectors // 2) * _PATCH
        results = self.out_blocks * (vectors * _RESULTS_OF_VECTOR + _RESULTS_OF_BLOCK)
        tile = _POINTS * products / variant.word_products + patches + results
        apart = self.prepared_bytes > _STAYS and not variant.counted
        reads = -(-tiles // self.chunk) if apart else 1
        byte = _FETCHED if variant.vectors <= 2 else _BYTE  # see qwinograd_fetch()
        return tiles * tile + self.prepared_bytes * reads * byte < direct

    def prepare(self, block_weights: int, original: Pointer, prepared: Pointer) -> Call:
        """
        Return the call that transforms the weights.

        :param block_weights: bytes of an output block, as qconv.h has them.
        """
        sizes: dict[str, int | str] = {
            "pairs": self.pairs,
            "blocks": self.out_blocks,
            "block_weights": block_weights,
        }
        return Call("qwinograd_prepare", "qwinograd_kernels", {}, (original, prepared), sizes)

    def fields(self, variant: Variant) -> dict[str, Field]:
        """Return the fields that are constants of the kernel's machine code."""
        return self._tile(variant).fields()

    def sizes(self, variant: Variant) -> dict[str, int | str]:
        """Return the fields that it reads when it runs."""
        tile, (rows, columns) = self._tile(variant), _tiles(self.size)
        return {
            "tiles_h": rows,
            "tiles_w": columns,
            "chunk_tiles": self.chunk,
            "pairs": self.pairs,
            "out_blocks": self.out_blocks,
            "wide_tiles": tile.wide,
            "narrow_tiles": tile.narrow,
            "splits": min(-(-self.out_blocks // tile.blocks), _MOST_SPLITS),
        }

    def _tile(self, variant: Variant) -> ByteTile:
        tile = ByteTile.of(self.chunk, self.out_blocks, variant.word_registers, variant.vectors)
        odd = tile.blocks * variant.vectors % 2  # words_dot() takes two vectors of weights
        return replace(tile, blocks=max(1, tile.blocks - odd))


def _tiles(size: tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns of tiles that cover an image."""
    return -(-size[0] // _RESULTS), -(-size[1] // _RESULTS)


def _prepared_bytes(out_channels: int, in_channels: int) -> int:
    return _POINTS * -(-out_channels // BLOCK) * BLOCK * -(-in_channels // 2) * 2 * _WORD
