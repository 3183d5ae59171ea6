"""What a TensorFlow Lite file says of itself: names, images, labels."""

from __future__ import annotations

import io
from pathlib import Path
import re
import struct
import zipfile

from ai_edge_litert.interpreter import Interpreter
from edgec_cases import Capture, run
import numpy as np
import onnx
import pytest
from tflite_files import make_inputs, Net, options, run_litert, run_onnx, signed

from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.frontend import load
from edge_compiler.frontends import as_onnx, LEFT_OUT
from edge_compiler.frontends.tflite import convert

CLASSIFIER = Path(__file__).parent / "tflite" / "classifier.tflite"
LABELS = ("cat", "dog", "coffee cup", "Straße", "owl")
MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""What tflite/make.py let TensorFlow's own library write into the file."""


def described(path: Path) -> Description:
    with as_onnx(path) as file:
        return describe(load(file), file, Overrides())


def test_images_and_labels_are_known_from_the_file() -> None:
    said = described(CLASSIFIER)
    assert said.labels == LABELS
    assert said.preprocess is not None
    assert (said.preprocess.input, said.preprocess.color) == ("image", "rgb")
    assert said.preprocess.mean == MEAN
    assert said.preprocess.scale == tuple(1 / deviation for deviation in DEVIATION)
    assert said.decoder.kind == "classification"
    assert LEFT_OUT not in said.provenance


def changed(old: bytes, new: bytes) -> bytes:
    data = CLASSIFIER.read_bytes()
    assert old in data
    return data.replace(old, new, 1)


def _float(number: float) -> bytes:
    return struct.pack("<f", number)


def relabelled(labels: bytes) -> bytes:
    data, archive = CLASSIFIER.read_bytes(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("classifier.txt", labels)
    return data[: data.index(b"PK\x03\x04")] + archive.getvalue()


DAMAGED = {
    "no number": (changed(_float(116.28), _float(np.nan)), r"mean \[123\.675, nan, 103\.53\] and"),
    "no spread": (changed(_float(57.375), _float(0.0)), r"are no numbers for 3 channels$"),
    "fewer labels": (relabelled(b"cat\ndog\ncup\nowl\n"), "4 for the 5 channels of 'scores'"),
    "no text": (
        relabelled(b"\xff" * 9),
        "labels: its metadata is damaged .'utf-8' codec can't decode",
    ),
    "no end": (relabelled(b"a" * (2 << 20)), "classifier.txt is longer than 1048576 bytes"),
    "no file": (changed(b"classifier.txt", b"classified.txt"), "labels: its metadata is damaged"),
    "no archive": (CLASSIFIER.read_bytes()[:-30], "labels: its metadata is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_wrong_is_left_out_with_the_reason(damage: str, tmp_path: Path) -> None:
    """The network is right for all that."""
    data, reason = DAMAGED[damage]
    path = tmp_path / "damaged.tflite"
    path.write_bytes(data)
    said = described(path)
    assert re.search(reason, said.provenance[LEFT_OUT])
    np.testing.assert_array_equal(weights(path), weights(CLASSIFIER))


def weights(path: Path) -> np.ndarray:
    with as_onnx(path) as file:
        arrays = map(onnx.numpy_helper.to_array, onnx.load(file).graph.initializer)
        return np.concatenate([array.reshape(-1) for array in arrays])


def test_commands_say_what_is_left_out(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "damaged.tflite"
    path.write_bytes(DAMAGED["fewer labels"][0])
    reason = "left out: labels: there are 4 for the 5 channels of 'scores'"
    for command in ("import", path), ("compile", path, "-o", tmp_path / "out.edge"):
        assert run(*command) == 0
        assert reason in capsys.readouterr().err


def pooled() -> Net:
    net = Net()
    image, inside = net.input(1, 4, 6, 3), net.output(1, 2, 3, 3)
    half = options("Pool2D", strideW=2, strideH=2, filterWidth=2, filterHeight=2)
    net.operator("MAX_POOL_2D", [image], [inside], half)
    net.operator("NEG", [inside], [net.output(1, 2, 3, 3)])
    return net


def test_inputs_and_outputs_are_called_as_in_the_signature() -> None:
    file = signed(pooled().write(), {"image": 0}, {"negative": 2, "largest": 1})
    [x] = make_inputs(file).values()
    runner = Interpreter(model_content=file).get_signature_runner()
    expected, computed = runner(image=x), run_onnx(file, {"image": x})
    assert list(computed) == ["largest", "negative"]  # in the file's order
    for name, array in computed.items():
        np.testing.assert_array_equal(array, expected[name])


def test_a_signature_may_use_the_names_of_other_tensors() -> None:
    """An input and an output of the same name can't both have it."""
    file = signed(pooled().write(), {"tensor2": 0}, {"tensor0": 1, "tensor2": 2})
    [x] = make_inputs(file).values()
    expected = run_litert(file, {"tensor0": x})
    computed = run_onnx(file, {"tensor2": x})
    assert list(computed) == ["tensor0", "tensor1"]
    np.testing.assert_array_equal(computed["tensor0"], expected["tensor1"])
    np.testing.assert_array_equal(computed["tensor1"], expected["tensor2"])


def test_of_several_signatures_the_usual_one_is_taken() -> None:
    """Without a usual one the file's names stay."""
    file = signed(pooled().write(), {"image": 0}, {})
    other = {"key": "other"}
    both = signed(file, {"photo": 0}, {}, **other)
    assert "image" in _inputs(both)
    neither = signed(signed(pooled().write(), {"a": 0}, {}, **other), {"b": 0}, {}, key="third")
    assert "tensor0" in _inputs(neither)


def _inputs(file: bytes) -> list[str]:
    return [value.name for value in convert(file, "made.tflite").graph.input]
