"""What scales and shifts channels goes into weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pass_cases import batch_norm, CONV, conv, IMAGE, NORM, ops, optimised
import pytest
from small_models import make_model, node, weights

from edge_compiler.ir.graph import Activation


def test_batch_norm_and_scale_fold_into_the_conv_before(tmp_path: Path) -> None:
    model = make_model(
        [
            conv("x", "a"),
            batch_norm("a", "b"),
            node("Mul", "b k", "c"),
            node("Sub", "shift c", "d"),
            node("Div", "d k", "e"),
            node("Relu", "e", "y"),
        ],
        IMAGE,
        CONV | NORM | {"k": weights(1, 4, 1, 1, low=0.5), "shift": np.float32(0.3)},
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Conv"]
    assert graph.nodes[0].output.name == "y"
    assert len(graph.nodes[0].origins) == 6
    assert graph.nodes[0].fused.activation == Activation("Relu")
    assert [d.pass_name for d in decisions if d.done][-2:] == [
        "fold-affine-back",
        "fuse-activation",
    ]


@pytest.mark.parametrize("group", [1, 2])
def test_batch_norm_folds_into_the_transposed_conv_before(tmp_path: Path, group: int) -> None:
    wider = node("ConvTranspose", "x w bias", "a", strides=[2, 2], group=group)
    model = make_model(
        [wider, batch_norm("a", "b"), node("Relu", "b", "y")],
        IMAGE,
        NORM | {"w": weights(4, 4 // group, 3, 3), "bias": weights(4)},
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["ConvTranspose"]
    assert graph.nodes[0].fused.activation == Activation("Relu")


@pytest.mark.parametrize("transposed", [0, 1])
def test_scale_folds_into_gemm(tmp_path: Path, transposed: int) -> None:
    model = make_model(
        [
            node("Gemm", "x w b", "a", alpha=0.5, beta=2.0, transB=transposed),
            node("Mul", "a k", "b2"),
            node("Add", "b2 k", "y"),
        ],
        {"x": [1, 5]},
        {
            "w": weights(3, 5) if transposed else weights(5, 3),
            "b": weights(1, 3),
            "k": weights(3),
        },
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Gemm"]


@pytest.mark.parametrize("group", [1, 2, 4])
def test_scale_folds_into_an_unpadded_conv_after(tmp_path: Path, group: int) -> None:
    model = make_model(
        [
            node("Relu", "x", "r"),
            batch_norm("r", "a"),
            node("Conv", "a w bias", "y", group=group),
        ],
        IMAGE,
        NORM | {"w": weights(8, 4 // group, 3, 3), "bias": weights(8)},
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Relu", "Conv"]


def test_a_shift_does_not_pass_padding_but_a_scale_does(tmp_path: Path) -> None:
    shifted = make_model(
        [node("Add", "x k", "a"), conv("a", "y")], IMAGE, CONV | {"k": weights(4, 1, 1)}
    )
    graph, decisions = optimised(shifted, tmp_path)
    assert ops(graph) == ["ChannelAffine", "Conv"]
    assert any("padding must stay zero" in d.reason for d in decisions if not d.done)
    scaled = make_model(
        [node("Mul", "x k", "a"), conv("a", "y")], IMAGE, CONV | {"k": weights(4, 1, 1)}
    )
    assert ops(optimised(scaled, tmp_path)[0]) == ["Conv"]


def test_a_result_used_twice_is_not_folded(tmp_path: Path) -> None:
    model = make_model(
        [conv("x", "a"), batch_norm("a", "b"), node("Concat", "a b", "y", axis=1)],
        IMAGE,
        CONV | NORM,
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Conv", "ChannelAffine", "Concat"]
    assert any("used elsewhere" in d.reason for d in decisions if not d.done)
