"""The bias of a layer of tokens is added by its product."""

from __future__ import annotations

from pathlib import Path

from pass_cases import ops, optimised
from small_models import make_model, node, weights

TOKENS = {"x": [2, 5, 8]}


def test_a_bias_is_added_by_the_product(tmp_path: Path) -> None:
    nodes = [
        node("MatMul", "x w", "a"),
        node("Add", "bias a", "b"),
        node("Relu", "b", "c"),
        node("MatMul", "c v", "d"),
        node("Add", "d row", "y"),
    ]
    constants = {"w": weights(8, 6), "v": weights(2, 6, 7), "bias": weights(6)}
    constants["row"] = weights(1, 1, 7)
    graph, decisions = optimised(make_model(nodes, TOKENS, constants), tmp_path)
    assert ops(graph) == ["MatMul", "MatMul"]
    assert [len(n.inputs) for n in graph.nodes] == [3, 3]
    assert "adds 'bias' to each row" in " ".join(d.reason for d in decisions)


def test_what_is_no_bias_is_added_afterwards(tmp_path: Path) -> None:
    nodes = [
        node("MatMul", "x w", "a"),
        node("Add", "a places", "b"),
        node("MatMul", "x w", "c"),
        node("Add", "c bias", "d"),
        node("Mul", "c d", "y"),
    ]
    constants = {"w": weights(8, 6), "places": weights(1, 5, 6), "bias": weights(6)}
    model = make_model(nodes, TOKENS, constants, ["b", "y"])
    graph, _ = optimised(model, tmp_path)
    assert ops(graph).count("Add") == 2
