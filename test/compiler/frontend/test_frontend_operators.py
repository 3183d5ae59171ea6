"""Operators and opsets that the front end refuses, each with a sentence."""

from __future__ import annotations

from pathlib import Path

from frontend_cases import conv_model, IMAGE, refused
from onnx import helper
import pytest
from small_models import make_model, node, weights


def test_all_unknown_operators_are_listed(tmp_path: Path) -> None:
    model = make_model(
        [node("Relu", "x", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], IMAGE
    )
    nodes = model.graph.node
    nodes[0].CopyFrom(node("Frobnicate", "x", "a", name="first"))
    nodes[1].CopyFrom(node("Frobnicate", "a", "b", domain="com.microsoft"))
    message = refused(model, tmp_path, "2 unsupported node")
    assert "'first' (Frobnicate)" in message
    assert "'b' (com.microsoft.Frobnicate)" in message


@pytest.mark.parametrize("opset", [1, 5, 999])
def test_opsets_out_of_range(tmp_path: Path, opset: int) -> None:
    model = conv_model()
    model.opset_import[0].version = opset
    refused(model, tmp_path, f"uses ONNX opset {opset}, but 6 to ")


def test_the_node_that_cannot_be_converted_is_named(tmp_path: Path) -> None:
    model = make_model(
        [node("Relu", "x", "a", name="act"), node("Swish", "a", "y", name="new")], IMAGE, opset=24
    )
    refused(model, tmp_path, r"node 'new' \(Swish\) cannot be converted from ONNX opset 24 to 23")


def test_invalid_onnx(tmp_path: Path) -> None:
    model = conv_model()
    model.graph.node[0].attribute.append(helper.make_attribute("colour", "red"))
    refused(model, tmp_path, "not valid ONNX: .*colour")


def test_inputs_that_do_not_fit(tmp_path: Path) -> None:
    model = make_model([node("Add", "x c", "y")], IMAGE, {"c": weights(5)})
    refused(model, tmp_path, r"node 'y' \(Add\) doesn't fit its inputs")


def test_an_order_that_does_not_fit(tmp_path: Path) -> None:
    model = make_model([node("Transpose", "x", "y", perm=[0, 1, 2])], IMAGE)
    refused(model, tmp_path, r"the order \[0, 1, 2\] of the node that computes 'y' doesn't fit")


def test_a_deprecated_operator(tmp_path: Path) -> None:
    model = make_model(
        [node("GroupNormalization", "x g g", "y", num_groups=2)],
        IMAGE,
        {"g": weights(2)},
        opset=18,
    )
    refused(model, tmp_path, r"'y' \(GroupNormalization\): deprecated in opset 18")


def test_a_model_without_operators_of_onnx_itself(tmp_path: Path) -> None:
    model = make_model([node("TreeEnsembleRegressor", "x", "y", domain="ai.onnx.ml")], IMAGE)
    model.opset_import[0].domain = "ai.onnx.ml"
    refused(model, tmp_path, "only those of ai.onnx.ml.TreeEnsembleRegressor")


def test_inputs_that_are_no_tensors(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "y")], IMAGE)
    model.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = 1
    refused(model, tmp_path, "the input 'x' is a sequence, but only tensors")
