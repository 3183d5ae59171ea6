"""What a bundle sees in an image, drawn over it as the robot does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edge_compiler.errors import CompileError
from edge_perception.decode.detections import Detections
from edge_perception.views.drawing import draw_band, draw_marks, marks, SHADE

_LISTED = 5  # things without a place, in a band


def draw(frame: np.ndarray[Any, Any], found: Detections, path: Path) -> None:
    """
    Write a picture of an rgb8 frame with boxes, points, masks or classes.

    :raises CompileError: if it can't be written.
    """
    photo = Image.fromarray(frame)
    seen = marks(found)
    draw_marks(photo, seen)
    lines = [mark.text for mark in seen if mark.box is None]
    draw_band(photo, lines[:_LISTED], SHADE, bottom=False)
    unfinished = path.with_name(f".{path.name}{path.suffix}")
    try:
        photo.save(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise CompileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
