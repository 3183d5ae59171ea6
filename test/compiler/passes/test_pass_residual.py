"""A Conv adds the shortcut of a residual block."""

from __future__ import annotations

from pathlib import Path

import onnx
from pass_cases import CONV, conv, IMAGE, ops, optimised
import pytest
from small_models import make_model, node, weights

from edge_compiler.ir.graph import Activation


@pytest.mark.parametrize("order", ["a x", "x a"])
def test_residual(tmp_path: Path, order: str) -> None:
    model = make_model(
        [conv("x", "a"), node("Sum", order, "s"), node("Relu", "s", "y")], IMAGE, CONV
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Conv"]
    assert graph.nodes[0].fused.residual is graph.inputs[0]
    assert graph.nodes[0].fused.activation == Activation("Relu")


def test_a_residual_computed_later_is_waited_for(tmp_path: Path) -> None:
    model = make_model(
        [conv("x", "a"), node("Tanh", "x", "t"), node("Add", "a t", "y")], IMAGE, CONV
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Tanh", "Conv"]
    two = make_model([conv("x", "a"), conv("x", "b", "w"), node("Add", "a b", "y")], IMAGE, CONV)
    graph, _ = optimised(two, tmp_path)
    assert [n.fused.residual is not None for n in graph.nodes] == [False, True]


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([conv("x", "a"), node("Add", "a full", "y")], "constant"),
        (
            [
                conv("x", "a"),
                node("GlobalAveragePool", "x", "g"),
                node("Add", "a g", "y"),
            ],
            "broadcast",
        ),
        (
            [conv("x", "a"), node("Add", "a x", "s"), node("Mul", "a s", "y")],
            "used elsewhere",
        ),
    ],
)
def test_what_is_no_residual(tmp_path: Path, nodes: list[onnx.NodeProto], reason: str) -> None:
    model = make_model(nodes, IMAGE, CONV | {"full": weights(1, 4, 6, 6)})
    graph, decisions = optimised(model, tmp_path)
    assert "Add" in ops(graph)
    assert any(reason in d.reason for d in decisions if not d.done)


def test_the_conv_that_can_adds_the_one_that_cannot(tmp_path: Path) -> None:
    """The later of two convolutions is read elsewhere too: the earlier one adds it."""
    model = make_model(
        [
            conv("x", "a"),
            conv("x", "b", "w"),
            node("Add", "a b", "s"),
            node("Mul", "b s", "y"),
        ],
        IMAGE,
        CONV,
    )
    graph, _ = optimised(model, tmp_path)
    assert [n.output.name for n in graph.nodes] == ["b", "s", "y"]
    assert graph.nodes[1].fused.residual is graph.nodes[0].output


def test_a_value_added_to_itself_is_no_residual(tmp_path: Path) -> None:
    model = make_model([conv("x", "a"), node("Add", "a a", "y")], IMAGE, CONV)
    assert ops(optimised(model, tmp_path)[0]) == ["Conv", "Add"]
