"""Models that ONNX Runtime takes, in forms that exporters rarely write: they compile as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, TensorProto
from small_models import assert_same, load_model, make_model, node, weights

from edge_compiler.passes import optimise

IMAGE = {"x": [1, 4, 6, 6]}


def same(model: onnx.ModelProto, folder: Path) -> list[str]:
    """Compare with ONNX Runtime before and after the passes; return the operators then."""
    graph = load_model(model, folder)
    assert_same(graph, model)
    optimise(graph)
    assert_same(graph, model)
    return [n.op for n in graph.nodes]


def test_nodes_in_any_order(tmp_path: Path) -> None:
    model = make_model([node("Relu", "b", "y"), node("Sigmoid", "x", "b")], IMAGE, outputs=["y"])
    assert same(model, tmp_path) == ["Sigmoid", "Relu"]


def test_the_domain_by_its_long_name(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "y", domain="ai.onnx")], IMAGE)
    assert same(model, tmp_path) == ["Relu"]


def test_what_no_output_depends_on_stops_nothing(tmp_path: Path) -> None:
    nan = np.full((64, 4, 6, 6), np.nan, np.float32)
    model = make_model(
        [
            node("NonZero", "x", "dead"),
            node("Frobnicate", "dead bad", "deader", domain="elsewhere"),
            node("Relu", "x", "y"),
        ],
        IMAGE,
        {"bad": nan, "little": nan[0, 0, 0]},
        outputs=["y"],
    )
    model.graph.input.append(helper.make_tensor_value_info("rate", TensorProto.INT64, ["N"]))
    graph = load_model(model, tmp_path)
    assert [n.op for n in graph.nodes] == ["Relu"]
    assert [value.name for value in graph.inputs] == ["x"]


def test_a_function_written_for_another_opset(tmp_path: Path) -> None:
    model = make_model([node("Act", "x", "y", domain="own")], IMAGE, opset=17)
    body = [node("Softmax", "a", "s", axis=1), node("Relu", "s", "b")]
    model.functions.append(
        helper.make_function("own", "Act", ["a"], ["b"], body, [helper.make_opsetid("", 13)])
    )
    model.opset_import.append(helper.make_opsetid("own", 1))
    assert same(model, tmp_path) == ["Softmax", "Relu"]


def branch(op: str, result: str) -> onnx.GraphProto:
    """Return a branch that reads ``x``, with names that the other one has too."""
    nodes = [
        node("Constant", "", "two", value=helper.make_tensor("", TensorProto.FLOAT, [], [2])),
        node("Mul", "x two", "inner"),
        node(op, "inner", result),
    ]
    output = helper.make_tensor_value_info(result, TensorProto.FLOAT, IMAGE["x"])
    return helper.make_graph(nodes, op, [], [output])


def test_an_if_with_a_constant_condition_takes_its_branch(tmp_path: Path) -> None:
    branches = {"then_branch": branch("Relu", "r"), "else_branch": branch("Sigmoid", "s")}
    model = make_model(
        [
            node("If", "yes", "a", **branches),
            node("If", "no", "b", **branches),
            node("Sub", "a b", "y"),
        ],
        IMAGE,
        {"yes": np.array(True), "no": np.array([False])},
        opset=17,
    )
    operators = same(model, tmp_path)
    assert "If" not in operators
    assert operators[-1] == "Sub"


def test_branches_within_branches(tmp_path: Path) -> None:
    inner = {"then_branch": branch("Relu", "r"), "else_branch": branch("Sigmoid", "s")}
    outer = helper.make_graph(
        [node("Tanh", "x", "t"), node("If", "no", "i", **inner), node("Add", "t i", "o")],
        "outer",
        [],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, IMAGE["x"])],
    )
    model = make_model(
        [node("If", "yes", "y", then_branch=outer, else_branch=branch("Tanh", "t"))],
        IMAGE,
        {"yes": np.array(True), "no": np.array(False)},
        opset=17,
    )
    assert "Tanh" in same(model, tmp_path)


def test_a_column_that_a_gemm_transposes(tmp_path: Path) -> None:
    model = make_model(
        [node("Gemm", "x w c", "y", transA=1, alpha=0.5, beta=2.0)],
        {"x": [16, 1]},
        {"w": weights(16, 8), "c": weights(8)},
    )
    assert same(model, tmp_path) == ["Reshape", "Gemm"]
