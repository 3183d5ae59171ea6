"""How far values of a library are from what they should be, and how far they may be."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_compiler.float64 import Exact
from edge_perception.runtime.selftest import relative_error

Array = np.ndarray[Any, Any]

TOLERANCE = 1e-4
"""Relative error allowed in float32; sums of thousands of products differ by some 1e-6."""
ROUNDED = 0.5 + 255 * TOLERANCE
"""How far a byte may be from what it was rounded from."""


def is_wrong(ours: Array, expected: Array) -> bool:
    """Return whether the error is larger than values of this type may have."""
    return allowed_error(ours, expected) is None


def allowed_error(ours: Array, expected: Array) -> float | None:
    """Return the relative error; None if it is larger than values of this type may have."""
    error = error_of(ours, expected)
    return error if error <= (TOLERANCE if expected.dtype.kind == "f" else 0.0) else None


def is_wrong_image(made: Array, expected: Array) -> bool:
    """Compare an image with the expected one, which is of floats that aren't rounded to bytes."""
    if made.dtype != np.uint8 or made.shape != expected.shape:
        return is_wrong(made, expected)
    return bool(np.abs(made - np.clip(expected, 0, 255)).max() > ROUNDED)


def error_of(ours: Array, expected: Array) -> float:
    """Return the relative error of what is finite; infinite if shapes or the rest differ."""
    if ours.shape != expected.shape:
        return float("inf")
    beyond = ~np.isfinite(expected)
    if not beyond.any():
        return relative_error(ours, expected)
    if not np.array_equal(ours[beyond], expected[beyond], equal_nan=True):
        return float("inf")
    return relative_error(np.where(beyond, 0, ours), np.where(beyond, 0, expected))


def explain_excess(ours: Array, truth: Exact) -> str:
    """Describe where a value is further off than the terms that it is made of allow."""
    difference, allowed = np.abs(ours.reshape(truth.value.shape) - truth.value), truth.worst()
    at = tuple(int(i) for i in np.unravel_index(np.argmax(difference / allowed), allowed.shape))
    return (
        f"off by {difference[at]:.3g} where rounding explains {allowed[at]:.3g}, at {list(at)}: "
        f"{ours.reshape(allowed.shape)[at]:.7g} instead of {truth.value[at]:.7g}"
    )


def explain_difference(ours: Array, expected: Array) -> str:
    """Describe how two arrays differ, in numbers."""
    if ours.shape != expected.shape:
        return f"shape {list(ours.shape)} where {list(expected.shape)} is expected"
    if bad := int(np.count_nonzero(~np.isfinite(ours))):
        return f"{bad} of {ours.size} values are NaN or infinite"
    if expected.dtype.kind != "f":
        wrong = np.argwhere(ours != expected)
        first = tuple(wrong[0].tolist())
        return (
            f"{len(wrong)} of {ours.size} elements differ, the first at {list(first)}: "
            f"{ours[first]} instead of {expected[first]}"
        )
    difference = np.abs(ours - expected)
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(difference)), ours.shape))
    return (
        f"relative error {relative_error(ours, expected):.3g} where {TOLERANCE:g} is allowed, "
        f"worst at {list(at)}: {ours[at]:.7g} instead of {expected[at]:.7g}"
    )
