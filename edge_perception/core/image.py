"""A sensor_msgs/Image as an array that a model can be run on, checked and not copied."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edge_perception.messages import Message

ENCODINGS = {
    "rgb8": 3,
    "bgr8": 3,
    "rgba8": 4,
    "bgra8": 4,
    "mono8": 1,
    "yuyv": 2,
    "yuv422_yuy2": 2,
}
"""Encodings that a model can be run on, and their bytes per pixel."""


class FrameError(Exception):
    """An image message that can't be used: what was expected and received, what to do."""


class Frame(NamedTuple):
    """
    The pixels of an image.

    :ivar pixels: height x width x channels (mono8: height x width); rows may be further apart
        than they are long.
    :ivar encoding: one of ENCODINGS.
    """

    pixels: npt.NDArray[np.uint8]
    encoding: str


def frame(image: Message) -> Frame:
    """
    Look at the pixels of a sensor_msgs/msg/Image.

    :raises FrameError: if the encoding is unknown, or sizes don't fit together.
    """
    if image.encoding not in ENCODINGS:
        raise FrameError(
            f"the encoding {image.encoding!r:.40} is not supported; set the camera driver to one "
            f"of {', '.join(ENCODINGS)}"
        )
    channels = ENCODINGS[image.encoding]
    height, width, step = image.height, image.width, image.step
    if height == 0 or width == 0:
        raise FrameError(f"the image has no pixels: its size is {width}x{height}")
    if step < width * channels:
        raise FrameError(
            f"a row of {width} {image.encoding} pixels has {width * channels} bytes, but step is "
            f"{step}; the camera driver must fill in width, encoding and step consistently"
        )
    data = np.frombuffer(image.data, np.uint8)
    if len(data) != height * step:
        raise FrameError(
            f"{height} rows of {step} bytes are {height * step} bytes, but data has {len(data)}; "
            "the camera driver must fill in height, step and data consistently"
        )
    if channels == 2 and width % 2:
        raise FrameError(f"a {image.encoding} image has an even width, received {width}")
    shape: Any = (height, width) if channels == 1 else (height, width, channels)
    strides = (step, channels, 1)[: len(shape)]
    return Frame(np.ndarray(shape, np.uint8, data, strides=strides), image.encoding)
