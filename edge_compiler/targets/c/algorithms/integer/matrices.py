"""How weights are brought into the order of qmatrix.h, for instructions that multiply matrices."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_compiler.targets.c.algorithms.integer.tiles import last_groups
from edge_compiler.targets.program.calls import Call, Pointer
from edge_compiler.targets.program.layout import BLOCK

_GROUPS = 4
"""Of a whole input block."""
_PAIR = 8 * BLOCK
"""Bytes of two groups of weights."""


@dataclass(frozen=True)
class Matrices:
    """
    Weights of a layer.

    :ivar shape: (out, in, h, w).
    """

    shape: tuple[int, ...]

    @property
    def block_weights(self) -> int:
        """Bytes of an output block, in the new order."""
        pairs = (self._in_blocks - 1) * _GROUPS // 2 + -(-last_groups(self.shape[1]) // 2)
        return self._taps * pairs * _PAIR

    @property
    def prepared_bytes(self) -> int:
        """Bytes of all of them."""
        return self._blocks * self.block_weights

    def prepare(self, block_weights: int, original: Pointer, prepared: Pointer) -> Call:
        """
        Return the call that reorders them.

        :param block_weights: bytes of an output block, as qconv.h has them.
        """
        sizes: dict[str, int | str] = {
            "blocks": self._blocks,
            "in_blocks": self._in_blocks,
            "last_groups": last_groups(self.shape[1]),
            "taps": self._taps,
            "block_weights": block_weights,
        }
        return Call("qmatrix_prepare", "qmatrix", {}, (original, prepared), sizes)

    @property
    def _blocks(self) -> int:
        return -(-self.shape[0] // BLOCK)

    @property
    def _in_blocks(self) -> int:
        return -(-self.shape[1] // BLOCK)

    @property
    def _taps(self) -> int:
        return math.prod(self.shape[2:])
