"""An image for people: what was seen in it and what was decided, drawn over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import ImageDraw
import PIL.Image

from edge_perception.core import image
from edge_perception.core.source import Frame
from edge_perception.drivers.pixels import convert
from edge_perception.messages.types import Decision, Detection, DetectionArray, Image
from edge_perception.views.picture import action_color, draw_boxes, font, shorten

_UNDECIDED = "#1d5fa8"
_CLASSES = 3  # of a classification, in the banner
_SHADE = (0, 0, 0, 150)


def annotate(
    message: Image, detections: DetectionArray, decision: Decision | None, max_width: int
) -> npt.NDArray[np.uint8]:
    """
    Draw boxes with labels and scores, or the classes in a banner, and the decision at the bottom.

    :param message: sensor_msgs/msg/Image
    :param detections: edge_perception/msg/DetectionArray of that image
    :param decision: edge_perception/msg/Decision on it; None if there is none
    :param max_width: to which a wider image is scaled down; 0: none is
    :returns: height x width x 3, rgb8
    :raises FrameError: if the image can't be used
    """
    photo = PIL.Image.fromarray(_rgb(image.plain(message)))
    if 0 < max_width < photo.width:
        height = max(1, round(photo.height * max_width / photo.width))
        photo = photo.resize((max_width, height), PIL.Image.Resampling.BOX, reducing_gap=2.0)
    color = action_color(decision.action, decision.safe) if decision is not None else _UNDECIDED
    draw_boxes(photo, detections.detections, color, photo.width / message.width)
    draw = ImageDraw.Draw(photo, "RGBA")
    size = max(11, min(photo.size) // 22)
    if lines := [_line(seen) for seen in detections.detections if not seen.has_box][:_CLASSES]:
        _band(draw, photo.width, 0, lines, size, _SHADE)
    if decision is not None:
        action = decision.action.upper() + (" (SAFE)" if decision.safe else "")
        height = _height(1, size)
        top = photo.height - height
        _band(draw, photo.width, top, [f"{action}: {decision.reason}"], size, color)
    return np.asarray(photo)


def _rgb(frame: image.Pixels) -> npt.NDArray[np.uint8]:
    """Return the pixels as rgb8."""
    pixels, encoding = frame
    if encoding in ("rgba8", "bgra8"):
        pixels, encoding = pixels[..., :3], f"{encoding[:3]}8"
    if encoding == "yuyv":
        encoding = "yuv422_yuy2"
    pixels = np.ascontiguousarray(pixels)
    return np.asarray(convert(Frame(pixels, encoding), "rgb8").data, np.uint8)


def _line(seen: Detection) -> str:
    return f"{seen.label} {seen.score:.2f}"


def _height(lines: int, size: int) -> int:
    return round((lines + 0.4) * size * 1.3)


def _band(
    draw: ImageDraw.ImageDraw,
    width: int,
    top: int,
    lines: list[str],
    size: int,
    color: str | tuple[int, int, int, int],
) -> None:
    """Write lines on a band as wide as the image."""
    draw.rectangle((0, top, width, top + _height(len(lines), size)), fill=color)
    for row, text in enumerate(lines):
        place = (size / 2, top + (row + 0.7) * size * 1.3)
        draw.text(place, shorten(text, size, width - size), "white", font(size), "lm")
