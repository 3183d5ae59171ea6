"""Which shapes the front end takes, from the file and from the user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from frontend_cases import conv_model, IMAGE, refused
import numpy as np
import onnx
import pytest
from small_models import assert_same, load_model, make_model, node


def test_shapes_can_be_given(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "y")], {"x": ["N", 3, "height", 8]})
    graph = load_model(model, tmp_path, shapes={"x": (1, 3, 6, 8)})
    assert graph.inputs[0].shape == graph.outputs[0].shape == (1, 3, 6, 8)
    fixed = make_model([node("Relu", "x", "y")], {"x": [10, 3, 32, 32]})
    assert load_model(fixed, tmp_path, shapes={"x": (1, 3, 64, 32)}).inputs[0].shape[2] == 64


def test_dimensions_can_be_given_by_name(tmp_path: Path) -> None:
    nodes = [node("Concat", "x y", "z", axis=1)]
    model = make_model(nodes, {"x": ["N", 3, "height", 8], "y": ["N", 2, "height", 8]})
    graph = load_model(model, tmp_path, dimensions={"N": 1, "height": 6})
    assert [value.shape for value in graph.inputs] == [(1, 3, 6, 8), (1, 2, 6, 8)]
    refused(model, tmp_path, r"'y' .*--shape-of N=1", shapes={"x": (1, 3, 6, 8)})
    refused(model, tmp_path, r"no dimension 'n' .*: it names 'N', 'height'", dimensions={"n": 1})


def test_a_computed_shape_is_refused_with_what_decides_on_it(tmp_path: Path) -> None:
    model = make_model(
        [node("Reshape", "x sizes", "y")], {"x": [2, 3], "sizes": [1]}, types={"sizes": 7}
    )
    refused(model, tmp_path, r"'y' .*\(Reshape\) has a dimension .* depend on 'sizes': export")


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        (["N", 3, "height", 8], r"'x' has the dynamic shape \[N, 3, height, 8\].*x=1,3,224,8"),
        ([-1, 3, 16, 8], r"dynamic shape \[\?, 3, 16, 8\].*--shape x=1,3,16,8"),
        ([1, 0, 16, 8], r"'x' of shape \[1, 0, 16, 8\] has a dimension of zero.*x=1,3,16,8"),
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


def test_an_input_of_texts(tmp_path: Path) -> None:
    types = {"x": onnx.TensorProto.STRING}
    model = make_model([node("Cast", "x", "y", to=1)], IMAGE, types=types)
    refused(model, tmp_path, "'x' is string, which is not supported")


def test_a_shape_known_only_at_run_time(tmp_path: Path) -> None:
    model = make_model(
        [node("NonZero", "x", "a"), node("Cast", "a", "y", to=onnx.TensorProto.FLOAT)], IMAGE
    )
    refused(model, tmp_path, r"'a' \(NonZero\) yields as many elements as it finds.*export")


def test_where_a_detector_could_end_is_named(tmp_path: Path) -> None:
    """It chooses boxes class by class, by scores that are above a limit."""
    nodes = [
        node("Softmax", "x", "scores", axis=-1),
        node("Sigmoid", "x", "places"),
        node("Reshape", "places rows", "boxes"),
        node("GlobalAveragePool", "x", "mean"),
    ]
    for label in "01":
        nodes += [
            node("Gather", f"scores label{label}", f"score{label}", axis=3),
            node("Greater", f"score{label} least", f"likely{label}"),
            node("NonZero", f"likely{label}", f"found{label}"),
            node("Gather", f"found{label} last", f"index{label}", axis=0),
            node("Gather", f"boxes index{label}", f"chosen{label}"),
        ]
    nodes.append(node("Concat", "chosen0 chosen1", "y", axis=0))
    constants = {
        "last": np.array([-1]),
        "label0": np.int64(0),
        "label1": np.int64(1),
        "least": np.float32(0.3),
        "rows": np.array([-1, 6]),
    }
    model = make_model(nodes, {"x": [1, 1, 20, 6]}, constants, ["mean", "y"])
    refused(model, tmp_path, r"edgec import MODEL --outputs mean,scores,boxes -o SHORTER.onnx")


def test_parts_without_elements_may_be_left_out(tmp_path: Path) -> None:
    """Exporters write what a detector has beside boxes and scores, though it has nothing."""
    nodes = [
        node("Slice", "x from to last", "rest"),
        node("Transpose", "rest", "turned", perm=[1, 0]),
        node("Transpose", "turned", "again", perm=[1, 0]),
        node("Concat", "x again", "y", axis=1),
    ]
    constants = {"from": np.array([6]), "to": np.array([9]), "last": np.array([-1])}
    model = make_model(nodes, {"x": [2, 6]}, constants)
    assert_same(load_model(model, tmp_path), model)
    model = make_model(nodes[:2], {"x": [2, 6]}, constants, ["turned"])
    refused(model, tmp_path, r"'turned' has the empty shape \[0, 2\]")
    nodes.append(node("ReduceMax", "again", "z"))
    model = make_model(nodes, {"x": [2, 6]}, constants, ["y", "z"])
    refused(model, tmp_path, r"'again' has the empty shape \[2, 0\]")
