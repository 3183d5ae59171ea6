"""Register tiles of products of bytes, and how weights are packed for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_compiler.targets.c.layer import pad_first
from edge_compiler.targets.program.calls import Field
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.nodes import Array

_GROUP = 4
"""Input channels whose products one instruction adds up, at best."""
_MOST_UNSIGNED, _MOST_SIGNED = (2**15 - 1) // 255, (2**15 - 1) // 128
"""Of weights of one sign added up, if 16 bits hold their products with unsigned bytes together; of
the magnitudes of weights, if 16 bits hold those with signed bytes."""
_STORED, _LONG = 4, 400
"""Pixels whose bytes a vector of AVX-512 stores at once, and those of a row that has so many tiles
that smaller ones divide evenly among threads, too."""
_FEW_TILES, _MOST_SPLITS = 16, 8
MOST_PIXELS, MOST_BLOCKS = 16, 4
"""Of a tile."""


@dataclass(frozen=True)
class ByteTile:
    """A tile of products; a row is ``wide`` tiles of ``pixels``, then ``narrow`` of one less."""

    pixels: int
    blocks: int
    wide: int
    narrow: int

    @classmethod
    def of(
        cls, width: int, out_blocks: int, registers: int, sums: int, together: int = 1
    ) -> ByteTile:
        """
        Return the largest tile whose sums fit into registers, and that cuts rows evenly.

        :param sums: registers that a pixel's sums of an output block take.
        :param together: pixels that an instruction multiplies, whether they are needed or not.
        """
        room = registers // sums  # pixels times blocks
        largest = room // 2 if sums == 1 else room  # two blocks hide the latency
        if sums == 1 and width >= _LONG:
            largest -= largest % _STORED
        count = -(-width // min(MOST_PIXELS, max(1, largest)))
        pixels = -(-width // count)
        taken = -(-pixels // together) * together
        blocks = max(1, min(room // taken, out_blocks, MOST_BLOCKS))
        narrow = count * pixels - width
        return cls(pixels, blocks, count - narrow, narrow)

    def fields(self) -> dict[str, Field]:
        """Return the fields that are constants of the kernel's machine code."""
        return {"pixels": self.pixels, "blocks": self.blocks}

    def sizes(self, rows: int, out_blocks: int) -> dict[str, int | str]:
        """Return the fields that it reads when it runs."""
        few = rows * (self.wide + self.narrow) < _FEW_TILES
        splits = min(-(-out_blocks // self.blocks), _MOST_SPLITS) if few else 1
        return {"wide_tiles": self.wide, "narrow_tiles": self.narrow, "splits": splits}

    def __str__(self) -> str:
        return f"tile {self.pixels}x{self.blocks}"


def last_groups(channels: int) -> int:
    """Return the groups of the last block of so many input channels."""
    return -(-((channels - 1) % BLOCK + 1) // _GROUP)


def products_per_word(weights: Array, signed_bytes: bool) -> int:
    """
    Return how many products 16 bits hold together of those that bytes_dot.h adds up there.

    :param weights: (out, in, h, w).
    :param signed_bytes: they are of every second of eight or of four channels: 4, 2 or 1; else of
        two neighbours: 2 or 1.
    """
    out, channels = weights.shape[:2]
    padded = np.pad(weights, [(0, 0), (0, -channels % 8), (0, 0), (0, 0)]).astype(np.int16)
    if signed_bytes:
        for count in (4, 2):
            sizes = np.abs(padded).reshape(out, -1, count, 2, *weights.shape[2:])
            if sizes.sum(2).max() <= _MOST_SIGNED:
                return count
        return 1
    pairs = padded.reshape(out, -1, 2, *weights.shape[2:])
    sums = (np.maximum(sign * pairs, 0).sum(2).max() for sign in (1, -1))
    return 2 if max(sums) <= _MOST_UNSIGNED else 1


def pack_bytes(weights: Array) -> Array:
    """Pack int8 weights (out, in, h, w) as qconv.h reads them: a row for each output block."""
    padded = np.pad(pad_first(weights), [(0, 0), (0, -weights.shape[1] % _GROUP), (0, 0), (0, 0)])
    out, channels, height, width = padded.shape
    whole = padded.reshape(out // BLOCK, BLOCK, channels // _GROUP, _GROUP, height, width)
    parts = [
        whole[:, :, i : i + BLOCK // _GROUP].transpose(0, 4, 5, 2, 1, 3).reshape(len(whole), -1)
        for i in range(0, channels // _GROUP, BLOCK // _GROUP)
    ]
    return np.concatenate(parts, axis=1)
