"""The minimum cut that divides a network between two back ends."""

from collections.abc import Mapping
from itertools import product
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from operator_models import OPERATOR_MODELS
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler.passes import optimise
from edge_compiler.targets.acl import work as acl_work
from edge_compiler.targets.acl.backend import AclBackend
from edge_compiler.targets.acl.requests import requests_for
from edge_compiler.targets.c import work as c_work
from edge_compiler.targets.program.cut import Cut, SINK, SOURCE

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


@pytest.mark.parametrize("triple", ["aarch64-linux-gnu", "arm-linux-gnueabihf"])
@pytest.mark.parametrize("name", OPERATOR_MODELS)
def test_every_node_has_a_cost(name: str, triple: str, tmp_path: Path) -> None:
    """Ask for the costs of every operator that the library could run."""
    graph = load_model(OPERATOR_MODELS[name](), tmp_path)
    optimise(graph)
    ours, library = c_work.WorkModel.of_machine(triple), acl_work.WorkModel.of_machine(triple)
    for placed in graph.nodes:
        requests = requests_for(placed)
        if isinstance(requests, str):
            continue
        assert 0 < ours.of(placed) < math.inf
        assert all(0 < library.of(placed, request) < math.inf for request in requests)
        assert all(ours.of_reorder(value) >= 0 for value in placed.outputs)


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


ODD = {
    "computed weights": [node("Relu", "w", "v"), node("Conv", "x v", "y", kernel_shape=[1, 1])],
    "computed bounds": [node("ReduceMax", "x", "h", keepdims=0), node("Clip", "x - h", "y")],
    "one dimension": [node("MaxPool", "line", "y", kernel_shape=[3])],
    "transposed vector": [node("Gemm", "column m", "y", transA=1)],
    "several rows": [node("MatMul", "rows m", "y")],
    "constant input": [node("Concat", "x c", "y", axis=1)],
}


@pytest.mark.parametrize("name", ODD)
def test_the_library_is_not_asked_for_what_it_would_get_wrong(name: str, tmp_path: Path) -> None:
    """Each back end refuses on its own: nobody else has looked at a node before."""
    inputs = {
        "x": [1, 4, 5, 5],
        "w": [1, 4, 1, 1],
        "line": [1, 4, 9],
        "column": [4, 1],
        "rows": [3, 4],
    }
    constants = {"m": weights(4, 2), "c": weights(1, 4, 5, 5)}
    used = {n for each in ODD[name] for n in each.input}
    model = make_model(
        ODD[name],
        {n: shape for n, shape in inputs.items() if n in used},
        {n: array for n, array in constants.items() if n in used},
    )
    graph = load_model(model, tmp_path)
    assert AclBackend().refusal(graph.nodes[-1])
