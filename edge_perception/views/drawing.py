"""What was seen, drawn over the image: boxes with labels, points, skeletons, masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import functools
import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, ImageColor, ImageDraw, ImageFont

from edge_perception.decode.detections import Detections

Color = str | tuple[int, int, int, int]

SHADE = (0, 0, 0, 150)
_OPACITY = 110  # of a mask, of 255
_COLORS = ("#1d5fa8", "#c0272d", "#1f7a3d", "#b35c00", "#6b3fa0", "#00707a", "#8a3b66", "#5c6b12")
_FEW = 40  # points that are drawn large
_LIKELY = 0.5  # the least score of a point that is drawn
_LIMBS = {
    17: "0-1 0-2 1-3 2-4 5-6 5-7 7-9 6-8 8-10 5-11 6-12 11-12 11-13 13-15 12-14 14-16",
    33: "11-12 11-13 13-15 12-14 14-16 11-23 12-24 23-24 23-25 25-27 27-31 24-26 26-28 28-32",
}
"""By the number of points, which of them are joined: persons of COCO and of BlazePose."""


Resampling: Any = getattr(Image, "Resampling", Image)
"""Ways to scale a picture: attributes of the module before Pillow 9.1."""
_FALLBACK = "DejaVuSans.ttf"


class FontError(Exception):
    """There is no font to write with: what to do, in one sentence."""


@dataclass(frozen=True, eq=False)
class Mark:
    """
    A thing to draw, in pixels of the image.

    :ivar text: its label and score.
    :ivar box: left, top, right, bottom; None: it has none, and is not drawn.
    :ivar points: x and y [K, 2].
    :ivar mask: which part of the box it is [h, w].
    """

    text: str
    color: str
    box: Sequence[float] | None = None
    points: npt.NDArray[np.floating] | None = None
    mask: npt.NDArray[np.bool_] | None = None


def marks(found: Detections) -> list[Mark]:
    """Return what to draw of detections, each class in a colour, without unlikely points."""
    return [
        Mark(
            f"{label} {score:.2f}",
            _COLORS[index % len(_COLORS)],
            None if found.boxes is None else found.boxes[number].tolist(),
            _points(found, number),
            None if found.masks is None else found.masks[number],
        )
        for number, (label, index, score) in enumerate(
            zip(found.labels, found.classes.tolist(), found.scores.tolist(), strict=True)
        )
    ]


def likely(
    points: npt.NDArray[np.floating], scores: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """
    Return points of which those are NaN that a model guesses, as out of the picture.

    :param points: x and y [K, 2].
    :param scores: of each [K]; of another number: the model says none.
    """
    if len(scores) != len(points):
        return points
    shown: npt.NDArray[np.floating] = points.copy()
    shown[scores < _LIKELY] = np.nan
    return shown


def _points(found: Detections, number: int) -> npt.NDArray[np.floating] | None:
    """Return the points of a thing that shall be drawn."""
    if found.landmarks is None:
        return None
    points: npt.NDArray[np.floating] = found.landmarks[number]
    if found.landmark_scores is None:
        return points
    return likely(points, found.landmark_scores[number])


def draw_marks(photo: Image.Image, seen: Sequence[Mark], scale: float = 1.0) -> None:
    """
    Draw things that have a box. What is no finite number is left out.

    :param photo: an RGB image, which is changed.
    :param scale: pixels of the photo for one of the image that was looked at.
    """
    placed = [(mark, box) for mark in seen if (box := _visible(mark, photo.size, scale))]
    for mark, box in placed:
        if mark.mask is not None:
            _draw_mask(photo, mark.mask, box, mark.color)
    draw = ImageDraw.Draw(photo)
    stroke = _stroke(photo.size)
    for mark, box in placed:
        draw.rectangle(box, outline=mark.color, width=stroke)
        if mark.points is not None:
            _draw_points(draw, mark.points * scale, mark.color, stroke)
    size = max(12, min(photo.size) // 24)
    taken: list[tuple[float, ...]] = []
    for mark, box in placed:
        text = shorten(mark.text, size, photo.width)
        place, area = _place_label(draw, text, size, box, taken)
        taken.append(area)
        draw.rectangle(area, fill=mark.color)
        draw.text(place, text, "white", font(size), "lb")


def _place_label(
    draw: ImageDraw.ImageDraw,
    text: str,
    size: int,
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, ...]],
) -> tuple[tuple[float, float], tuple[float, ...]]:
    """
    Return where a text begins at the bottom, and its area: by its box, and on no other text.

    Above the box is best, then below it, then a line farther; if all are taken, above it.

    :param taken: areas of other texts.
    """
    (width, height), stroke, line = draw.im.size, _stroke(draw.im.size), size * 1.2
    last = width - font(size).getlength(text) - stroke
    left = max(0.0, min(box[0], last)) + stroke
    found = []
    for bottom in (box[1], box[3] + line, box[1] - line, box[3] + 2 * line):
        place = (left, min(max(bottom, line), height))
        found.append((place, draw.textbbox(place, text, font(size), "lb")))
    free = (one for one in found if not any(_overlap(one[1], other) for other in taken))
    return next(free, found[0])


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def draw_zone(
    photo: Image.Image, corners: Sequence[tuple[float, float]], name: str, color: str
) -> None:
    """
    Draw a polygon, filled so that the picture is seen through it.

    :param corners: as fractions of the photo's width and height.
    """
    width, height = photo.size
    outline = [(x * width, y * height) for x, y in corners]
    draw = ImageDraw.Draw(photo, "RGBA")
    draw.polygon(outline, (*ImageColor.getrgb(color)[:3], _OPACITY // 2))
    draw.line([*outline, outline[0]], color, _stroke(photo.size), joint="curve")
    size = max(11, min(photo.size) // 30)
    middle = tuple(sum(values) / len(outline) for values in zip(*outline, strict=True))
    draw.text(middle, name, "white", font(size), "mm", stroke_width=1, stroke_fill="black")


def draw_band(photo: Image.Image, lines: Sequence[str], color: Color, *, bottom: bool) -> None:
    """Write lines on a band as wide as the image, at its top or its bottom."""
    if not lines:
        return
    draw = ImageDraw.Draw(photo, "RGBA")
    size = max(11, min(photo.size) // 22)
    height = round((len(lines) + 0.4) * size * 1.3)
    top = photo.height - height if bottom else 0
    draw.rectangle((0, top, photo.width, top + height), fill=color)
    for row, text in enumerate(lines):
        place = (size / 2, top + (row + 0.7) * size * 1.3)
        draw.text(place, shorten(text, size, photo.width - size), "white", font(size), "lm")


def shorten(text: str, size: int, width: float) -> str:
    """Return the text on one line, cut with an ellipsis if it is too wide."""
    measure = font(size).getlength
    text = " ".join(text.split())
    if measure(text) <= width:
        return text
    while text and measure(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..."


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """
    Return Pillow's own font: the same everywhere, nothing to install; DejaVu's from an older one.

    :raises FontError: if there is neither.
    """
    try:
        font = ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1, as in Ubuntu 22.04 and Debian 12
        try:
            return ImageFont.truetype(_FALLBACK, size)
        except OSError as error:
            raise FontError(
                f"text can't be drawn: Pillow {PIL.__version__} needs the font {_FALLBACK}: apt "
                "install fonts-dejavu-core, or pip install 'pillow>=10.1', which has its own"
            ) from error
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _stroke(size: tuple[int, int]) -> int:
    return max(2, min(size) // 150)


def _visible(
    mark: Mark, size: tuple[int, int], scale: float
) -> tuple[float, float, float, float] | None:
    """Return the box in pixels of the photo, cut where it is far outside; None without one."""
    if mark.box is None or not all(map(math.isfinite, mark.box)):
        return None
    stroke = _stroke(size)
    left, top, right, bottom = (
        min(max(value * scale, -stroke), most + stroke)
        for value, most in zip(mark.box, size * 2, strict=True)
    )
    return left, top, max(left, right), max(top, bottom)


def _draw_mask(
    photo: Image.Image,
    mask: npt.NDArray[np.bool_],
    box: tuple[float, float, float, float],
    color: str,
) -> None:
    left, top, right, bottom = map(round, box)
    size = (max(1, right - left), max(1, bottom - top))
    shape = Image.fromarray(mask.astype(np.uint8) * _OPACITY)
    photo.paste(color, (left, top), shape.resize(size, Resampling.BILINEAR))


def _draw_points(
    draw: ImageDraw.ImageDraw, points: npt.NDArray[np.floating], color: str, stroke: int
) -> None:
    """Draw points, and the limbs between them if they are those of a known skeleton."""
    places = [tuple(point) for point in points.tolist()]
    fine = [all(map(math.isfinite, place)) for place in places]
    for limb in _LIMBS.get(len(places), "").split():
        begin, end = map(int, limb.split("-"))
        if fine[begin] and fine[end]:
            draw.line((places[begin], places[end]), color, stroke)
    radius = stroke * (1.5 if len(places) <= _FEW else 0.6)
    for x, y in itertools.compress(places, fine):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), color, "white")
