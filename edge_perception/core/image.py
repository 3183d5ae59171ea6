"""
A sensor_msgs/Image as an array, checked: for models, and for people.

What a model's own conversion understands is handed to it as it is, without a copy. The rest, and
for people all but plain colours, is converted by OpenCV's cvtColor, with the codes that cv_bridge
uses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edge_perception.messages.types import Header, Image
from edge_perception.runtime import ENCODINGS as MODEL_ENCODINGS


class Encoding(NamedTuple):
    """
    An encoding of sensor_msgs/image_encodings.

    :ivar channels: numbers a pixel.
    :ivar becomes: the plain encoding that it is converted to.
    :ivar code: OpenCV's name of the conversion; empty if the bytes are those already.
    :ivar depth: bytes of a number.
    :ivar even: whether neighbours share their colour, so that width (and for planes height) is
        even.
    :ivar planes: whether a plane of half the height with the colours follows.
    """

    channels: int
    becomes: str
    code: str = ""
    depth: int = 1
    even: bool = False
    planes: bool = False


_BAYER = {"rggb": "BG", "bggr": "RG", "gbrg": "GR", "grbg": "GB"}
"""OpenCV names a pattern by its second row, from the second column."""

ENCODINGS = {
    **{name: Encoding(3, name) for name in ("rgb8", "bgr8")},
    **{name: Encoding(4, name) for name in ("rgba8", "bgra8")},
    "mono8": Encoding(1, "mono8"),
    **{name: Encoding(2, name, even=True) for name in ("yuyv", "yuv422_yuy2")},
    # what cv_bridge calls OpenCV's arrays whose meaning it isn't told; OpenCV's own order is bgr
    "8UC1": Encoding(1, "mono8"),
    "8UC3": Encoding(3, "bgr8"),
    "8UC4": Encoding(4, "bgra8"),
    **{name: Encoding(2, "rgb8", "COLOR_YUV2RGB_UYVY", even=True) for name in ("uyvy", "yuv422")},
    **{
        name: Encoding(1, "rgb8", f"COLOR_YUV2RGB_{name.upper()}", even=True, planes=True)
        for name in ("nv12", "nv21")
    },
    **{
        f"bayer_{name}{8 * depth}": Encoding(1, "rgb8", f"COLOR_Bayer{code}2RGB", depth)
        for name, code in _BAYER.items()
        for depth in (1, 2)
    },
    "mono16": Encoding(1, "mono8", depth=2),
    **{
        f"{name}16": Encoding(len(name), f"{name}8", depth=2)
        for name in ("rgb", "bgr", "rgba", "bgra")
    },
}
"""Encodings of images that can be used."""

_ADVICE = {
    "16UC1": "it is that of depth images; give a camera's image, or mono16 if it is one",
    "32FC1": "it is that of depth images; give a camera's image",
}


class FrameError(Exception):
    """An image message that can't be used: what was expected and received, what to do."""


class Pixels(NamedTuple):
    """
    The pixels of an image.

    :ivar pixels: height x width x channels (one channel: height x width), uint8 or for mono16
        uint16; nv12 and nv21 have half as many rows more, with the colours. Rows may be further
        apart than they are long.
    :ivar encoding: one that ``Model.run_image`` takes.
    """

    pixels: npt.NDArray[Any]
    encoding: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        rows, width = self.pixels.shape[:2]
        return width, rows * 2 // 3 if MODEL_ENCODINGS[self.encoding].planar else rows


def to_message(pixels: npt.NDArray[Any], encoding: str, header: Header) -> Image:
    """
    Return pixels as a sensor_msgs/msg/Image, without padding.

    :param pixels: rows x columns, with a third axis if a pixel has several channels.
    :param header: when they were taken, and by which camera.
    """
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels)
    return Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        step=data.nbytes // height,
        data=data.view(np.uint8).reshape(-1),
    )


