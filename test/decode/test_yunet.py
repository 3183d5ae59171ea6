"""YuNet's twelve outputs, against OpenCV's decoder of them."""

from __future__ import annotations

from pathlib import Path

import cv2
from decode_cases import decoded, Forms, model, recognised
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import onnxruntime
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {
    "yunet": (
        {
            f"{kind}_{stride}": (1, (64 // stride) ** 2, width)
            for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
            for stride in (8, 16, 32)
        },
        {},
    ),
}

SIDE = 64
HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


def network(folder: Path) -> Path:
    """Write a network with YuNet's outputs, each a convolution with random weights."""
    generator = np.random.default_rng(3)
    nodes, weights, outputs = [], [], []
    for stride in (8, 16, 32):
        cells = (SIDE // stride) ** 2
        for kind, channels in HEADS.items():
            name = f"{kind}_{stride}"
            kernel = generator.normal(0, 1, (channels, 3, stride, stride)) / (255 * stride)
            shape = [1, cells, channels]
            weights += [
                numpy_helper.from_array(kernel.astype(np.float32), f"{name}/w"),
                numpy_helper.from_array(np.array(shape), f"{name}/shape"),
            ]
            size = {"kernel_shape": [stride] * 2, "strides": [stride] * 2}
            nodes += [
                helper.make_node("Conv", ["image", f"{name}/w"], [f"{name}/map"], **size),
                helper.make_node(
                    "Transpose", [f"{name}/map"], [f"{name}/last"], perm=[0, 2, 3, 1]
                ),
                helper.make_node("Reshape", [f"{name}/last", f"{name}/shape"], [f"{name}/rows"]),
                helper.make_node(
                    "Sigmoid" if channels == 1 else "Identity", [f"{name}/rows"], [name]
                ),
            ]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    graph = helper.make_graph(nodes, "faces", [image], outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, folder / "faces.onnx")
    return folder / "faces.onnx"


def test_faces_as_opencv_finds_them(tmp_path: Path) -> None:
    path = network(tmp_path)
    image = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    # without suppression, for which OpenCV rounds the boxes
    detector = cv2.FaceDetectorYN.create(str(path), "", (SIDE, SIDE), 0.5, 1.0, 1000)
    _, expected = detector.detect(image)
    assert len(expected) > 5

    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    pixels = image.transpose(2, 0, 1)[None].astype(np.float32)
    outputs = dict(zip(names, session.run(None, {"image": pixels}), strict=True))
    parameters = {"min_score": 0.5, "iou": 1, "top": 1000}
    found = decoded(outputs, "yunet", parameters, labels=("face",))

    assert found.boxes is not None
    assert found.landmarks is not None
    left, top, width, height = expected[:, :4].T
    # ours are cut at the image's edges
    corners = np.clip(np.stack([left, top, left + width, top + height], axis=1), 0, SIDE)
    visible = (corners[:, :2] < corners[:, 2:]).all(axis=1)
    np.testing.assert_allclose(found.scores, expected[visible, 14], atol=1e-4)
    np.testing.assert_allclose(found.boxes, corners[visible], atol=1e-2)
    points = expected[visible, 4:14].reshape(-1, 5, 2)
    np.testing.assert_allclose(found.landmarks, points, atol=1e-2)


def outputs(rows: int = 0) -> dict[str, np.ndarray]:
    return {
        f"{kind}_{stride}": np.zeros((1, (SIDE // stride) ** 2 + rows, width), np.float32)
        for kind, width in HEADS.items()
        for stride in (8, 16, 32)
    }


def test_outputs_of_another_input_are_refused() -> None:
    with pytest.raises(DecodeError, match="expected 84 candidates"):
        decode.make(model(outputs(1), "yunet"), Options())
    with pytest.raises(DecodeError, match="reads the output 'cls_8', but the model has x"):
        decode.make(model({"x": np.zeros(1)}, "yunet"), Options())


def test_recognised_by_its_names() -> None:
    assert recognised(outputs()).kind == "yunet"
    assert recognised(outputs(), labels=("a", "b")).kind == "tensors"
