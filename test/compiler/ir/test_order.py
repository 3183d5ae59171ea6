"""The order of a graph's nodes, beside a plain list."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from edge_compiler.ir.order import Order

Change = tuple[str, int]
CHANGES = st.lists(st.tuples(st.sampled_from(["before", "after", "remove"]), st.integers(0, 99)))


@settings(deadline=None)
@given(CHANGES)
def test_changes_do_what_they_do_to_a_list(changes: list[Change]) -> None:
    order, truth = Order(range(5)), list(range(5))
    for new, (change, where) in enumerate(changes, 100):
        if not truth:
            break
        at = where % len(truth)
        place = truth[at]
        if change == "remove":
            order.remove(place)
            truth.pop(at)
        elif change == "before":
            order.insert_before(place, new)
            truth.insert(at, new)
        else:
            order.insert_after(place, new)
            truth.insert(at + 1, new)
    assert list(order) == truth
    assert list(reversed(order)) == truth[::-1]
    assert len(order) == len(truth)
    assert order.sorted(sorted(truth)) == truth
    assert all(order.precedes(a, b) for a, b in combinations(truth, 2))
    assert [order[i] for i in range(-len(truth), len(truth))] == truth * 2
    assert order[1:3] == truth[1:3]


def test_any_number_of_items_fits_in_one_place() -> None:
    order = Order(["first", "last"])
    for number in range(200):
        order.insert_after("first", str(number))
    assert list(order) == ["first", *map(str, reversed(range(200))), "last"]
    assert order.precedes("199", "0")


def test_an_item_is_there_once() -> None:
    order = Order("ab")
    assert "a" in order
    assert "c" not in order
    with pytest.raises(ValueError, match="'a' is there already"):
        order.insert_after("b", "a")
    with pytest.raises(IndexError):
        order[2]
