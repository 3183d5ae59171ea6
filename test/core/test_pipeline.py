"""Perception and decision together, with compiled models and real photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine

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


@pytest.mark.slow
def test_photographs_lead_to_decisions(squeezenet_bundle: Path) -> None:
    data = pytest.importorskip("skimage.data")
    seeing, deciding = perception(squeezenet_bundle), DecisionCore(this_machine())
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
