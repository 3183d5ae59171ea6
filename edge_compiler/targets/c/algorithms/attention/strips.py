"""How attention cuts the rows of a matrix into strips."""

from __future__ import annotations

from dataclasses import dataclass

from edge_compiler.targets.c.algorithms.tiles import Tile
from edge_compiler.targets.program.calls import Field
from edge_compiler.targets.program.layout import BLOCK
from edge_perception.runtime.dtypes import FLOAT32

_TILE_ROWS = 6
"""Of the best tile with 16 registers: two of them are as good with 32."""
_LEAST_ROWS, _MOST_ROWS = 2 * _TILE_ROWS, 4 * _TILE_ROWS
"""Of a strip, which reads a right operand once for all of them."""
_FLOATS = 8192
"""Scores of a strip, if it may have so few rows: they stay in a first-level cache of 32 KiB."""


@dataclass(frozen=True)
class Strips:
    """
    How the rows of a matrix are cut.

    :ivar count: of the strips.
    :ivar rows: of each.
    :ivar longer: so many strips, the first ones, have another one.
    :ivar line: floats from one row of the scores to the next.
    """

    count: int
    rows: int
    longer: int
    line: int

    @classmethod
    def of(cls, rows: int, columns: int) -> Strips:
        """Return as equal strips as possible."""
        line = (-(-columns // BLOCK) | 1) * BLOCK  # odd, so that rows differ in their cache sets
        cached = _FLOATS // line // _TILE_ROWS * _TILE_ROWS
        most = min(max(cached, _LEAST_ROWS), _MOST_ROWS)
        count = -(-rows // most)
        return cls(count, *divmod(rows, count), line)

    @property
    def most(self) -> int:
        """Rows of the longest strip."""
        return self.rows + (self.longer > 0)

    @property
    def scratch(self) -> int:
        """Bytes that a thread needs: the scores, and a vector of sums for each row."""
        return self.most * (self.line + BLOCK) * FLOAT32.bytes

    def tiles(self, tile: Tile) -> dict[str, Field]:
        """
        Return what the kernel is told of a strip's tiles.

        :param tile: of the longest strip. In a shorter one a wide tile is a narrow one.
        """
        less = self.most - self.rows
        cut: dict[str, Field] = {"rows": self.rows, "height": tile.pixels, "blocks": tile.blocks}
        return cut | {"wide_tiles": tile.wide - less, "narrow_tiles": tile.narrow + less}
