"""``edgec compile`` with models that it can't read: one sentence, and no bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgec_cases import Capture, refusal, small
import numpy as np
import onnx
from onnx import numpy_helper
import pytest
from small_models import make_model, node


def truncated(path: Path) -> None:
    path.write_bytes(small().SerializeToString()[:200])


def missing(path: Path) -> None:
    """Write nothing."""


def unknown_operator(path: Path) -> None:
    model = small()
    model.graph.node[1].op_type = "Reluu"
    onnx.save(model, path)


def unsupported_operator(path: Path) -> None:
    model = small()
    model.graph.node[1].op_type = "RandomNormalLike"
    onnx.save(model, path)


def dynamic_dimension(path: Path) -> None:
    onnx.save(make_model([node("Relu", "x", "y")], {"x": [1, 3, "height", "width"]}), path)


def zero_dimension(path: Path) -> None:
    onnx.save(make_model([node("Relu", "x", "y")], {"x": [1, 3, 0, 5]}), path)


def nan_weights(path: Path) -> None:
    model = small()
    array = numpy_helper.to_array(model.graph.initializer[0]).copy()
    array[0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, "w"))
    onnx.save(model, path)


def no_outputs(path: Path) -> None:
    model = small()
    del model.graph.output[:]
    onnx.save(model, path)


def same_output_twice(path: Path) -> None:
    model = small()
    model.graph.output.append(model.graph.output[0])
    onnx.save(model, path)


def missing_external_data(path: Path) -> None:
    onnx.save(small(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (path.parent / "weights.bin").unlink()


def bad_metadata(path: Path) -> None:
    model = small()
    onnx.helper.set_model_props(model, {"edge.labels": "[1, 2"})
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (truncated, ["model.onnx"]),
        (missing, ["model.onnx"]),
        (unknown_operator, ["Reluu"]),
        (unsupported_operator, ["RandomNormalLike", "can't run 1 of 2 nodes"]),
        (dynamic_dimension, ["'x'", "dynamic", "--shape x="]),
        (zero_dimension, ["'x'", "zero", "--shape x="]),
        (nan_weights, ["'w'"]),
        (no_outputs, ["model.onnx has no outputs", "export it"]),
        (same_output_twice, ["model.onnx lists the output 'y' 2 times", "export it"]),
        (missing_external_data, ["weights.bin"]),
        (bad_metadata, ["edge.labels", "JSON"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_model_is_one_sentence_and_no_bundle(
    write: Callable[[Path], None], words: list[str], tmp_path: Path, capsys: Capture
) -> None:
    model = tmp_path / "model.onnx"
    write(model)
    before = set(tmp_path.iterdir())
    sentence = refusal(capsys, "compile", model, "-o", tmp_path / "out.edge")
    for word in words:
        assert word in sentence
    assert set(tmp_path.iterdir()) == before
