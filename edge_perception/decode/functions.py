"""Functions of numbers that a network may make as large as it likes: none overflows."""

from __future__ import annotations

import numpy as np

from edge_perception.decode.detections import Floats

_LARGEST_EXPONENT = 20.0


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x))."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -80, 80))), np.float32)


def softmax(x: Floats, axis: int = -1) -> Floats:
    """Return exp(x) / sum(exp(x)) along an axis."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True), np.float32)


def growth(x: Floats) -> Floats:
    """Return exp(x), at most some 5e8: the factor by which a box is larger than its anchor."""
    return np.asarray(np.exp(np.minimum(x, _LARGEST_EXPONENT)), np.float32)
