"""A sensor_msgs/CompressedImage as an array: JPEG and PNG, as image_transport's plugins send."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from edge_perception.core import image as raw
from edge_perception.core.image import FrameError, Pixels
from edge_perception.messages.types import CompressedImage, Image

LARGEST = 16384
"""Pixels of the longer side, which is as much as a model's conversion takes."""
MOST = 64_000_000
"""Pixels of a picture: a file of a few kB may claim any number, and memory is taken for them."""

_KINDS = ((b"\xff\xd8\xff", b"\xff\xd9"), (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"))
"""How a JPEG and a PNG begin and end."""


def frame(image: CompressedImage) -> Pixels:
    """
    Decode a sensor_msgs/msg/CompressedImage: grey pictures become mono8, others bgr8.

    What it is is told by its first bytes; its size is checked before memory is taken.

    :raises FrameError: if it is damaged, incomplete, too large, or neither JPEG nor PNG.
    """
    data = bytes(image.data)
    ends = [end for begin, end in _KINDS if data.startswith(begin)]
    if not ends:
        raise FrameError(
            f"the compressed image ({image.format!r:.60}) is neither JPEG nor PNG; set the "
            "driver's image_transport to one of them (compressedDepth, theora and ffmpeg can't "
            "be read)"
        )
    if not data.rstrip(b"\0").endswith(ends[0]):
        raise FrameError(
            f"the compressed image ({len(data)} bytes) is cut off; look at the camera's cable and "
            "the driver"
        )
    width, height = _size(data)
    if max(width, height) > LARGEST or width * height > MOST:
        raise FrameError(
            f"the compressed image claims {width}x{height} pixels, more than {LARGEST} a side or "
            f"{MOST} in all; lower the camera's resolution"
        )
    return _decode(data)


def _size(data: bytes) -> tuple[int, int]:
    """Return width and height as the head of the file says."""
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as file:
            return int(file.width), int(file.height)
    except PIL.Image.DecompressionBombError as error:
        raise FrameError(f"the compressed image is too large ({error})") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        # Pillow raises all of these for damaged files
        raise FrameError(f"the compressed image is damaged ({error})") from error


def _decode(data: bytes) -> Pixels:
    import cv2

    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels: Any = None
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise FrameError(f"the compressed image is damaged ({error.err})") from error
    if pixels is None:
        raise FrameError("the compressed image is damaged; look at the camera and its driver")
    return Pixels(pixels, "mono8" if pixels.ndim == 2 else "bgr8")


def encode(image: Image, kind: str, quality: int) -> CompressedImage:
    """
    Return a sensor_msgs/msg/CompressedImage of an image, as compressed_image_transport makes it.

    :param kind: "jpeg" or "png".
    :param quality: of a JPEG, 1 to 100.
    :raises FrameError: if the image can't be used.
    """
    import cv2

    pixels: Any
    pixels, encoding = raw.plain(image)
    if encoding.startswith("yu"):
        pixels, encoding = cv2.cvtColor(pixels, cv2.COLOR_YUV2BGR_YUY2), "bgr8"
    elif encoding != "mono8":
        code = {"rgb8": "RGB2BGR", "rgba8": "RGBA2BGR", "bgra8": "BGRA2BGR"}.get(encoding)
        if code is not None:
            pixels = cv2.cvtColor(pixels, getattr(cv2, f"COLOR_{code}"))
        encoding = "bgr8"
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind == "jpeg" else []
    _, data = cv2.imencode(f".{kind}", pixels, options)
    target = "" if encoding == "mono8" else encoding
    return CompressedImage(
        header=image.header, format=f"{image.encoding}; {kind} compressed {target}", data=data
    )
