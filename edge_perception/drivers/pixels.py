"""Bring pictures into the size and encoding that was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_perception.core.source import CameraRequest, Frame, NATIVE, SourceError

_CONVERSIONS = {
    ("rgb8", "bgr8"): "COLOR_RGB2BGR",
    ("rgb8", "mono8"): "COLOR_RGB2GRAY",
    ("bgr8", "rgb8"): "COLOR_BGR2RGB",
    ("bgr8", "mono8"): "COLOR_BGR2GRAY",
    ("mono8", "rgb8"): "COLOR_GRAY2RGB",
    ("mono8", "bgr8"): "COLOR_GRAY2BGR",
    ("yuv422_yuy2", "rgb8"): "COLOR_YUV2RGB_YUY2",
    ("yuv422_yuy2", "bgr8"): "COLOR_YUV2BGR_YUY2",
    ("yuv422_yuy2", "mono8"): "COLOR_YUV2GRAY_YUY2",
    ("yuv422", "rgb8"): "COLOR_YUV2RGB_UYVY",
    ("yuv422", "bgr8"): "COLOR_YUV2BGR_UYVY",
    ("yuv422", "mono8"): "COLOR_YUV2GRAY_UYVY",
}
"""OpenCV's names of the conversions between encodings."""


def convert(frame: Frame, encoding: str) -> Frame:
    """
    Return the picture in another encoding.

    :raises SourceError: if there is no way to get there.
    """
    if encoding in (NATIVE, frame.encoding):
        return frame
    code = _CONVERSIONS.get((frame.encoding, encoding))
    if code is None:
        ways = sorted(to for source, to in _CONVERSIONS if source == frame.encoding)
        raise SourceError(
            f"the source's pictures are {frame.encoding} and can't be converted to {encoding}; "
            f"set the parameter encoding to one of: {', '.join([NATIVE, *ways])}"
        )
    cv2 = opencv()
    try:
        data = cv2.cvtColor(frame.data, getattr(cv2, code))
    except cv2.error as error:
        raise SourceError(
            f"A picture of shape {frame.data.shape} can't be converted from {frame.encoding} to "
            f"{encoding}: {error.err}; set the parameter encoding to native"
        ) from error
    return replace(frame, data=data, encoding=encoding)


def fit(frame: Frame, request: CameraRequest) -> Frame:
    """
    Return the picture in the size and encoding of a request.

    :raises SourceError: if its encoding can't be converted.
    """
    frame = convert(frame, request.encoding)
    size = (request.width, request.height)
    if not all(size) or frame.data.shape[1::-1] == size:
        return frame
    if frame.encoding.startswith("yuv"):  # neighbours share their colour: can't be resized
        frame = convert(frame, "rgb8")
    cv2 = opencv()
    return replace(frame, data=cv2.resize(frame.data, size, interpolation=cv2.INTER_AREA))


def decode_jpeg(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """Return a picture as bgr8, or None if the data is damaged."""
    cv2 = opencv()
    picture: npt.NDArray[np.uint8] | None
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    return picture


def opencv() -> Any:
    """
    Import OpenCV only where it is needed: most sources work without it.

    :raises SourceError: if it can't be imported.
    """
    try:
        import cv2
    except ImportError as error:
        raise SourceError(
            f"video files, resizing and colour conversion need OpenCV, which can't be imported "
            f"({error}); install it: pip install opencv-python-headless"
        ) from error
    return cv2
