"""
Make docs/zoo.png: what the models that edgec fetch knows see in photographs of scikit-image.

It downloads the models that are not in the cache yet, some 240 MiB, and runs them in ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps
import skimage.data

from edge_compiler.description.describe import describe, Overrides
from edge_compiler.frontend import load
from edge_compiler.running.preview import preview
from edge_compiler.zoo import fetch, MODELS
from edge_perception.views.drawing import draw_band, draw_marks, font, marks, SHADE

Array = np.ndarray[Any, Any]

SHEET = Path(__file__).parents[1] / "docs" / "zoo.png"
CELL, COLUMNS, GAP = (320, 340), 4, 14
PAPER, INK = "#eef1f4", "#17212b"
FACE = (slice(20, 220), slice(125, 325))  # of the astronaut
LINE = (slice(11, 35), slice(4, 294))  # the title of the page

PICTURES: tuple[tuple[str, Callable[[], Array]], ...] = (
    ("nanodet", skimage.data.astronaut),
    ("nanodet", lambda: skimage.data.stereo_motorcycle()[0]),
    ("squeezenet1.1", skimage.data.coffee),
    ("centerface", skimage.data.astronaut),
    ("facemesh", lambda: skimage.data.astronaut()[FACE]),
    ("blazepose", skimage.data.astronaut),
    ("posenet", skimage.data.astronaut),
    ("selfie", skimage.data.astronaut),
    ("blazeface", skimage.data.astronaut),
    ("efficientnet-lite0", skimage.data.chelsea),
    ("ppocr_det", skimage.data.page),
    ("ppocr_rec", lambda: skimage.data.page()[LINE]),
)


def in_colour(frame: Array) -> Array:
    """Return a frame, which may be grey, as rgb8."""
    return np.asarray(Image.fromarray(frame).convert("RGB"))


def picture(name: str, frame: Array) -> Image.Image:
    """Return a frame with what a model sees in it, and below it the model's name."""
    path = fetch(MODELS[name], lambda *_: None)
    graph = load(path)
    seen = marks(preview(path, graph, describe(graph, path, Overrides()), frame))
    photo = ImageOps.contain(Image.fromarray(frame), (CELL[0] - GAP, CELL[1] - 3 * GAP))
    draw_marks(photo, seen, photo.width / frame.shape[1])
    if photo.height < 3 * GAP:  # what is read in a line stands above it
        photo = ImageOps.expand(photo, (0, 2 * GAP, 0, 0), PAPER)
    draw_band(photo, [mark.text for mark in seen if mark.box is None][:3], SHADE, bottom=False)
    cell = Image.new("RGB", CELL, PAPER)
    cell.paste(photo, ((CELL[0] - photo.width) // 2, CELL[1] - 2 * GAP - photo.height))
    place = (CELL[0] / 2, CELL[1] - GAP)
    ImageDraw.Draw(cell).text(place, name, INK, font(14), "mm")
    return cell


def main() -> None:
    """Write the sheet."""
    rows = -(-len(PICTURES) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL[0], rows * CELL[1]), PAPER)
    for number, (name, frame) in enumerate(PICTURES):
        row, column = divmod(number, COLUMNS)
        sheet.paste(picture(name, in_colour(frame())), (column * CELL[0], row * CELL[1]))
    sheet.quantize(256).save(SHEET, optimize=True)
    print(SHEET)


if __name__ == "__main__":
    main()