def frame(image: Image) -> Pixels:
    """
    Look at the pixels of a sensor_msgs/msg/Image as a model does.

    :returns: the pixels as they are, unless no model takes them so.
    :raises FrameError: if the encoding is unknown, or sizes don't fit together.
    """
    kind = _kind(image)
    pixels = _view(image, kind)
    if image.encoding in MODEL_ENCODINGS:
        return Pixels(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False), image.encoding)
    return _plain(image, kind, pixels)


def plain(image: Image) -> Pixels:
    """
    Look at the pixels of a sensor_msgs/msg/Image as people do; 16 bits become 8, scaled.

    :returns: the pixels as rgb8, bgr8, rgba8, bgra8, mono8, yuyv or yuv422_yuy2.
    :raises FrameError: if the encoding is unknown, or sizes don't fit together.
    """
    kind = _kind(image)
    return _plain(image, kind, _view(image, kind))


def _kind(image: Image) -> Encoding:
    kind = ENCODINGS.get(image.encoding)
    if kind is None:
        advice = _ADVICE.get(image.encoding) or (
            "set the camera driver to rgb8, bgr8, mono8 or another one of docs/camera.md"
        )
        raise FrameError(f"the encoding {image.encoding!r:.40} is not supported; {advice}")
    return kind


def _plain(image: Image, kind: Encoding, pixels: npt.NDArray[Any]) -> Pixels:
    if not kind.code and kind.depth == 1:
        return Pixels(pixels, kind.becomes)
    if kind.depth == 2:  # as OpenCV needs them
        pixels = np.require(pixels, pixels.dtype.newbyteorder("="), ["C", "A"])
    cv2 = _opencv(image.encoding)
    try:
        if kind.code:
            pixels = cv2.cvtColor(pixels, getattr(cv2, kind.code))
        if kind.depth == 2:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
    except cv2.error as error:
        raise FrameError(
            f"a {image.encoding} image of {image.width}x{image.height} pixels can't be converted: "
            f"{error.err}"
        ) from error
    return Pixels(pixels, kind.becomes)


def _view(image: Image, kind: Encoding) -> npt.NDArray[Any]:
    """Check the sizes and return the pixels as the message has them."""
    height, width, step = image.height, image.width, image.step
    bytes_a_pixel = kind.channels * kind.depth
    if height == 0 or width == 0:
        raise FrameError(f"the image has no pixels: its size is {width}x{height}")
    if step < width * bytes_a_pixel:
        raise FrameError(
            f"a row of {width} {image.encoding} pixels has {width * bytes_a_pixel} bytes, but "
            f"step is {step}; the camera driver must fill in width, encoding and step consistently"
        )
    if kind.even and (width % 2 or (kind.planes and height % 2)):
        both = " and height" if kind.planes else ""
        odd = width if width % 2 else height
        raise FrameError(f"a {image.encoding} image has an even width{both}, received {odd}")
    rows = height * 3 // 2 if kind.planes else height
    data = np.frombuffer(image.data, np.uint8)
    if len(data) != rows * step:
        raise FrameError(
            f"{rows} rows of {step} bytes are {rows * step} bytes, but data has {len(data)}; "
            "the camera driver must fill in height, step and data consistently"
        )
    order = ">" if image.is_bigendian else "<"
    dtype = np.dtype(np.uint8) if kind.depth == 1 else np.dtype(f"{order}u{kind.depth}")
    shape = (rows, width) if kind.channels == 1 else (rows, width, kind.channels)
    strides = (step, bytes_a_pixel, kind.depth)[: len(shape)]
    pixels: npt.NDArray[Any] = np.ndarray(shape, dtype, data, strides=strides)
    return pixels


def _opencv(encoding: str) -> Any:
    """Import OpenCV, which the usual encodings don't need."""
    try:
        import cv2
    except ImportError as error:
        raise FrameError(
            f"{encoding} images need OpenCV, which can't be imported ({error}); install it: "
            "pip install opencv-python-headless"
        ) from error
    return cv2
