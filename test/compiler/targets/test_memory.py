"""The memory plan: what is alive together has places of its own, and little is wasted."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_compiler.targets.program.buffers import ALIGNMENT, Buffer
from edge_compiler.targets.program.memory import Lifetime, plan

STEPS = st.integers(-1, 40)
LIVES = st.lists(st.tuples(st.integers(1, 12), STEPS, STEPS), max_size=40)


def _lives(spec: list[tuple[int, int, int]]) -> list[Lifetime]:
    return [
        Lifetime(Buffer("b", (units * ALIGNMENT,)), min(a, b), max(a, b)) for units, a, b in spec
    ]


def _overlap(one: Lifetime, other: Lifetime) -> bool:
    return one.first <= other.last and other.first <= one.last


def _place(life: Lifetime) -> tuple[int, int]:
    assert life.buffer.offset is not None
    return life.buffer.offset, life.buffer.offset + life.buffer.bytes


def _tightest(size: int, taken: list[tuple[int, int]]) -> int:
    """Return where a buffer belongs, by looking at every position."""
    end = max((stop for _, stop in taken), default=0)
    used = {position for start, stop in taken for position in range(start, stop, ALIGNMENT)}
    gaps, start = [], 0
    for position in range(0, end + ALIGNMENT, ALIGNMENT):
        if position in used or position == end:
            gaps.append((position - start, start))
            start = position + ALIGNMENT
    return min((gap for gap in gaps if gap[0] >= size), default=(0, end))[1]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(LIVES)
def test_greatest_first_into_the_tightest_gap(spec: list[tuple[int, int, int]]) -> None:
    lives = _lives(spec)
    arena = plan(lives)
    assert arena == max((_place(life)[1] for life in lives), default=0)
    for one, other in combinations(lives, 2):
        apart = _place(one)[1] <= _place(other)[0] or _place(other)[1] <= _place(one)[0]
        assert apart or not _overlap(one, other)
    placed: list[Lifetime] = []
    for life in sorted(lives, key=lambda life: (-life.buffer.bytes, life.first)):
        taken = [_place(other) for other in placed if _overlap(life, other)]
        assert _place(life)[0] == _tightest(life.buffer.bytes, taken)
        placed.append(life)
