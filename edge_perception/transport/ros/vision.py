"""Detections as vision_msgs/Detection2DArray, which viewers and other packages know."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from edge_perception.messages.types import Detection, DetectionArray, Header
from edge_perception.transport.ros.mirror import Mirror


def mirror() -> Mirror | None:
    """Return what is published beside detections: nothing where vision_msgs isn't installed."""
    try:
        vision = importlib.import_module("vision_msgs.msg")
    except ImportError:
        return None
    return Mirror(
        vision.Detection2DArray, "detections_2d", lambda message: detection_array(vision, message)
    )


def detection_array(vision: ModuleType, message: DetectionArray) -> Any:
    """
    Convert a DetectionArray.

    The class is given by its text. A classification has no box: its ``bbox`` has size 0.

    :param vision: the module vision_msgs.msg
    """
    array = vision.Detection2DArray()
    _set_header(array.header, message.header)
    array.detections = [_detection(vision, message.header, found) for found in message.detections]
    return array


def _detection(vision: ModuleType, header: Header, found: Detection) -> Any:
    detection = vision.Detection2D()
    _set_header(detection.header, header)
    if found.track_id > 0:
        detection.id = str(found.track_id)
    if found.has_box:
        detection.bbox.center.position.x = float(found.x + found.width / 2)
        detection.bbox.center.position.y = float(found.y + found.height / 2)
        detection.bbox.size_x = float(found.width)
        detection.bbox.size_y = float(found.height)
    hypothesis = vision.ObjectHypothesisWithPose()
    hypothesis.hypothesis.class_id = found.label
    hypothesis.hypothesis.score = float(found.score)
    detection.results = [hypothesis]
    return detection


def _set_header(target: Any, header: Header) -> None:
    target.stamp.sec = header.stamp.sec
    target.stamp.nanosec = header.stamp.nanosec
    target.frame_id = header.frame_id
