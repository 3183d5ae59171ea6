"""The user's pictures, such as those of ``--calibration``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from edge_compiler.errors import CompileError

Array = np.ndarray[Any, Any]
IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
IMAGE_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The only ones that are opened: Pillow knows others that start programs."""


def calibration_images(folder: Path) -> list[Path]:
    """
    Return the image files of ``folder``, in the order of their names.

    :raises CompileError: if there is none.
    """
    if not folder.is_dir():
        raise CompileError(f"{folder} is not a folder; give one that holds images")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise CompileError(f"{folder} holds no image ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return paths


def read_image(path: Path) -> Array:
    """
    Read an image file, upright, as an rgb8 frame (height, width, 3).

    :raises CompileError: if it isn't an image.
    """
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except UnidentifiedImageError:
        raise CompileError(
            f"{path} is not an image that can be read; expected {', '.join(IMAGE_FORMATS)}"
        ) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CompileError(f"cannot read the image {path}: {reason}") from error
