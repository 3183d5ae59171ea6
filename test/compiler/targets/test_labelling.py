"""Whether the placement of nodes is the cheapest there is, or near it."""

from collections.abc import Iterator
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.targets.program.backend import Offer
from edge_compiler.targets.program.labelling import Labelling, Labels

COSTS = st.sampled_from([None, 0.0, 1.0, 2.0, 5.0, 9.0])
LAYOUTS = {"home": "blocks", "first": "last", "second": "rows", "third": "last"}


def nothing(*_: object) -> None:
    """Lower nothing."""


@st.composite
def labellings(draw: st.DrawFn, backends: int) -> Labelling:
    """Draw a graph of a few nodes that read one or two values, and what the back ends say."""
    values, nodes = [Value("x", (1, 4, 2, 2))], []
    for index in range(draw(st.integers(2, 5))):
        read = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))
        values.append(Value(f"v{index}", (1, 4, 2, 2)))
        nodes.append(Node("Op", f"n{index}", list(read), [values[-1]]))
    names = list(LAYOUTS)[:backends]
    reorder = {v: draw(st.sampled_from([0.0, 0.5, 3.0])) for v in values}
    offers: dict[str, dict[Node, Offer]] = {name: {} for name in names}
    for node in nodes:
        for name in names:
            cost = draw(COSTS if name != "home" else COSTS.filter(lambda cost: cost is not None))
            if cost is not None:
                offers[name][node] = Offer(nothing, cost)
    graph = Graph("g", values[:1], [values[-1]], nodes)
    layouts = {name: LAYOUTS[name] for name in names}
    return Labelling(graph, layouts, offers, reorder.__getitem__)


def every(labelling: Labelling) -> Iterator[Labels]:
    """Yield all placements that are possible."""
    nodes = labelling.graph.nodes
    able = [[name for name, offers in labelling.offers.items() if n in offers] for n in nodes]
    for labels in product(*able):
        yield dict(zip(nodes, labels, strict=True))


@settings(deadline=None)
@given(labellings(2))
def test_of_two_back_ends_the_placement_is_the_cheapest(labelling: Labelling) -> None:
    labels, _ = labelling.solve({}, {})
    assert labelling.cost(labels) == pytest.approx(min(map(labelling.cost, every(labelling))))


@settings(deadline=None)
@given(labellings(4))
def test_of_more_back_ends_no_move_to_one_of_them_gains(labelling: Labelling) -> None:
    """Move any of the nodes to any back end: none is cheaper, as alpha-expansion promises."""
    labels, _ = labelling.solve({}, {})
    cost = labelling.cost(labels)
    for name in labelling.layouts:
        for other in every(labelling):
            if all(other[node] in (label, name) for node, label in labels.items()):
                assert labelling.cost(other) >= cost - 1e-6


@settings(deadline=None)
@given(labellings(3), st.data())
def test_fixed_nodes_stay_and_the_others_follow(labelling: Labelling, data: st.DataObject) -> None:
    node = data.draw(st.sampled_from(list(labelling.graph.nodes)))
    able = [name for name, offers in labelling.offers.items() if node in offers]
    fixed = {node: data.draw(st.sampled_from(able))}
    labels, _ = labelling.solve(fixed, {})
    assert labels[node] == fixed[node]
    assert all(node in labelling.offers[name] for node, name in labels.items())


def chain(*costs: dict[str, float]) -> Labelling:
    """Return a chain of nodes with their costs by back end; a change of layout costs 1."""
    values = [Value(f"v{i}", (1, 4, 2, 2)) for i in range(len(costs) + 1)]
    nodes = [Node("Op", f"n{i}", [values[i]], [values[i + 1]]) for i in range(len(costs))]
    offers = {
        name: {n: Offer(nothing, c[name]) for n, c in zip(nodes, costs, strict=True) if name in c}
        for name in ("home", "first", "second")
    }
    graph = Graph("g", values[:1], values[-1:], nodes)
    return Labelling(graph, {name: LAYOUTS[name] for name in offers}, offers, lambda _: 1.0)


def test_what_saves_too_little_is_left_out_and_said() -> None:
    labelling = chain({"home": 100, "first": 99.5}, {"home": 100, "second": 50})
    labels, left_out = labelling.solve({}, {"first": 0.01, "second": 0.01})
    assert list(labels.values()) == ["home", "second"]
    assert left_out == "in all, first would save less than 1%"


def test_a_back_end_that_alone_can_run_a_node_is_never_left_out() -> None:
    labelling = chain({"home": 1}, {"second": 50}, {"home": 1, "second": 1.5})
    labels, left_out = labelling.solve({}, {"first": 0.5, "second": 0.5})
    assert list(labels.values()) == ["home", "second", "second"]
    assert "second" not in left_out


def test_a_node_that_nobody_can_run_is_named() -> None:
    with pytest.raises(CompileError, match=r"no back end can run the node 'n1' \(Op\)"):
        chain({"home": 1}, {}).solve({}, {})
