"""Tracks in the pipeline: numbers, ages and times to contact in the messages."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from edge_perception.core.image import Pixels
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception import stages
from edge_perception.core.perception.publishing import lost_tracks, to_messages
from edge_perception.core.perception.stage import Look, Setup
from edge_perception.core.perception.stages.track import Track
from edge_perception.core.rotation import quaternion
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.core.tracking.tracker import Tracker
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections
from edge_perception.messages.types import CameraInfo, Header, Odometry, Quaternion

PIXELS = Pixels(np.zeros((480, 640, 3), np.uint8), "rgb8")
START = 1_000 * SECOND


def track_options(**options: object) -> Parameters:
    return Parameters(Track.parameters, options)


def stage(**options: object) -> Track:
    return Track(Setup("track", track_options(**options)))


def look(track: Track, stamp: int, *boxes: Any, score: float = 0.9) -> Detections:
    """Return things in boxes, followed."""
    count = len(boxes)
    found = Detections(
        ("person",) * count,
        np.zeros(count, np.int32),
        np.full(count, score, np.float32),
        np.array(boxes, np.float32).reshape(-1, 4),
    )
    return track.run(Look(PIXELS, lambda name: None, stamp), found, track.choose(found))


def seen(track: Track, stamp: int, *boxes: Any, score: float = 0.9) -> Any:
    """Return the messages of things in boxes."""
    return to_messages(look(track, stamp, *boxes, score=score))


def test_a_thing_has_a_number_an_age_and_a_time_to_contact() -> None:
    track = stage()
    for image in range(12):
        half = 20 / (2.2 - image / 10)  # at 2.2 m, coming nearer by 1 m/s
        box = (320 - half, 240 - half, 320 + half, 240 + half)
        [near, still] = seen(track, START + image * SECOND // 10, box, (50, 50, 90, 150))
    assert (near.track_id, still.track_id) == (1, 2)
    assert near.track_age == pytest.approx(1.1)
    assert near.time_to_contact == pytest.approx(1.1, rel=0.2)
    assert still.time_to_contact == 0
    assert near.growth == pytest.approx(1 / near.time_to_contact)
    assert abs(still.growth) < 2 * still.growth_deviation


def test_what_is_hidden_for_a_while_is_where_it_should_be_by_now() -> None:
    track = stage(patience=0.5)
    boxes = [(50 + 10 * image, 50, 90 + 10 * image, 150) for image in range(8)]
    for image, box in enumerate(boxes[:5]):
        assert not look(track, START + image * SECOND // 10, box).lost
    hidden = look(track, START + 7 * SECOND // 10)
    [lost] = lost_tracks(hidden)
    assert (lost.label, lost.track_id) == ("person", 1)
    assert lost.track_age == pytest.approx(0.7)
    assert lost.unseen == pytest.approx(0.3)
    where = (lost.x, lost.y, lost.x + lost.width, lost.y + lost.height)
    assert where == pytest.approx(boxes[7], abs=3)


COMING_IN = [
    *([741, 294, 768, 410], [724, 291, 768, 407], [721, 287, 767, 403], [717, 285, 765, 398]),
    *([716, 282, 759, 394], [709, 280, 750, 390], [702, 281, 746, 393], [697, 279, 737, 384]),
    *([686, 271, 725, 379], [680, 268, 719, 377], [673, 268, 716, 375]),
]
"""What a detector saw of one who came in at the right edge of an image of 768 x 576 pixels."""


def test_one_who_comes_in_at_the_edge_does_not_fill_the_image() -> None:
    track = Tracker()
    for image, box in enumerate(COMING_IN):
        track.update([box], [0.8], ["person"], (768, 576), START + image * SECOND // 10)
    for image in range(len(COMING_IN), len(COMING_IN) + 9):
        track.update([], [], [], (768, 576), START + image * SECOND // 10)
        [lost] = track.lost
        left, top, right, bottom = lost.box
        assert 20 < right - left < 80
        assert 60 < bottom - top < 150


def test_images_without_anything_are_looked_at() -> None:
    track = stage(patience=0.5)
    assert track.sees_nothing
    for image in range(3):
        seen(track, START + image * SECOND // 10, (50, 50, 90, 150))
    assert seen(track, START + SECOND * 4 // 10) == []
    assert track.values() == {"lost from sight": "1", "began anew": "never"}
    [there] = seen(track, START - SECOND, (50, 50, 90, 150))
    assert there.track_id == -1
    assert "jumped back by 1.400 s" in track.values()["began anew"]


@pytest.mark.parametrize("said", [True, False])
def test_a_robot_that_turns_does_not_lose_what_it_sees(said: bool) -> None:
    # the camera looks ahead; two people stand still 8 m away while the robot sways
    track = stage(camera_motion=said, patience=0.5)
    info = CameraInfo(width=640, height=480, k=np.array([500.0, 0, 320, 0, 500, 240, 0, 0, 1]))
    assert [port.name for port in Track.inputs(track_options(camera_motion=True))] == [
        "camera_info",
        "odometry",
    ]
    followed: list[int] = []
    for image in range(40):
        yaw = 0.35 * np.sin(image * 0.6)  # up to 0.2 rad from image to image
        stamp = START + image * SECOND // 10
        odometry = Odometry(header=Header(stamp=to_time(stamp)))
        _, _, z, w = quaternion(0.0, 0.0, float(yaw))
        odometry.pose.pose.orientation = Quaternion(0.0, 0.0, z, w)
        track.hear({"camera_info": info, "odometry": [odometry]})
        boxes = []
        for bearing in (-0.1, 0.1):  # to the left
            x = 320 - 500 * np.tan(bearing - yaw)
            boxes.append((x - 15, 200, x + 15, 310))
        followed += [one.track_id for one in seen(track, stamp, *boxes) if one.track_id > 0]
    if said:
        assert sorted(set(followed)) == [1, 2]
        assert len(followed) == 78
    else:
        assert len(followed) < 60


def test_what_can_not_be_followed() -> None:
    with pytest.raises(DecodeError, match="the images carry no time"):
        seen(stage(), 0, (50, 50, 90, 150))
    found = Detections(("cat",), np.zeros(1, np.int32), np.ones(1, np.float32))
    with pytest.raises(DecodeError, match="no boxes"):
        stage().run(Look(PIXELS, lambda name: None, START), found, found.indices())
    with pytest.raises(ConfigurationError, match=r"a 'low' of 0.6, above its 'high' of 0.5"):
        stage(low=0.6)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    for module in ("tracking.association", "tracking.tracker", "perception.stages.track"):
        monkeypatch.delitem(sys.modules, f"edge_perception.core.{module}", raising=False)
    with pytest.raises(ConfigurationError, match="stage 'track' needs the Python package scipy"):
        stages.find("track")
