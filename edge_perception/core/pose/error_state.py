"""The error state, whose covariance the filter keeps: what it consists of, and its bounds."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.rotation import Array

THETA, V, P, BG, BA = (slice(start, start + 3) for start in range(0, 15, 3))
"""Where attitude (about the base's axes), velocity, position and the biases of gyroscope and
accelerometer stand in it."""

SIZE = 15

_LARGEST = np.repeat([math.pi, 1e2, 1e5, 0.5, 2.0], 3)
"""Standard deviations beyond which nothing is known anyway."""
_LARGEST_VARIANCES = _LARGEST**2


def bounded(covariance: Array) -> Array:
    """Return a covariance made symmetric, with no variance beyond what is meaningful."""
    covariance = covariance + covariance.T
    covariance *= 0.5
    variances = covariance.diagonal()
    if True in (variances > _LARGEST_VARIANCES).tolist():
        # shrinking rows and columns alike keeps it positive
        scale = np.minimum(1.0, _LARGEST / np.sqrt(np.maximum(variances, 1e-300)))
        covariance = covariance * np.outer(scale, scale)
    return covariance
