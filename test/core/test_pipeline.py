"""Perception and decision together, with compiled models: one, or one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import pytest

from edge_compiler.cli import main
from edge_compiler.zoo.recipe import set_metadata
from edge_perception import messages
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.runtime.manifest import Decoder, Preprocess

NOW = 1000 * SECOND

Image = messages.get("sensor_msgs/msg/Image")
Header = messages.get("std_msgs/msg/Header")


def perception(bundle: Path, **changes: object) -> PerceptionCore:
    core = PerceptionCore(this_machine())
    core.configure(Parameters(core.parameters, {"model": str(bundle)} | changes))
    return core


def image(pixels: np.ndarray, stamp: int, encoding: str = "rgb8") -> Any:
    height, width, channels = pixels.shape
    return Image(
        header=Header(stamp=to_time(stamp), frame_id="camera"),
        height=height,
        width=width,
        encoding=encoding,
        step=width * channels,
        data=pixels,
    )


def test_a_bundle_sees_colours(tiny_bundle: Path) -> None:
    core = perception(tiny_bundle, threads=1)
    grey = np.full((40, 50, 3), 128, np.uint8)
    rgb, bgr = np.array(grey), np.array(grey)
    rgb[..., 0] = bgr[..., 2] = 250
    seen = [
        dict(core.step({"image": image(pixels, NOW, name)}, NOW))["detections"].detections
        for pixels, name in ((rgb, "rgb8"), (bgr, "bgr8"))
    ]
    assert seen[0] == seen[1]
    assert {thing.label for thing in seen[0]} == {"red", "green", "blue"}
    assert sum(thing.score for thing in seen[0]) == pytest.approx(1, abs=1e-5)
    core.close()


def test_variants_and_threads_are_those_of_the_bundle(tiny_bundle: Path) -> None:
    with pytest.raises(ConfigurationError, match="avx9"):
        perception(tiny_bundle, variant="avx9")


@pytest.fixture(scope="session")
def quadrants_bundle(made_once: Callable[..., Path]) -> Path:
    """Return a detector that sees each quarter of the image, by its brightness."""

    def make(path: Path) -> None:
        model = path.with_suffix(".onnx")
        onnx.save(_quadrants(), model)
        assert main(["compile", str(model), "-o", str(path)]) == 0

    return made_once("quadrants.edge", make)


def _quadrants() -> onnx.ModelProto:
    corners = [[x, y, x + 0.5, y + 0.5] for y in (0, 0.5) for x in (0, 0.5)]
    weights = {
        "mean.weight": np.full((1, 3, 1, 1), 1 / 3, np.float32),
        "boxes.weight": np.zeros((16, 1, 2, 2), np.float32),
        "boxes.bias": np.array(corners, np.float32).reshape(-1),
    }
    nodes = [
        helper.make_node(
            "AveragePool", ["image"], ["quarters"], kernel_shape=[16, 16], strides=[16, 16]
        ),
        helper.make_node("Conv", ["quarters", "mean.weight"], ["scores"], kernel_shape=[1, 1]),
        helper.make_node(
            "Conv", ["scores", "boxes.weight", "boxes.bias"], ["boxes"], kernel_shape=[2, 2]
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "quadrants",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 16, 1, 1]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, 2, 2]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    set_metadata(
        model,
        preprocess=Preprocess(input="image", scale=(1 / 255,) * 3),
        labels=["quarter"],
        decoder=Decoder("boxes"),
        provenance={"model": "quadrants", "license": "Apache-2.0", "sources": "made by the tests"},
    )
    return model


def test_what_one_model_finds_another_one_classifies(
    tmp_path: Path, quadrants_bundle: Path, tiny_bundle: Path
) -> None:
    description = tmp_path / "pipeline.yaml"
    description.write_text(f"""
version: 1
stages:
  - {{kind: detect, model: {quadrants_bundle}, priority: 1}}
  - {{kind: classify, name: colour, model: {tiny_bundle}}}
""")
    colours = np.array([[[250, 0, 0], [0, 240, 0]], [[0, 0, 230], [20, 20, 20]]], np.uint8)
    picture = colours.repeat(60, axis=0).repeat(80, axis=1)
    core = perception(description, threads=1)
    seen = dict(core.step({"image": image(picture, NOW)}, NOW))["detections"]
    core.close()
    assert [(one.x, one.y, one.width, one.height) for one in seen.detections] == [
        (0, 0, 80, 60),
        (80, 0, 80, 60),
        (0, 60, 80, 60),
        (80, 60, 80, 60),
    ]
    alone = perception(tiny_bundle, threads=1)
    for thing in seen.detections:
        left, top = int(thing.x), int(thing.y)
        crop = np.ascontiguousarray(picture[top : top + 60, left : left + 80])
        [best, *_] = dict(alone.step({"image": image(crop, NOW)}, NOW))["detections"].detections
        [said] = thing.attributes
        assert (said.stage, said.model, said.label) == ("colour", "tiny", best.label)
        assert said.score == pytest.approx(best.score, abs=0.02)  # the edges of a crop differ
    alone.close()


@pytest.mark.slow
def test_photographs_lead_to_decisions(squeezenet_bundle: Path) -> None:
    data = pytest.importorskip("skimage.data")
    seeing = perception(squeezenet_bundle)
    deciding = DecisionCore(replace(this_machine(), monotonic=lambda: 0))
    deciding.configure(Parameters(deciding.parameters))
    names = ("chelsea", "coffee", "astronaut", "rocket")
    pictures = {name: getattr(data, name)() for name in names}
    pictures["motorcycle"] = data.stereo_motorcycle()[0]
    actions = {}
    for index, (name, picture) in enumerate(pictures.items()):
        now = NOW + index * SECOND
        seen = dict(seeing.step({"image": image(picture, now)}, now))["detections"]
        decision = dict(deciding.step({"detections": seen}, now))["decision"]
        actions[name] = (decision.action, [thing.class_id for thing in decision.evidence])
    seeing.close()
    assert actions["chelsea"][0] == "slow"
    assert set(actions["chelsea"][1]) <= {281, 282, 285}
    assert actions["coffee"] == ("deliver", [967])
    assert actions["motorcycle"][0] == "stop"
    assert set(actions["motorcycle"][1]) <= {665, 670}
    assert actions["astronaut"] == actions["rocket"] == ("go", [])
