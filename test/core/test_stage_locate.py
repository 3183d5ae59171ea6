"""Places in the pipeline: by the ground and by depth, in the messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_perception.core.geometry.pinhole import CalibrationError
from edge_perception.core.image import Pixels
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.publishing import to_messages
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.locate import Locate
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections
from edge_perception.messages.types import (
    CameraInfo,
    Header,
    Image,
    Quaternion,
    TFMessage,
    Transform,
    TransformStamped,
    Vector3,
)

PIXELS = Pixels(np.zeros((480, 640, 3), np.uint8), "rgb8")
NOW = 1_000 * SECOND
K = np.array([500.0, 0, 320, 0, 500, 240, 0, 0, 1])
INFO = CameraInfo(width=640, height=480, k=K)


def stage(**options: object) -> Locate:
    return Locate(Setup("locate", Parameters(Locate.parameters, options)))


def seen(locate: Locate, *boxes: Any, **inputs: Any) -> list[Any]:
    """Return the places of things in boxes: None where there is none."""
    count = len(boxes)
    found = Detections(
        ("person",) * count,
        np.zeros(count, np.int32),
        np.ones(count, np.float32),
        np.array(boxes, np.float32),
    )
    locate.hear({"camera_info": INFO, **inputs})
    look = Look(PIXELS, lambda name: None, NOW, "camera_optical_frame")
    messages = to_messages(locate.run(look, found, locate.choose(found)))
    return [one.place[0] if one.place else None for one in messages]


def depths(metres: float, age: int = 0) -> Image:
    """Return a depth image of half the size."""
    data = np.full((240, 320), metres, "<f4")
    header = Header(stamp=to_time(NOW - age))
    return Image(
        header=header, height=240, width=320, encoding="32FC1", step=1280, data=data.tobytes()
    )


def test_things_stand_where_their_lower_edge_meets_the_ground() -> None:
    # a level camera 1 m high: 100 pixels below the horizon is a tangent of 0.2, so 5 m ahead
    near, low, far, above = seen(
        stage(height=1.0, x=0.2, frame="base_footprint"),
        (360, 100, 480, 340),  # 100 pixels to the right: 1 m
        (300, 100, 340, 479.5),  # cut off by the lower edge of the image: its feet aren't seen
        (300, 100, 340, 245),
        (300, 100, 340, 150),
    )
    assert low is above is None
    assert (far.distance, far.deviation) == (pytest.approx(21, abs=1), np.inf)
    assert (near.position.x, near.position.y) == pytest.approx((5.2, -1.0))
    assert near.distance == pytest.approx(np.hypot(5.2, 1))
    assert 0.1 < near.deviation < 1
    assert (near.frame_id, near.source) == ("base_footprint", "ground")
    assert near.covariance.reshape(2, 2) == pytest.approx(near.covariance.reshape(2, 2).T)


def test_a_measured_depth_is_better() -> None:
    box = (300, 100, 340, 479.5)
    [place] = seen(stage(height=1.0, depth=True), box, depth=depths(2.0))
    assert place.source == "depth"
    assert place.position.x == pytest.approx(2.0)
    assert place.position.z == pytest.approx(1 - 2 * (0.25 * 100 + 0.75 * 479.5 - 240) / 500)
    locate = stage(depth=True)
    assert seen(locate, box) == [None]
    assert seen(locate, box, depth=depths(np.nan)) == [None]
    assert seen(locate, box, depth=depths(2.0, age=SECOND)) == [None]


def test_the_mounting_by_tf() -> None:
    def transform(parent: str, child: str, x: float, z: float, *turn: float) -> TransformStamped:
        placed = Transform(Vector3(x, 0.0, z), Quaternion(*turn))
        return TransformStamped(Header(frame_id=parent), child, placed)

    tree = [
        TFMessage([transform("base_footprint", "base_link", 0.0, 0.4, 0, 0, 0, 1)]),
        TFMessage(
            [
                transform("base_link", "camera_link", 0.2, 0.6, 0, 0, 0, 1),
                transform("camera_link", "camera_optical_frame", 0, 0, -0.5, 0.5, -0.5, 0.5),
            ]
        ),
    ]
    box = (360, 100, 480, 340)
    locate = stage(mounting="tf", frame="base_footprint")
    with pytest.raises(DecodeError, match="connect 'camera_optical_frame', the frame of the im"):
        seen(locate, box)
    [place] = seen(locate, box, tf_static=tree)
    [same] = seen(stage(height=1.0, x=0.2, frame="base_footprint"), box)
    assert place.position.x == pytest.approx(same.position.x)
    assert place.position.y == pytest.approx(same.position.y)


def test_numbers_that_are_none_place_nothing() -> None:
    box = (360, 100, 480, 340)
    broken = CameraInfo(width=640, height=480, k=np.where(K == 500.0, np.nan, K))
    with pytest.raises(CalibrationError, match="describes no camera"):
        seen(stage(height=1.0), box, camera_info=broken)
    placed = Transform(Vector3(0.0, 0.0, np.nan), Quaternion(-0.5, 0.5, -0.5, 0.5))
    tree = TransformStamped(Header(frame_id="base_link"), "camera_optical_frame", placed)
    with pytest.raises(DecodeError, match="does not connect 'camera_optical_frame'"):
        seen(stage(mounting="tf"), box, tf_static=[TFMessage([tree])])


def test_inputs() -> None:
    def names(**options: object) -> list[str]:
        return [port.name for port in Locate.inputs(Parameters(Locate.parameters, options))]

    assert names() == ["camera_info"]
    assert names(depth=True) == ["camera_info", "depth"]
    assert names(mounting="tf") == ["camera_info", "tf_static"]


def test_what_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="neither the camera's height nor depths"):
        stage()
    with pytest.raises(Exception, match="nothing has come on camera/camera_info yet"):
        seen(stage(height=1.0), (0, 0, 9, 9), camera_info=None)
    with pytest.raises(Exception, match="not calibrated"):
        seen(stage(height=1.0), (0, 0, 9, 9), camera_info=CameraInfo(width=640, height=480))
