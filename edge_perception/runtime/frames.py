"""Camera frames in numpy arrays, as the C interface takes them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime.errors import BundleError


class Frame(ctypes.Structure):
    """``edge_frame`` of edge_model.h."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("stride", ctypes.c_size_t),
        ("encoding", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 5),
    )


_ENCODINGS = {
    "rgb8": (0, 3),
    "bgr8": (1, 3),
    "rgba8": (2, 4),
    "bgra8": (3, 4),
    "mono8": (4, 1),
    "yuyv": (5, 2),
    "yuv422_yuy2": (5, 2),  # yuyv's other name in sensor_msgs
}
"""Names of sensor_msgs/image_encodings: the C interface's number, and bytes a pixel."""

ENCODINGS = tuple(_ENCODINGS)


def make_frame(array: NDArray[Any], encoding: str) -> tuple[Frame, NDArray[np.uint8]]:
    """
    Describe ``array`` to the C interface, without a copy if its pixels lie side by side.

    :returns: the frame, and the array that holds its pixels: keep it while the frame is used.
    :raises BundleError: if the encoding is unknown or the array does not fit it.
    """
    if not isinstance(encoding, str) or encoding not in _ENCODINGS:
        raise BundleError(
            f"encoding {encoding!r} can't be used; convert the frame to one of "
            + ", ".join(ENCODINGS)
        )
    number, pixel_bytes = _ENCODINGS[encoding]
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        actual = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise BundleError(f"a frame must be a uint8 array but is {actual}")
    pixels = array[:, :, np.newaxis] if array.ndim == 2 and pixel_bytes == 1 else array
    if pixels.ndim != 3 or pixels.shape[2] != pixel_bytes or pixels.size == 0:
        raise BundleError(
            f"a frame of {encoding} must have shape (height, width, {pixel_bytes}) "
            f"but has {array.shape}"
        )
    height, width, _ = pixels.shape
    side_by_side = pixel_bytes == 1 or pixels.strides[2] == 1
    if (
        not side_by_side
        or (width > 1 and pixels.strides[1] != pixel_bytes)
        or (height > 1 and pixels.strides[0] < width * pixel_bytes)
    ):
        pixels = np.ascontiguousarray(pixels)
    stride = pixels.strides[0] if height > 1 else width * pixel_bytes
    size = stride * (height - 1) + width * pixel_bytes
    return Frame(pixels.ctypes.data, size, width, height, stride, number), pixels
