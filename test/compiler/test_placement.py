"""The minimum cut that divides a network between two back ends."""

from collections.abc import Mapping
from itertools import product
import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from edge_compiler.targets.acl.cut import Cut, SINK, SOURCE

INNER = ("a", "b", "c", "d")
Edges = Mapping[tuple[str, str], float]
edges = st.dictionaries(
    st.tuples(st.sampled_from((SOURCE, *INNER)), st.sampled_from((*INNER, SINK))).filter(
        lambda edge: edge[0] != edge[1]
    ),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5, 10.0]),
)


def cost(edges: Edges, sink_side: set[object]) -> float:
    """Return what a division costs."""
    sink_side = sink_side | {SINK}
    return sum(c for (a, b), c in edges.items() if a not in sink_side and b in sink_side)


@given(edges)
def test_cut_is_the_cheapest_of_all_divisions(edges: Edges) -> None:
    """Compare with every division there is."""
    cut = Cut()
    for (start, end), number in edges.items():
        cut.add(start, end, number)
    chosen = cut.sink_side()
    assert SOURCE not in chosen
    every = (
        {name for name, there in zip(INNER, sides, strict=True) if there}
        for sides in product((False, True), repeat=len(INNER))
    )
    assert cost(edges, chosen) == pytest.approx(min(cost(edges, set(side)) for side in every))


def test_what_is_equally_cheap_stays_with_the_source() -> None:
    """Take the sink's side only for what is cheaper there."""
    cut = Cut()
    cut.add(SOURCE, "a", 1.0)
    cut.add("a", SINK, 1.0)
    assert not cut.sink_side()


def test_an_impossible_division_is_an_error() -> None:
    """Tie source and sink together."""
    cut = Cut()
    cut.add(SOURCE, "a", math.inf)
    cut.add("a", SINK, math.inf)
    with pytest.raises(ValueError, match="no cut has a finite cost"):
        cut.sink_side()
