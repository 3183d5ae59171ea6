"""What the front end makes of a model."""

from __future__ import annotations

from pathlib import Path

from frontend_cases import CONV, conv_model, IMAGE
import numpy as np
import onnx
from onnx import helper
import pytest
from small_models import assert_same, load_model, make_model, node, weights

from edge_compiler.ir.graph import OPSET
from edge_compiler.passes import optimise


@pytest.mark.parametrize(
    ("auto_pad", "strides", "pads"),
    [
        ("SAME_UPPER", [2, 2], [0, 0, 1, 1]),
        ("SAME_LOWER", [2, 2], [1, 1, 0, 0]),
        ("SAME_UPPER", [1, 1], [1, 1, 1, 1]),
        ("VALID", [1, 1], [0, 0, 0, 0]),
    ],
)
def test_auto_pad_becomes_pads(
    tmp_path: Path, auto_pad: str, strides: list[int], pads: list[int]
) -> None:
    model = conv_model(auto_pad=auto_pad, strides=strides)
    graph = load_model(model, tmp_path)
    assert graph.nodes[0].attributes == {
        "auto_pad": "NOTSET",
        "dilations": [1, 1],
        "group": 1,
        "kernel_shape": [3, 3],
        "pads": pads,
        "strides": strides,
    }
    assert_same(graph, model)


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 18, 21, 23])
def test_opsets(tmp_path: Path, opset: int) -> None:
    model = make_model(
        [
            node("Conv", "x w bias", "a"),
            node("BatchNormalization", "a bias bias bias var", "b"),
            node("MaxPool", "b", "c", kernel_shape=[2, 2]),
            node("Flatten", "c", "d"),
            node("Softmax", "d", "y", axis=1),
        ],
        IMAGE,
        CONV | {"var": weights(4, low=0.5)},
        opset=opset,
    )
    assert_same(load_model(model, tmp_path), model)


@pytest.mark.parametrize(("opset", "outputs"), [(9, 5), (13, 5), (14, 3)])
def test_weights_are_normalised_by_their_own_mean(
    tmp_path: Path, opset: int, outputs: int
) -> None:
    """As standardised weights are; before opset 14 the outputs alone tell."""
    names = " ".join(["scaled", "next_mean", "next_var", "saved_mean", "saved_var"][:outputs])
    stated = {"training_mode": 1} if opset >= 14 else {}
    model = make_model(
        [
            node("BatchNormalization", "w bias bias bias var", names, **stated),
            node("Conv", "x scaled", "y"),
        ],
        IMAGE,
        CONV | {"var": weights(4, low=0.5)},
        opset=opset,
    )
    assert_same(load_model(model, tmp_path), model)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample_of_old_opsets_keeps_its_sampling(tmp_path: Path, mode: str) -> None:
    scales = np.array([1, 1, 3, 2], np.float32)
    model = make_model(
        [node("Upsample", "x scales", "y", mode=mode)], IMAGE, {"scales": scales}, opset=9
    )
    assert_same(load_model(model, tmp_path), model)


def test_initializers_that_are_inputs_are_constants(tmp_path: Path) -> None:
    model = conv_model()
    model.ir_version = 3
    for tensor in model.graph.initializer:
        model.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        )
    graph = load_model(model, tmp_path)
    assert [value.name for value in graph.inputs] == ["x"]


def test_names_and_metadata(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "a"), node("Relu", "a", "y", name="a")], IMAGE)
    helper.set_model_props(model, {"labels": "cat,dog"})
    graph = load_model(model, tmp_path)
    assert [n.name for n in graph.nodes] == ["a", "a_2"]
    assert graph.metadata == {"labels": "cat,dog"}


def test_shapes_computed_by_nodes(tmp_path: Path) -> None:
    """Flatten and double the size as PyTorch exports it, with arithmetic that data_prop lacks."""
    model = make_model(
        [
            node("Shape", "x", "shape"),
            node("Cast", "shape", "number", to=onnx.TensorProto.FLOAT),
            node("Mul", "number factors", "scaled"),
            node("Floor", "scaled", "floor"),
            node("Cast", "floor", "sizes", to=onnx.TensorProto.INT64),
            node("Resize", "x - - sizes", "big", mode="nearest"),
            node("Gather", "shape zero", "batch"),
            node("Concat", "batch rest", "flat", axis=0),
            node("Reshape", "big flat", "y"),
        ],
        IMAGE,
        {
            "factors": np.array([1, 1, 2, 2.5], np.float32),
            "zero": np.array([0]),
            "rest": np.array([-1]),
        },
    )
    graph = load_model(model, tmp_path)
    assert graph.outputs[0].shape == (1, 4 * 12 * 15)
    optimise(graph)
    assert [n.op for n in graph.nodes] == ["Resize", "Reshape"]
    assert_same(graph, model)


def test_functions_are_inlined(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "y")], IMAGE)
    twice = helper.make_function(
        "own",
        "Twice",
        ["a"],
        ["b"],
        [node("Add", "a a", "b")],
        [helper.make_opsetid("", OPSET)],
    )
    model.functions.append(twice)
    model.graph.node[0].CopyFrom(node("Twice", "x", "y", domain="own"))
    model.opset_import.append(helper.make_opsetid("own", 1))
    assert [n.op for n in load_model(model, tmp_path).nodes] == ["Add"]
