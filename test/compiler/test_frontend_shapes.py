"""Which shapes the front end takes, from the file and from the user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from frontend_cases import conv_model, IMAGE, refused
import onnx
import pytest
from small_models import load_model, make_model, node


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
    refused(model, tmp_path, r"'y' .*--shape-of N=SIZE", shapes={"x": (1, 3, 6, 8)})
    refused(model, tmp_path, r"no dimension 'n' .*: it names 'N', 'height'", dimensions={"n": 1})


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
    refused(model, tmp_path, r"'a' \(NonZero\) yields as many elements as it finds")
