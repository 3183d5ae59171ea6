"""Which products of a layer are added up in float16: the rule of kernels and of their proof."""

from __future__ import annotations

from collections.abc import Sequence
import itertools

_CHANNELS = 16
"""Of a block, whose products at one position of the kernel are added up."""


def half_blocks(kernel: Sequence[int]) -> int:
    """Return how many blocks of channels are added up together: of a 1x1 kernel several."""
    return 4 if set(kernel) == {1} else 1


def half_sums(channels: int, kernel: Sequence[int]) -> list[tuple[int, int]]:
    """
    Return the first channel of each sum, and the one behind its last.

    What channels leave of a block is a sum of its own.
    """
    whole = channels // _CHANNELS * _CHANNELS
    starts = range(0, whole, half_blocks(kernel) * _CHANNELS)
    return list(itertools.pairwise(sorted({*starts, whole, channels})))
