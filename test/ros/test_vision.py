"""Detections as vision_msgs: against its real classes where installed, and a stand-in."""

import importlib
from types import SimpleNamespace as Fields

import pytest

from edge_perception import messages
from edge_perception.transport.ros import vision

Detection = messages.get("edge_perception/msg/Detection")
DetectionArray = messages.get("edge_perception/msg/DetectionArray")
Header = messages.get("std_msgs/msg/Header")
Time = messages.get("builtin_interfaces/msg/Time")


def header():
    return Fields(stamp=Fields(sec=0, nanosec=0), frame_id="")


def box():
    return Fields(center=Fields(position=Fields(x=0.0, y=0.0), theta=0.0), size_x=0.0, size_y=0.0)


STAND_IN = Fields(
    Detection2DArray=lambda: Fields(header=header(), detections=[]),
    Detection2D=lambda: Fields(header=header(), results=[], bbox=box(), id=""),
    ObjectHypothesisWithPose=lambda: Fields(hypothesis=Fields(class_id="", score=0.0)),
)


@pytest.fixture(params=["stand-in", "vision_msgs.msg"])
def module(request):
    if request.param == "stand-in":
        return STAND_IN
    return pytest.importorskip(request.param)


def test_box_and_classification(module):
    found = [
        Detection(
            label="person", score=0.5, has_box=True, x=10, y=20, width=30, height=40, track_id=7
        ),
        Detection(label="cat", score=0.25, track_id=-1),
    ]
    stamp = Header(stamp=Time(sec=5, nanosec=6), frame_id="camera")
    array = vision.detection_array(module, DetectionArray(header=stamp, detections=found))
    assert (array.header.stamp.sec, array.header.stamp.nanosec) == (5, 6)
    assert array.header.frame_id == "camera"
    person, cat = array.detections
    assert person.header.stamp.nanosec == 6
    assert (person.bbox.center.position.x, person.bbox.center.position.y) == (25, 40)
    assert (person.bbox.size_x, person.bbox.size_y, person.id) == (30, 40, "7")
    assert person.results[0].hypothesis.class_id == "person"
    assert person.results[0].hypothesis.score == 0.5
    assert (cat.bbox.size_x, cat.bbox.size_y, cat.id) == (0, 0, "")
    assert cat.results[0].hypothesis.class_id == "cat"


def test_nothing_is_published_without_vision_msgs(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert vision.mirror() is None
