"""An image for people: what was seen in it and what was decided, drawn over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import PIL.Image

from edge_perception.core import image
from edge_perception.core.decision.zones import Zone
from edge_perception.core.source import Frame
from edge_perception.drivers.pixels import convert
from edge_perception.messages.types import Decision, DetectionArray, Image
from edge_perception.views.drawing import (
    draw_band,
    draw_marks,
    draw_zone,
    FontError,
    Resampling,
    SHADE,
)
from edge_perception.views.picture import action_color, lost_marks, marks_of

_UNDECIDED = "#1d5fa8"
_CLASSES = 3  # of a classification, in the banner


def annotate(
    message: Image,
    detections: DetectionArray,
    decision: Decision | None,
    max_width: int,
    zones: Sequence[Zone] = (),
) -> npt.NDArray[np.uint8]:
    """
    Draw boxes with labels and points, or the classes in a band, and the decision at the bottom.

    Things that a decision doesn't rest on are drawn in another colour, and in grey where things
    should be that are out of sight.

    :param message: sensor_msgs/msg/Image
    :param detections: edge_perception/msg/DetectionArray of that image
    :param decision: edge_perception/msg/Decision on it; None if there is none
    :param max_width: to which a wider image is scaled down; 0: none is
    :param zones: of the image
    :returns: height x width x 3, rgb8
    :raises FrameError: if the image can't be used, or there is no font to write with
    """
    photo = PIL.Image.fromarray(rgb(message))
    if 0 < max_width < photo.width:
        height = max(1, round(photo.height * max_width / photo.width))
        photo = photo.resize((max_width, height), Resampling.BOX, reducing_gap=2.0)
    try:
        _draw_over(photo, detections, decision, zones, photo.width / message.width)
    except FontError as error:
        raise image.FrameError(str(error)) from error
    return np.asarray(photo)


def _draw_over(
    photo: PIL.Image.Image,
    detections: DetectionArray,
    decision: Decision | None,
    zones: Sequence[Zone],
    scale: float,
) -> None:
    color = action_color(decision.action, decision.safe) if decision is not None else _UNDECIDED
    for zone in zones:
        draw_zone(photo, zone.corners, zone.name, color)
    marks = [*lost_marks(detections.lost), *marks_of(detections.detections, color, decision)]
    draw_marks(photo, marks, scale)
    classes = [mark.text for mark in marks if mark.box is None]
    draw_band(photo, classes[:_CLASSES], SHADE, bottom=False)
    if decision is not None:
        action = decision.action.upper() + (" (SAFE)" if decision.safe else "")
        draw_band(photo, [f"{action}: {decision.reason}"], color, bottom=True)


def rgb(message: Image) -> npt.NDArray[np.uint8]:
    """
    Return the pixels of an image as rgb8.

    :raises FrameError: if the image can't be used
    """
    pixels, encoding = image.plain(message)
    if encoding in ("rgba8", "bgra8"):
        pixels, encoding = pixels[..., :3], f"{encoding[:3]}8"
    if encoding == "yuyv":
        encoding = "yuv422_yuy2"
    pixels = np.ascontiguousarray(pixels)
    return np.asarray(convert(Frame(pixels, encoding), "rgb8").data, np.uint8)
