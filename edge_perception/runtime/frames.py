"""Camera frames in numpy arrays, as the C interface takes them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_perception.runtime.encodings import ENCODINGS
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


class Region(ctypes.Structure):
    """``edge_region`` of edge_model.h."""

    _fields_ = (("map", ctypes.c_float * 6),)


def make_frame(array: NDArray[Any], encoding: str) -> tuple[Frame, NDArray[Any]]:
    """
    Describe ``array`` to the C interface, without a copy if its pixels lie side by side.

    :param array: [height, width, channels] or, with one channel, [height, width]; of uint8, for
        mono16 of uint16; for nv12 and nv21 it has half as many rows with the colours below.
    :returns: the frame, and the array that holds its pixels: keep it while the frame is used.
    :raises BundleError: if the encoding is unknown or the array does not fit it.
    """
    kind = ENCODINGS.get(encoding) if isinstance(encoding, str) else None
    if kind is None:
        raise BundleError(
            f"encoding {encoding!r} can't be used; convert the frame to one of "
            + ", ".join(ENCODINGS)
        )
    dtype = np.dtype(f"<u{kind.depth}")
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        actual = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise BundleError(f"a frame of {encoding} must be a {dtype} array but is {actual}")
    pixels = array[:, :, np.newaxis] if array.ndim == 2 and kind.channels == 1 else array
    if pixels.ndim != 3 or pixels.shape[2] != kind.channels or pixels.size == 0:
        raise BundleError(
            f"a frame of {encoding} must have shape (height, width, {kind.channels}) "
            f"but has {array.shape}"
        )
    rows, width, _ = pixels.shape
    if kind.planar and rows % 3:
        raise BundleError(
            f"a frame of {encoding} must have height * 3 / 2 rows, height being even, "
            f"but has {rows}"
        )
    pixel_bytes = kind.channels * kind.depth
    side_by_side = kind.channels == 1 or pixels.strides[2] == kind.depth
    if (
        not side_by_side
        or (width > 1 and pixels.strides[1] != pixel_bytes)
        or (rows > 1 and pixels.strides[0] < width * pixel_bytes)
    ):
        pixels = np.ascontiguousarray(pixels)
    stride = pixels.strides[0] if rows > 1 else width * pixel_bytes
    size = stride * (rows - 1) + width * pixel_bytes
    height = rows * 2 // 3 if kind.planar else rows
    return Frame(pixels.ctypes.data, size, width, height, stride, kind.number), pixels


def make_regions(maps: ArrayLike) -> tuple[Any, int]:
    """
    Describe regions of a frame to the C interface.

    :param maps: affine maps from the model's input to the frame, [N, 2, 3]; see edge_region in
        edge_model.h.
    :returns: an array of `Region`, and how many they are.
    :raises BundleError: if they have another shape.
    """
    try:
        numbers = np.asarray(maps, np.float32)
    except (TypeError, ValueError):
        raise BundleError(
            f"regions must be affine maps, numbers of shape (N, 2, 3): {maps!r:.80}"
        ) from None
    if numbers.ndim != 3 or numbers.shape[1:] != (2, 3):
        raise BundleError(f"regions must have shape (N, 2, 3) but have {numbers.shape}")
    count = len(numbers)
    return (Region * count).from_buffer_copy(np.ascontiguousarray(numbers).tobytes()), count
