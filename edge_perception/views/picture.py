"""Pictures for people: what was seen in an image and what was decided, and sheets of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from edge_perception.core.labels import caption
from edge_perception.messages.types import (
    Decision,
    Detection,
    DetectionArray,
    LostTrack,
    StageTime,
)
from edge_perception.views.drawing import draw_marks, font, likely, Mark, Resampling, shorten

_PAPER = "#eef1f4"
_CARD = "#ffffff"
_INK = "#17212b"
_FAINT = "#66737f"
_TRACK = "#e3e8ec"
_ACTIONS = {"stop": "#c0272d", "slow": "#b35c00", "go": "#1f7a3d", "unlock": "#1f7a3d"}
_OTHERS = ("#1d5fa8", "#6b3fa0", "#00707a", "#8a3b66")
_SAFE = "#4b5661"

_PAD = 16
_BANNER = 46
_ROW = 34
_ROWS = 3
_FOOTER = 34
_PANEL = _BANNER + _PAD // 2 + _ROWS * _ROW + _FOOTER


def action_color(action: str, safe: bool = False) -> str:
    """Return the colour of an action: the same in every picture and on every machine."""
    if safe:
        return _SAFE
    return _ACTIONS.get(action.lower()) or _OTHERS[zlib.crc32(action.encode()) % len(_OTHERS)]


def card(
    pixels: npt.NDArray[np.uint8],
    detections: DetectionArray,
    decision: Decision,
    name: str = "",
    size: tuple[int, int] = (480, 320),
) -> Image.Image:
    """
    Draw an image with what was seen in it, and below it the decision and where the time went.

    :param pixels: the image as rgb8 or mono8.
    :param detections: edge_perception/msg/DetectionArray of the image.
    :param decision: edge_perception/msg/Decision that followed.
    :param name: e.g. the file's.
    :param size: of the image in the card, which shows all of it.
    """
    color = action_color(decision.action, decision.safe)
    photo = Image.fromarray(pixels).convert("RGB")
    sheet = Image.new("RGB", (size[0], size[1] + _PANEL), _CARD)
    sheet.paste(_framed(photo, size, marks_of(detections.detections, color)), (0, 0))
    draw = ImageDraw.Draw(sheet)
    _draw_banner(draw, size, color, decision)
    top = size[1] + _BANNER + _PAD // 2
    for row, seen in enumerate(detections.detections[:_ROWS]):
        _draw_score(draw, top + row * _ROW, size[0], seen, color if row == 0 else _FAINT)
    if not detections.detections:
        draw.text((_PAD, top + _ROW // 2), "nothing seen", _FAINT, font(17), "lm")
    middle = size[1] + _PANEL - _FOOTER // 2 - 3
    times = _times(detections.stages, size[0] * 2 // 3)
    draw.text((_PAD, middle), times, _FAINT, font(14), "lm")
    left = 2 * _PAD + font(14).getlength(times)
    name = shorten(name, 14, size[0] - left - _PAD)
    draw.text((size[0] - _PAD, middle), name, _FAINT, font(14), "rm")
    return sheet


def _times(stages: Sequence[StageTime], width: float) -> str:
    """Return what each stage took, or all together if that is too wide."""
    times = ", ".join(f"{stage.name} {stage.milliseconds:.1f} ms" for stage in stages)
    if font(14).getlength(times) <= width:
        return times
    return f"{sum(stage.milliseconds for stage in stages):.1f} ms in {len(stages)} stages"


def contact_sheet(
    cards: Sequence[Image.Image], title: str, facts: Mapping[str, str], columns: int = 3
) -> Image.Image:
    """
    Arrange cards of one size in a grid; the last cell tells the facts.

    :param title: the heading of the facts.
    :param facts: name and value.
    """
    width, height = cards[0].size if cards else (480, 320 + _PANEL)
    cells = [*cards, _fact_card((width, height), title, facts)]
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    gap = 24
    sheet = Image.new("RGB", (gap + columns * (width + gap), gap + rows * (height + gap)), _PAPER)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        place = (gap + column * (width + gap), gap + row * (height + gap))
        sheet.paste(cell, place, _rounded(cell.size))
    return sheet


def _framed(photo: Image.Image, size: tuple[int, int], marks: Sequence[Mark]) -> Image.Image:
    """Fit all of a photo into a size, mark it, and fill what is left with a dim blur of it."""
    ground = ImageOps.fit(photo, size).filter(ImageFilter.GaussianBlur(24))
    ground = ImageEnhance.Brightness(ground).enhance(0.45)
    whole = ImageOps.contain(photo, size, Resampling.LANCZOS)
    draw_marks(whole, marks, whole.width / photo.width)  # as large as they can be read there
    ground.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
    return ground


def marks_of(
    detections: Sequence[Detection], color: str, decision: Decision | None = None
) -> list[Mark]:
    """
    Return what to draw of detections.

    :param color: of those that the decision rests on; of all if it rests on none with a track.
    """
    counts = {one.track_id for one in decision.evidence if one.track_id > 0} if decision else set()
    return [
        Mark(
            f"{caption(seen)} {seen.score:.2f}",
            color if not counts or seen.track_id in counts else _SAFE,
            (seen.x, seen.y, seen.x + seen.width, seen.y + seen.height) if seen.has_box else None,
            likely(
                np.reshape(seen.landmarks[: len(seen.landmarks) // 2 * 2], (-1, 2)),
                seen.landmark_scores,
            ),
        )
        for seen in detections
    ]


def lost_marks(lost: Sequence[LostTrack]) -> list[Mark]:
    """Return what to draw of things that are followed without being seen."""
    return [
        Mark(
            f"#{one.track_id} lost {one.unseen:.1f} s",
            _FAINT,
            (one.x, one.y, one.x + one.width, one.y + one.height),
        )
        for one in lost
    ]


def _draw_banner(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], color: str, decision: Decision
) -> None:
    width, top = size
    draw.rectangle((0, top, width, top + _BANNER), fill=color)
    middle = top + _BANNER // 2
    action = decision.action.upper() + (" (SAFE)" if decision.safe else "")
    action = shorten(action, 23, width // 2)
    draw.text((_PAD, middle), action, "white", font(23), "lm")
    left = _PAD + font(23).getlength(action) + _PAD
    reason = shorten(decision.reason, 14, width - left - _PAD)
    draw.text((width - _PAD, middle), reason, "#ffffffd0", font(14), "rm")


def _draw_score(
    draw: ImageDraw.ImageDraw, top: int, width: int, seen: Detection, color: str
) -> None:
    """Draw a label, its score and a bar as long as the score."""
    score = min(1.0, max(0.0, float(seen.score)))
    right = width - _PAD
    draw.text((_PAD, top + 12), shorten(caption(seen), 17, width - 110), _INK, font(17), "lm")
    draw.text((right, top + 12), f"{100 * score:.1f} %", _INK, font(17), "rm")
    draw.rectangle((_PAD, top + 25, right, top + 28), fill=_TRACK)
    if score > 0.005:
        draw.rectangle((_PAD, top + 25, _PAD + score * (right - _PAD), top + 28), fill=color)


def _fact_card(size: tuple[int, int], title: str, facts: Mapping[str, str]) -> Image.Image:
    width, height = size
    sheet = Image.new("RGB", size, _CARD)
    draw = ImageDraw.Draw(sheet)
    pad = 2 * _PAD
    draw.text((pad, pad + 8), shorten(title, 28, width - 2 * pad), _INK, font(28), "lm")
    row = min(44, (height - 3 * pad) // max(1, len(facts)))
    for index, (key, value) in enumerate(facts.items()):
        middle = 3 * pad + index * row
        name = shorten(key, 17, width / 2)
        left = pad + font(17).getlength(name) + _PAD
        draw.text((pad, middle), name, _FAINT, font(17), "lm")
        text = shorten(value, 17, width - pad - left)
        draw.text((width - pad, middle), text, _INK, font(17), "rm")
        draw.line((pad, middle + row // 2, width - pad, middle + row // 2), _TRACK)
    return sheet


def _rounded(size: tuple[int, int]) -> Image.Image:
    """Return a mask with round corners, drawn large for smooth edges."""
    large = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, *large.size), 24, fill=255)
    return large.resize(size, Resampling.LANCZOS)
