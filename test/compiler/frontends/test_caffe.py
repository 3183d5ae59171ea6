"""Caffe's files as ONNX: against what OpenCV computed with them (see ``caffe/make.py``)."""

from __future__ import annotations

from pathlib import Path
import shutil

from edgec_cases import Capture, refusal
from imported_cases import check_bundle, check_outputs
import numpy as np
import onnx
import pytest

from edge_compiler.frontends import as_onnx

DESCRIPTION = Path(__file__).parent / "caffe" / "layers.prototxt"
WEIGHTS = DESCRIPTION.with_suffix(".caffemodel")
OLD = """\
name: "old"
input: "data"
input_dim: 10 input_dim: 4 input_dim: 9 input_dim: 7
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv"
  convolution_param { num_output: 6 kernel_size: 3 pad: 1 bias_term: false } }
layers { name: "drop" type: DROPOUT bottom: "conv" top: "conv" include { phase: TRAIN } }
layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
layers { name: "fc1" type: INNER_PRODUCT bottom: "conv" top: "fc1"
  inner_product_param { num_output: 1 bias_term: false } }
"""


def stored() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return an image, and what OpenCV made of it."""
    with np.load(DESCRIPTION.with_suffix(".npz")) as file:
        outputs = dict(file)
    return outputs.pop("data"), outputs


def test_every_layer_computes_what_opencv_does() -> None:
    with as_onnx(DESCRIPTION) as file:
        check_outputs(file, *stored())


def test_it_is_compiled(tmp_path: Path) -> None:
    check_bundle(DESCRIPTION, tmp_path / "layers.edge", *stored())


def test_either_file_names_the_model() -> None:
    with as_onnx(DESCRIPTION) as one, as_onnx(WEIGHTS) as other:
        assert one.read_bytes() == other.read_bytes()


def test_layers_of_the_first_version(tmp_path: Path) -> None:
    path = tmp_path / "old.prototxt"
    path.write_text(OLD)
    shutil.copy(WEIGHTS, tmp_path / "weights.caffemodel")
    with as_onnx(path) as file:
        model = onnx.load_model_from_string(file.read_bytes())
    (image,) = model.graph.input
    assert [size.dim_value for size in image.type.tensor_type.shape.dim] == [1, 4, 9, 7]
    found = [(node.op_type, node.output[0]) for node in model.graph.node]
    assert found == [
        ("Conv", "conv/conv"),  # what works in place computes what has the name
        ("Relu", "conv"),
        ("Flatten", "fc1/flat"),
        ("Gemm", "fc1"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("num_output: 6", "num_output: 7", "the layer 'conv' (CONVOLUTION) has 216 weights"),
        ('name: "fc1"', 'name: "fc9"', "the layer 'fc9' (INNER_PRODUCT) has 0 arrays of weights"),
        ("type: RELU", "type: IM2COL", "the layer 'relu' is of the type IM2COL, which is not"),
        ("pad: 1", "ceil: 1", 'no field named "ceil"'),
        ('bottom: "data"', 'bottom: "date"', "the layer 'conv' reads 'date', which nothing makes"),
        ("input_dim: 7", "", "1 inputs have 3 sizes, expected 4 each"),
        ('layers { name: "conv"', 'layers name: "conv"', "no description"),
    ],
)
def test_bad_description(old: str, new: str, reason: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "old.prototxt"
    path.write_text(OLD.replace(old, new, 1))
    shutil.copy(WEIGHTS, tmp_path / "weights.caffemodel")
    assert reason in refusal(capsys, "analyze", path)


def test_the_other_file_is_missing(tmp_path: Path, capsys: Capture) -> None:
    path = Path(shutil.copy(DESCRIPTION, tmp_path))
    assert "beside it layers.caffemodel is expected" in refusal(capsys, "analyze", path)


def test_truncated_weights(tmp_path: Path, capsys: Capture) -> None:
    path = Path(shutil.copy(DESCRIPTION, tmp_path))
    path.with_suffix(".caffemodel").write_bytes(WEIGHTS.read_bytes()[:2000])
    assert "holds no weights of Caffe, or it is truncated" in refusal(capsys, "analyze", path)
