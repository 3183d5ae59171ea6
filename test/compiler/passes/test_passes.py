"""What holds for all passes."""

from __future__ import annotations

from pathlib import Path

from pass_cases import batch_norm, CONV, conv, IMAGE, NORM, ops, optimised
from small_models import make_model, node

from edge_compiler.passes import PASSES


def test_outputs_of_the_model_are_never_fused_away(tmp_path: Path) -> None:
    model = make_model(
        [
            conv("x", "a"),
            batch_norm("a", "b"),
            node("Relu", "b", "c"),
            node("Add", "c x", "d"),
            node("Sigmoid", "d", "e"),
            node("Mul", "d e", "y"),
        ],
        IMAGE,
        CONV | NORM,
        outputs=["y", "e", "d", "c", "b", "a"],
    )
    graph, _ = optimised(model, tmp_path)
    assert [value.name for value in graph.outputs] == ["y", "e", "d", "c", "b", "a"]


def test_an_activation_whose_parts_are_used_elsewhere_stays(tmp_path: Path) -> None:
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "y")]
    model = make_model(nodes, {"x": [1, 2, 3, 3]}, outputs=["y", "s"])
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Sigmoid", "Mul"]
    reasons = [decision.reason for decision in decisions if not decision.done]
    assert any("not recognised as SiLU: the result of" in reason for reason in reasons)


def test_every_pass_says_what_it_is() -> None:
    assert all(step.name and step.summary for step in PASSES)
