"""How parts divide the work of a step: each piece is done once, by threads that share evenly."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import itertools

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

PARTS_PER_THREAD = 4
SIZES = st.integers(1, 40)

PROGRAM = """
#include "runtime/program.h"
#include "kernels/work.h"

void count(int rows, int outers, int inners, int part, int parts, int *counts)
{
    pieces todo = rows ? work_share_rows(outers, inners, part, parts)
                       : work_share_in_order(outers, inners, part, parts);
    while (work_next_piece(&todo)) counts[todo.outer * inners + todo.inner]++;
}
"""


@pytest.fixture(scope="module")
def work(compile_kernels: Callable[[str], ctypes.CDLL]) -> ctypes.CDLL:
    """Compile work.h into a library."""
    return compile_kernels(PROGRAM)


def _count(work: ctypes.CDLL, rows: bool, outers: int, inners: int, parts: int) -> np.ndarray:
    """Return how often each part does each piece: (parts, outers, inners)."""
    counts = np.zeros((parts, outers, inners), np.int32)
    for part in range(parts):
        pointer = counts[part].ctypes.data_as(ctypes.c_void_p)
        work.count(int(rows), outers, inners, part, parts, pointer)
    return counts


@given(rows=st.booleans(), outers=SIZES, inners=SIZES, parts=st.integers(1, 20))
def test_every_piece_is_done_once(
    work: ctypes.CDLL, rows: bool, outers: int, inners: int, parts: int
) -> None:
    assert (_count(work, rows, outers, inners, parts).sum(axis=0) == 1).all()


@given(rows=st.booleans(), outers=SIZES, inners=SIZES, threads=st.integers(1, 5))
def test_threads_share_evenly(
    work: ctypes.CDLL, rows: bool, outers: int, inners: int, threads: int
) -> None:
    counts = _count(work, rows, outers, inners, threads * PARTS_PER_THREAD)
    shares = counts.reshape(threads, -1).sum(axis=1)
    assert shares.max() - shares.min() <= 1


@given(outers=SIZES, inners=SIZES, threads=st.integers(1, 5))
def test_a_thread_has_neighbouring_rows(
    work: ctypes.CDLL, outers: int, inners: int, threads: int
) -> None:
    counts = _count(work, True, outers, inners, threads * PARTS_PER_THREAD)
    rows = counts.reshape(threads, PARTS_PER_THREAD, outers, inners).sum(axis=(1, 2))
    if inners >= threads:  # else they share the outers
        owners = [(rows[:, row] > 0).nonzero()[0] for row in range(inners)]
        assert all(a.max() <= b.min() for a, b in itertools.pairwise(owners))
