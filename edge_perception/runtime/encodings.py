"""The encodings of camera frames that the C interface takes: the one table of them in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Encoding:
    """
    How the pixels of a frame are stored.

    :ivar number: ``edge_encoding`` of edge_model.h.
    :ivar channels: numbers a pixel in a row.
    :ivar depth: bytes of a number; little-endian.
    :ivar planar: whether half as many rows with the colours follow the picture's.
    """

    number: int
    channels: int
    depth: int = 1
    planar: bool = False


ENCODINGS: Mapping[str, Encoding] = MappingProxyType(
    {
        "rgb8": Encoding(0, 3),
        "bgr8": Encoding(1, 3),
        "rgba8": Encoding(2, 4),
        "bgra8": Encoding(3, 4),
        "mono8": Encoding(4, 1),
        "yuyv": Encoding(5, 2),
        "yuv422_yuy2": Encoding(5, 2),  # yuyv's other name in sensor_msgs
        "mono16": Encoding(6, 1, depth=2),
        "uyvy": Encoding(7, 2),
        "yuv422": Encoding(7, 2),  # uyvy's other name
        "nv12": Encoding(8, 1, planar=True),
        "nv21": Encoding(9, 1, planar=True),
        "bayer_rggb8": Encoding(10, 1),
        "bayer_bggr8": Encoding(11, 1),
        "bayer_gbrg8": Encoding(12, 1),
        "bayer_grbg8": Encoding(13, 1),
    }
)
"""By their names in sensor_msgs/image_encodings."""
