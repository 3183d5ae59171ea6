"""What a model says of itself, and what the user says instead."""

import contextlib
import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies
import onnx
import pytest
from small_models import make_model, node, with_output_types

from edge_compiler.description.describe import describe, Overrides, read_overrides
from edge_compiler.description.frames import parse_preprocess
from edge_compiler.errors import CompileError
from edge_compiler.frontend import load
from edge_compiler.ir.graph import Graph, Value
from edge_perception.runtime.dtypes import ElementType, FLOAT32, INT64, UINT8
from edge_perception.runtime.manifest import Decoder, Preprocess

JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.floats()
    | strategies.integers()
    | strategies.just(10**400)
    | strategies.text(max_size=5),
    lambda inner: (
        strategies.lists(inner, max_size=4)
        | strategies.dictionaries(strategies.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ("input", "color", "resize", "mean", "scale", "pad_value")
LIKELY = strategies.sampled_from(
    ["x", "rgb", "bgr", "mono", "stretch", "letterbox", 0, 1.5, [1, 2, 3], [0.5]]
)


def graph(*shape: int, type_: ElementType = FLOAT32) -> Graph:
    return Graph("g", [Value("x", shape, type_)], [], [])


@given(JSON | strategies.dictionaries(strategies.sampled_from(FIELDS), JSON | LIKELY))
def test_any_json_is_a_preprocessing_or_refused(data: Any) -> None:
    with contextlib.suppress(CompileError):
        result = parse_preprocess(data, graph(1, 3, 8, 8), "file.json")
        assert len(result.mean) == len(result.scale) == 3
        assert result.color in ("rgb", "bgr")
        assert 0 <= result.pad_value <= 255


@pytest.mark.parametrize(
    ("shape", "data", "expected"),
    [
        ((1, 3, 8, 9), {}, Preprocess("x")),
        ((1, 8, 9, 3), {"color": "bgr", "mean": 5}, Preprocess("x", "bgr", mean=(5.0,) * 3)),
        ((1, 1, 8, 9), {}, Preprocess("x", "mono", mean=(0.0,), scale=(1.0,))),
    ],
)
def test_defaults_fit_the_image(
    shape: tuple[int, ...], data: dict[str, Any], expected: Preprocess
) -> None:
    assert parse_preprocess(data, graph(*shape), "file.json") == expected


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 3, 8, 8), (1, 4, 8, 8), (1,)])
def test_input_that_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(CompileError, match="is no image; expected"):
        parse_preprocess({}, graph(*shape), "file.json")


def test_an_image_of_other_integers_is_refused() -> None:
    with pytest.raises(CompileError, match=r"'x' is int64, but pre-processing makes .* uint8"):
        parse_preprocess({}, graph(1, 3, 8, 8, type_=INT64), "file.json")
    assert parse_preprocess({}, graph(1, 3, 8, 8, type_=UINT8), "file.json").input == "x"


def test_labels_and_one_integer_make_a_classifier(tmp_path: Path) -> None:
    nodes = [node("ArgMax", "x", "class", axis=1)]
    model = with_output_types(make_model(nodes, {"x": [1, 3]}))
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\nespresso\n")
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    described = describe(load(path), path, read_overrides(labels=labels))
    assert described.decoder == Decoder(
        "classification", {"output": "class"}, "the number of a class"
    )


def test_model_with_two_inputs_has_no_preprocessing() -> None:
    two = Graph("g", [Value("x", (1, 3, 8, 8)), Value("y", (1, 3, 8, 8))], [], [])
    with pytest.raises(CompileError, match="only a model with a single input"):
        parse_preprocess({"input": "x"}, two, "file.json")


@pytest.mark.parametrize(
    ("last", "softmax"), [("Softmax", False), ("Sigmoid", False), ("Relu", True)]
)
def test_labels_make_a_classifier(tmp_path: Path, last: str, softmax: bool) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(make_model([node("Relu", "x", "r"), node(last, "r", "y")], {"x": [1, 3]}), path)
    (tmp_path / "labels.txt").write_text("cat\n\n dog \r\nbird")
    described = describe(load(path), path, read_overrides(labels=tmp_path / "labels.txt"))
    assert described.labels == ("cat", "dog", "bird")
    parameters = {"output": "y", "top": 3, "softmax": softmax}
    because = "a score for each of 3 classes"
    assert described.decoder == Decoder("classification", parameters, because)
    assert described.name == "model"
    unknown = describe(load(path), path, Overrides()).decoder
    assert (unknown.kind, unknown.parameters) == ("tensors", {})
    assert unknown.because == "no decoder is known for outputs such as y [1, 3]"


def image_model(path: Path, metadata: dict[str, Any]) -> Path:
    """Write a model from an image to nine scores, with metadata."""
    model = make_model([node("GlobalAveragePool", "x", "y")], {"x": [1, 3, 8, 8]})
    onnx.helper.set_model_props(model, {key: json.dumps(metadata[key]) for key in metadata})
    onnx.save(model, path)
    return path


def decoder(path: Path, given: str | None = None) -> Decoder:
    return describe(load(path), path, read_overrides(decoder=given)).decoder


def test_the_user_says_what_the_outputs_mean(tmp_path: Path) -> None:
    said = {"edge.decoder": {"kind": "embedding"}, "edge.preprocess": {}}
    path = image_model(tmp_path / "model.onnx", said)
    assert decoder(path) == Decoder("embedding")
    assert decoder(path, "tensors") == Decoder("tensors")
    file = tmp_path / "decoder.json"
    file.write_text('{"kind": "classification", "parameters": {"top": 2}}')
    assert decoder(path, str(file)) == Decoder("classification", {"top": 2})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("clasification", "no decoder is called 'clasification'; did you mean 'classification'?"),
        ("none.json", "cannot read none.json"),
        ("yolo", r"the output 'y' has the shape \[1, 3, 1, 1\]"),
    ],
)
def test_a_decoder_that_can_not_be_used(tmp_path: Path, given: str, says: str) -> None:
    path = image_model(tmp_path / "model.onnx", {"edge.preprocess": {}})
    with pytest.raises(CompileError, match=says):
        decoder(path, given)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("edge.decoder", []),
        ("edge.decoder", {"parameters": {}}),
        ("edge.decoder", {"kind": "classification", "parameters": 1}),
        ("edge.labels", {}),
        ("edge.labels", [1]),
        ("edge.provenance", {"license": 1}),
        ("edge.preprocess", {"color": "rgb"}),
    ],
)
def test_wrong_metadata_is_named(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "model.onnx"
    model = make_model([node("Relu", "x", "y")], {"x": [1, 3]})
    onnx.helper.set_model_props(model, {key: json.dumps(value)})
    onnx.save(model, path)
    with pytest.raises(CompileError, match=key):
        describe(load(path), path, Overrides())
