"""The heads of attention: the parts of a token's numbers that are attended to separately."""

from __future__ import annotations

import numpy as np

from edge_compiler.frontend.writer import Writer

NEVER = float(np.finfo(np.float32).min) / 2
"""Added to the scores of tokens that aren't seen."""


def part(w: Writer, x: str, start: int, end: int, axis: int) -> str:
    """Return a part of a tensor along an axis."""
    return w.add("Slice", x, w.integers([start]), w.integers([end]), w.integers([axis]))


def as_heads(w: Writer, x: str, images: int, tokens: int, heads: int) -> str:
    """Return [images, heads, tokens, numbers of a head] of [images, tokens, numbers]."""
    split = w.add("Reshape", x, w.integers([images, tokens, heads, -1]))
    return w.add("Transpose", split, perm=[0, 2, 1, 3])


def merged(w: Writer, x: str, images: int, tokens: int) -> str:
    """Return [images, tokens, numbers] of what `as_heads` returns."""
    turned = w.add("Transpose", x, perm=[0, 2, 1, 3])
    return w.add("Reshape", turned, w.integers([images, tokens, -1]))
