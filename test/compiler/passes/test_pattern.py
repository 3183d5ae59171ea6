"""The language of patterns: what matches, in which order, and what is said where it doesn't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from small_models import assert_same, load_model, make_model, node

from edge_compiler.ir.graph import Graph
from edge_compiler.passes.base import Decision
from edge_compiler.passes.pattern import Input, op, rewrite, Rule

X, Y = Input("x"), Input("y")
IMAGE = {"x": [2, 3], "y": [2, 3]}
HALF = {"half": np.float32(0.5), "third": np.float32(1 / 3)}


def rewritten(
    folder: Path, rule: Rule, nodes: list[onnx.NodeProto], outputs: list[str] | None = None
) -> tuple[Graph, list[Decision]]:
    """Apply one rule."""
    used = {name for n in nodes for name in n.input}
    inputs = {name: shape for name, shape in IMAGE.items() if name in used}
    constants = {name: array for name, array in HALF.items() if name in used}
    model = make_model(nodes, inputs, constants, outputs)
    graph = load_model(model, folder)
    decisions = list(rewrite(graph, [rule]))
    assert_same(graph, model)
    return graph, decisions


AVERAGE = Rule((X + Y) * 0.5, lambda match: op.Mean(X, Y))


@pytest.mark.parametrize("product", ["sum half", "half sum"])
@pytest.mark.parametrize("terms", ["x y", "y x"])
def test_sums_and_products_match_in_either_order(tmp_path: Path, product: str, terms: str) -> None:
    nodes = [node("Add", terms, "sum"), node("Mul", product, "z")]
    graph, (decision,) = rewritten(tmp_path, AVERAGE, nodes)
    assert [n.op for n in graph.nodes] == ["Mean"]
    assert {v.name for v in graph.nodes[0].reads()} == {"x", "y"}
    assert decision.done
    assert decision.reason == "2 nodes are recognised as Mean"
    assert len(graph.nodes[0].origins) == 2


def test_another_number_does_not_match(tmp_path: Path) -> None:
    nodes = [node("Add", "x y", "sum"), node("Mul", "sum third", "z")]
    graph, decisions = rewritten(tmp_path, AVERAGE, nodes)
    assert [n.op for n in graph.nodes] == ["Add", "Mul"]
    assert decisions == []


@pytest.mark.parametrize("outputs", [["z", "sum"], ["z", "other"]])
def test_what_is_used_elsewhere_stays(tmp_path: Path, outputs: list[str]) -> None:
    nodes = [node("Add", "x y", "sum"), node("Mul", "sum half", "z"), node("Exp", "sum", "other")]
    graph, (decision,) = rewritten(tmp_path, AVERAGE, nodes, outputs)
    assert "Mean" not in {n.op for n in graph.nodes}
    assert not decision.done
    assert decision.reason.startswith("not recognised as Mean: the result of 'sum' is used")


def test_a_name_stands_for_one_value(tmp_path: Path) -> None:
    square = Rule(op.Mul(X, X), op.Square(X))
    nodes = [node("Mul", "x y", "z")]
    graph, decisions = rewritten(tmp_path, square, nodes)
    assert [n.op for n in graph.nodes] == ["Mul"]
    assert decisions == []


def test_one_of_several_forms(tmp_path: Path) -> None:
    rule = Rule(op.Exp(X / Y | op.Sub(X, Y)).named("e"), lambda m: op.Max(X, Y), lambda *_: "no")
    for name in ("Div", "Sub"):
        _, (decision,) = rewritten(tmp_path, rule, [node(name, "x y", "q"), node("Exp", "q", "z")])
        assert decision.reason == "not recognised as Max: no"
    _, decisions = rewritten(tmp_path, rule, [node("Mul", "x y", "q"), node("Exp", "q", "z")])
    assert decisions == []
