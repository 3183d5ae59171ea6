"""A face on a photograph: found, aligned, embedded and recognised again when it is turned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import helper, TensorProto
import PIL.Image
import pytest

from edge_compiler.cli import main
from edge_compiler.zoo import fetch, MODELS
from edge_compiler.zoo.recipe import set_metadata
from edge_perception import messages
from edge_perception.commands import main as edge_robot
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.runtime.manifest import Decoder, Preprocess

pytestmark = pytest.mark.slow
NOW = 1000 * SECOND
FACE = (225, 118)
"""The middle of the face of skimage's astronaut."""
PIPELINE = """
version: 1
stages:
  - {{kind: detect, model: {detector}}}
{aligned}
  - {{kind: embed, model: {embedder}}}
{identified}
"""
Image = messages.get("sensor_msgs/msg/Image")
Header = messages.get("std_msgs/msg/Header")


def thumbnails() -> onnx.ModelProto:
    """Return a network whose embedding is a small picture: alike if the same is shown alike."""
    nodes = [
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["small"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "thumbnails",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 588])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    set_metadata(
        model,
        preprocess=Preprocess(input="image", mean=(128.0,) * 3, scale=(1 / 128,) * 3),
        labels=[],
        decoder=Decoder("tensors"),
        provenance={"model": "thumbnails", "license": "Apache-2.0", "sources": "the tests"},
    )
    return model


@pytest.fixture(scope="session")
def bundles(made_once: Callable[..., Path]) -> dict[str, Path]:
    """Return a trained detector of faces, and a network that makes thumbnails."""

    def embedder(path: Path) -> None:
        onnx.save(thumbnails(), path.with_suffix(".onnx"))
        assert main(["compile", str(path.with_suffix(".onnx")), "-o", str(path)]) == 0

    def detector(path: Path) -> None:
        model = fetch(MODELS["centerface"], lambda *_: None)
        assert main(["compile", str(model), "-o", str(path)]) == 0

    return {
        "detector": made_once("centerface.edge", detector),
        "embedder": made_once("thumbnails.edge", embedder),
    }


def astronaut(angle: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Return the photograph, turned around the face."""
    photo = pytest.importorskip("skimage.data").astronaut()
    turn = cv2.getRotationMatrix2D(FACE, angle, scale)
    return np.asarray(cv2.warpAffine(photo, turn, (512, 512), borderMode=cv2.BORDER_REFLECT))


def described(folder: Path, bundles: dict[str, Path], **stages: str) -> Path:
    """Return the file with the description of a pipeline."""
    stages = {"aligned": "  - {kind: align}", "identified": ""} | stages
    path = folder / "pipeline.yaml"
    path.write_text(PIPELINE.format(**bundles, **stages))
    return path


def see(folder: Path, pixels: np.ndarray, bundles: dict[str, Path], **stages: str) -> Any:
    """Return the one face that a pipeline finds."""
    path = described(folder, bundles, **stages)
    core = PerceptionCore(this_machine())
    core.configure(Parameters(core.parameters, {"model": str(path), "threads": 1}))
    height, width, _ = pixels.shape
    image = Image(
        header=Header(stamp=to_time(NOW)),
        height=height,
        width=width,
        encoding="rgb8",
        step=3 * width,
        data=pixels.reshape(-1),
    )
    result = dict(core.step({"image": image}, NOW))["detections"]
    core.close()
    assert [stage.fault for stage in result.stages if stage.fault] == []
    [face] = result.detections
    return face


def likeness(one: Any, other: Any) -> float:
    return float(np.dot(one.embedding, other.embedding))


def test_a_turned_face_is_recognised_since_it_is_aligned(
    tmp_path: Path, bundles: dict[str, Path]
) -> None:
    upright, turned = astronaut(), astronaut(angle=20, scale=1.3)
    first = see(tmp_path, upright, bundles)
    identified = "  - {kind: identify, owners: owners.json, distance: 0.1}"
    described(tmp_path, bundles, identified=identified)
    PIL.Image.fromarray(upright).save(tmp_path / "eileen.png")
    picture, pipeline = str(tmp_path / "eileen.png"), str(tmp_path / "pipeline.yaml")
    assert edge_robot(["enroll", "eileen", picture, "--model", pipeline]) == 0
    second = see(tmp_path, turned, bundles, identified=identified)
    [said] = second.attributes
    assert (said.stage, said.label) == ("identify", "eileen")
    by_box = [see(tmp_path, photo, bundles, aligned="") for photo in (upright, turned)]
    assert likeness(*by_box) < likeness(first, second)
