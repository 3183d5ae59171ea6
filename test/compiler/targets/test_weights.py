"""What kernels fetch of the weights ahead: all of them, and nothing that lies behind."""

from __future__ import annotations

from collections.abc import Callable
import ctypes

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

LINE_FLOATS, BEHIND = 16, 4096

PROGRAM = """
static unsigned char *counts;
static const char *first;
#define __builtin_prefetch(place, ...) (counts[((const char *)(place) - first) / 64]++)
#include "runtime/program.h"
#include "kernels/weights.h"

void fetch(const float *w, long floats, int turns, int steps, unsigned char *to)
{
    first = (const char *)w, counts = to;
    weights_ahead ahead = weights_ahead_in_turns(w, floats, 0, 0, turns, steps);
    for (int turn = 0; turn < turns; turn++, ahead = weights_ahead_next_turn(ahead))
        for (int step = 0; step < steps; step++) weights_fetch(ahead, step);
}
"""


@pytest.fixture(scope="module")
def weights(compile_kernels: Callable[[str], ctypes.CDLL]) -> ctypes.CDLL:
    """Compile weights.h into a library that counts what it fetches."""
    return compile_kernels(PROGRAM)


@given(lines=st.integers(0, 400), turns=st.integers(1, 50), steps=st.integers(1, 70))
def test_all_weights_are_fetched_and_nothing_behind(
    weights: ctypes.CDLL, lines: int, turns: int, steps: int
) -> None:
    floats = np.zeros((lines + BEHIND) * LINE_FLOATS, np.float32)
    counts = np.zeros(lines + BEHIND, np.uint8)
    at = floats.ctypes.data_as(ctypes.c_void_p)
    to = counts.ctypes.data_as(ctypes.c_void_p)
    weights.fetch(at, ctypes.c_long(lines * LINE_FLOATS), turns, steps, to)
    assert counts[:lines].all()
    assert not counts[lines:].any()
