"""The front end: what it makes of a model, and one clear sentence for what it can't compile."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import onnx
from onnx import helper
import pytest
from small_models import assert_same, load_model, make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.frontend import load
from edge_compiler.ir.graph import OPSET
from edge_compiler.passes import optimise

IMAGE = {"x": [1, 4, 6, 6]}
CONV = {"w": weights(4, 4, 3, 3), "bias": weights(4)}


def conv_model(**attributes: Any) -> onnx.ModelProto:
    return make_model([node("Conv", "x w bias", "y", **attributes)], IMAGE, CONV)


def refused(model: onnx.ModelProto, folder: Path, pattern: str, **arguments: Any) -> str:
    """Expect one sentence that matches the pattern, and return it."""
    with pytest.raises(CompileError, match=pattern) as error:
        optimise(load_model(model, folder, **arguments))
    message = str(error.value)
    assert "\n" not in message
    return message


# What it makes of a model


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


def external(folder: Path, **changes: str) -> onnx.ModelProto:
    """Return a model whose weights are in a file beside it, described with changes."""
    model = make_model([node("Conv", "x w bias", "y")], {"x": [1, 64, 5, 5]}, EXTERNAL)
    onnx.save(
        model, folder / "outside.onnx", save_as_external_data=True, location="w", size_threshold=0
    )
    model = onnx.load(folder / "outside.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            entry.value = changes.get(entry.key, entry.value)
    return model


EXTERNAL = {"w": weights(8, 64, 3, 3), "bias": weights(8)}


def test_external_data(tmp_path: Path) -> None:
    model = external(tmp_path)
    assert_same(load_model(model, tmp_path), tmp_path / "model.onnx")


# Dimensions


def test_shapes_can_be_given(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "y")], {"x": ["N", 3, "height", 8]})
    graph = load_model(model, tmp_path, shapes={"x": (1, 3, 6, 8)})
    assert graph.inputs[0].shape == graph.outputs[0].shape == (1, 3, 6, 8)
    fixed = make_model([node("Relu", "x", "y")], {"x": [10, 3, 32, 32]})
    assert load_model(fixed, tmp_path, shapes={"x": (1, 3, 64, 32)}).inputs[0].shape[2] == 64


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        (["N", 3, "height", 8], r"'x' has the dynamic shape \[N, 3, height, 8\].*x=1,3,224,8"),
        ([-1, 3, 16, 8], r"dynamic shape \[\?, 3, 16, 8\].*--shape x=1,3,16,8"),
        ([1, 0, 16, 8], r"'x' of shape \[1, 0, 16, 8\] has a dimension of zero.*x=1,3,16,8"),
        ([4, 3, 16, 8], r"batch of 4.*--shape x=1,3,16,8"),
    ],
)
def test_dimensions_that_cannot_be_compiled(
    tmp_path: Path, shape: list[int | str], pattern: str
) -> None:
    refused(make_model([node("Relu", "x", "y")], {"x": shape}), tmp_path, pattern)


@pytest.mark.parametrize(
    ("shapes", "pattern"),
    [
        ({"image": (1, 4, 6, 6)}, "no input 'image'.*its inputs are 'x'"),
        ({"x": (1, 4, 6)}, "has 3 dimensions, but the model expects 4"),
        ({"x": (1, 4, 2, 2)}, "node 'y' .*Conv|empty shape"),
    ],
)
def test_wrong_shapes_given(
    tmp_path: Path, shapes: Mapping[str, tuple[int, ...]], pattern: str
) -> None:
    refused(conv_model(), tmp_path, pattern, shapes=shapes)


def test_an_input_without_shape_or_of_integers(tmp_path: Path) -> None:
    model = make_model([node("Cast", "x", "y", to=1)], IMAGE)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    refused(model, tmp_path, "'x' is uint8, but only float32")


def test_a_shape_known_only_at_run_time(tmp_path: Path) -> None:
    model = make_model(
        [node("NonZero", "x", "a"), node("Cast", "a", "y", to=onnx.TensorProto.FLOAT)], IMAGE
    )
    refused(model, tmp_path, r"'a' of node 'a' \(NonZero\).*known only while the model runs")


# Operators


def test_all_unknown_operators_are_listed(tmp_path: Path) -> None:
    model = make_model(
        [node("Relu", "x", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], IMAGE
    )
    nodes = model.graph.node
    nodes[0].CopyFrom(node("Frobnicate", "x", "a", name="first"))
    nodes[1].CopyFrom(node("FusedConv", "a", "b", domain="com.microsoft"))
    message = refused(model, tmp_path, "2 unsupported node")
    assert "'first' (Frobnicate)" in message
    assert "'b' (com.microsoft.FusedConv)" in message


def test_control_flow(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [node("Relu", "x", "z")],
        "branch",
        [],
        [helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [1, 4, 6, 6])],
    )
    model = make_model(
        [node("If", "c", "y", then_branch=branch, else_branch=branch)],
        IMAGE | {"c": [1]},
    )
    model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.BOOL
    refused(model, tmp_path, "the input 'c' is bool")
    model.graph.input.pop()
    model.graph.node.insert(0, node("IsNaN", "x", "c"))
    refused(model, tmp_path, r"'y' \(If\): control flow whose condition is no constant")


@pytest.mark.parametrize("opset", [1, 5, 999])
def test_opsets_out_of_range(tmp_path: Path, opset: int) -> None:
    model = conv_model()
    model.opset_import[0].version = opset
    refused(model, tmp_path, f"uses ONNX opset {opset}, but 6 to ")


def test_the_node_that_cannot_be_converted_is_named(tmp_path: Path) -> None:
    model = make_model(
        [node("Relu", "x", "a", name="act"), node("Swish", "a", "y", name="new")], IMAGE, opset=24
    )
    refused(model, tmp_path, r"node 'new' \(Swish\) cannot be converted from ONNX opset 24 to 21")


def test_invalid_onnx(tmp_path: Path) -> None:
    model = conv_model()
    model.graph.node[0].attribute.append(helper.make_attribute("colour", "red"))
    refused(model, tmp_path, "not valid ONNX: .*colour")


def test_inputs_that_do_not_fit(tmp_path: Path) -> None:
    model = make_model([node("Add", "x c", "y")], IMAGE, {"c": weights(5)})
    refused(model, tmp_path, r"node 'y' \(Add\) doesn't fit its inputs")


def test_a_deprecated_operator(tmp_path: Path) -> None:
    model = make_model(
        [node("GroupNormalization", "x g g", "y", num_groups=2)],
        IMAGE,
        {"g": weights(2)},
        opset=18,
    )
    refused(model, tmp_path, r"'y' \(GroupNormalization\): deprecated in opset 18")


def test_an_operator_whose_shape_nobody_infers(tmp_path: Path) -> None:
    model = make_model(
        [node("GroupNormalization", "x g g", "y", num_groups=2)], IMAGE, {"g": weights(4)}
    )
    refused(model, tmp_path, "node 'y' .* the operator GroupNormalization is not supported")


def test_a_model_without_operators_of_onnx_itself(tmp_path: Path) -> None:
    model = make_model([node("TreeEnsembleRegressor", "x", "y", domain="ai.onnx.ml")], IMAGE)
    model.opset_import[0].domain = "ai.onnx.ml"
    refused(model, tmp_path, "only those of ai.onnx.ml.TreeEnsembleRegressor")


def test_inputs_that_are_weights_or_no_tensors(tmp_path: Path) -> None:
    model = make_model([node("Conv", "x w", "y")], IMAGE | {"w": [3, 4, 3, 3]})
    refused(model, tmp_path, r"node 'y' \(Conv\) reads its weights from the input 'w'")
    model = make_model([node("Relu", "x", "y")], IMAGE)
    model.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = 1
    refused(model, tmp_path, "the input 'x' is a sequence, but only tensors")


# Weights


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(4, 4, 3, 3), (64, 4, 3, 3)])
def test_weights_that_are_no_numbers(tmp_path: Path, bad: float, shape: tuple[int, ...]) -> None:
    array = weights(*shape)
    array.flat[5] = bad
    model = make_model([node("Conv", "x w", "y")], IMAGE, {"w": array})
    refused(model, tmp_path, "constant 'w' .* holds 1 NaN")


def test_computed_constants_that_are_no_numbers(tmp_path: Path) -> None:
    model = make_model(
        [node("Log", "c", "l"), node("Mul", "x l", "y")], IMAGE, {"c": np.float32(-1)}
    )
    with np.errstate(invalid="ignore"):
        refused(model, tmp_path, "constant 'l'")


def test_a_negative_variance(tmp_path: Path) -> None:
    """Folding a batch normalisation must not make weights that are no numbers."""
    model = make_model(
        [node("BatchNormalization", "x s s s v", "y")],
        IMAGE,
        {"s": weights(4), "v": np.array([1, 1, -1, 1], np.float32)},
    )
    refused(model, tmp_path, r"scale .* of node 'y' \(BatchNormalization\) is NaN")


def test_constants_larger_than_memory(tmp_path: Path) -> None:
    model = make_model(
        [
            node("ConstantOfShape", "s", "huge"),
            node("ReduceMax", "huge", "m"),
            node("Add", "x m", "y"),
        ],
        IMAGE,
        {"s": np.array([2**20, 2**20])},
    )
    refused(model, tmp_path, "'huge' .* would have 1099511627776 elements")


def test_an_initializer_of_another_size(tmp_path: Path) -> None:
    model = conv_model()
    model.graph.initializer[0].dims[0] = 2**40
    refused(model, tmp_path, "initializer 'w' .* is damaged")


def test_an_initializer_defined_twice(tmp_path: Path) -> None:
    model = conv_model()
    model.graph.initializer.append(model.graph.initializer[1])
    refused(model, tmp_path, "'bias' twice")


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"location": "gone"}, "'gone' of the initializer '.*' is missing"),
        ({"location": "../secret"}, "'../secret' .* outside the model's folder"),
        ({"location": "/etc/passwd"}, "outside the model's folder"),
        ({"location": ""}, "outside the model's folder"),
        ({"offset": "1000000"}, "copy the file again"),
        ({"offset": "-8"}, "copy the file again"),
        ({"offset": "x"}, "damaged"),
        ({"length": "8"}, "the model says 8"),
    ],
)
def test_damaged_external_data(tmp_path: Path, changes: dict[str, str], pattern: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(100_000))
    refused(external(folder, **changes), folder, pattern)


def test_external_data_behind_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    model = external(folder)
    (folder / "w").rename(tmp_path / "secret")
    (folder / "w").symlink_to(tmp_path / "secret")
    refused(model, folder, "outside the model's folder")


# Files


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"no model file .*gone\.onnx"):
        load(tmp_path / "gone.onnx")
    with pytest.raises(CompileError, match="no model file"):
        load(tmp_path)
    for content in (b"", b"\x00" * 100, b"<html>not found</html>", bytes(range(256))):
        path = tmp_path / "model.onnx"
        path.write_bytes(content)
        with pytest.raises(CompileError, match="is not an ONNX model, or it is truncated"):
            load(path)


def test_a_file_larger_than_onnx_can_be(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as stream:
        stream.truncate(2**31)  # sparse: takes no space
    with pytest.raises(CompileError, match="external data"):
        load(path)


def test_truncated_files(tmp_path: Path) -> None:
    content = conv_model().SerializeToString()
    path = tmp_path / "model.onnx"
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with pytest.raises(CompileError):
            load(path)


def test_what_is_fuzzed_is_a_good_model(tmp_path: Path) -> None:
    graph = load_model(FUZZED, tmp_path)
    optimise(graph)
    assert_same(graph, FUZZED)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_changed_bytes(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    """Whatever byte changes, there is a graph or a CompileError: no crash, no other exception."""
    content = bytearray(FUZZED.SerializeToString())
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with suppress(CompileError):
        optimise(load(path))


FUZZED = make_model(
    [
        node("Pad", "x pads", "p"),
        node("Conv", "p w bias", "a", strides=[2, 2], auto_pad="SAME_UPPER", dilations=[1, 1]),
        node("Mul", "a bias3", "s"),
        node("Relu", "s", "b"),
        node("AveragePool", "b", "c", kernel_shape=[2, 2], ceil_mode=1),
        node("BatchNormalization", "c bias bias bias bias", "n"),
        node("Conv", "n w2", "z", group=2),
        node("Reshape", "z shape", "f"),
        node("Gemm", "f m", "g", transB=1),
        node("Add", "g bias", "y"),
    ],
    IMAGE,
    {
        "w": weights(2, 4, 1, 1),
        "bias": weights(2, low=0.1),
        "bias3": weights(2, 1, 1),
        "w2": weights(2, 1, 1, 1),
        "m": weights(2, 18),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "shape": np.array([1, -1]),
    },
    opset=13,
)
