"""What no output depends on is dropped."""

from __future__ import annotations

from pathlib import Path

from pass_cases import IMAGE, ops, optimised
from small_models import make_model, node


def test_dead_code_is_dropped(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Sigmoid", "x", "dead"),
            node("Tanh", "dead", "dead2"),
            node("MaxPool", "x", "y indices", kernel_shape=[2, 2]),
        ],
        IMAGE,
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["MaxPool"]
    assert len(graph.nodes[0].outputs) == 1
