"""Activations are applied by the node before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import CONV, conv, IMAGE, ops, optimised
import pytest
from small_models import make_model, node, weights


@pytest.mark.parametrize(
    "activation",
    [
        node("Relu", "a", "y"),
        node("LeakyRelu", "a", "y", alpha=0.2),
        node("Sigmoid", "a", "y"),
        node("Tanh", "a", "y"),
        node("HardSwish", "a", "y"),
        node("HardSigmoid", "a", "y", alpha=0.3, beta=0.4),
        node("Clip", "a low high", "y"),
        node("Clip", "a - high", "y"),
    ],
)
@pytest.mark.parametrize(
    "first",
    [
        conv("x", "a"),
        node("Add", "x other", "a"),
        node("Mul", "x k", "a"),
        node("MaxPool", "x", "a", kernel_shape=[2, 2]),
    ],
)
def test_activations_are_fused(
    tmp_path: Path, first: onnx.NodeProto, activation: onnx.NodeProto
) -> None:
    model = make_model(
        [first, activation],
        IMAGE | {"other": IMAGE["x"]},
        CONV | {"k": weights(4, 1, 1), "low": np.float32(-0.5), "high": np.float32(2)},
    )
    graph, _ = optimised(model, tmp_path)
    if first.op_type == "MaxPool":
        assert ops(graph) == ["MaxPool", activation.op_type]
    else:
        assert len(graph.nodes) == 1
        assert graph.nodes[0].fused.activation is not None


def test_computed_bounds_are_no_activation(tmp_path: Path) -> None:
    model = make_model(
        [conv("x", "a"), node("ReduceMax", "x", "m", keepdims=0), node("Clip", "a - m", "y")],
        IMAGE,
        CONV,
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Conv", "ReduceMax", "Min"]


def test_what_need_not_be_finite_is_not_applied_to_unused_lanes(tmp_path: Path) -> None:
    model = make_model([conv("x", "a"), node("Reciprocal", "a", "y")], IMAGE, CONV)
    assert ops(optimised(model, tmp_path)[0]) == ["Conv", "Reciprocal"]
