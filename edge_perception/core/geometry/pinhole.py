"""Directions of what a calibrated camera sees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge_perception.core.names import one_of
from edge_perception.messages.types import CameraInfo

Array = npt.NDArray[np.float64]

_FISHEYE = "equidistant"
_MODELS = ("", "plumb_bob", "rational_polynomial", _FISHEYE)


class CalibrationError(Exception):
    """A calibration that can't be used: why, and what to do, in one sentence."""


@dataclass(frozen=True, eq=False)
class Pinhole:
    """
    A calibrated camera.

    :ivar matrix: K of sensor_msgs/msg/CameraInfo [3, 3], for an image of ``size``.
    :ivar distortion: D of the same.
    :ivar model: of the distortion.
    :ivar size: width and height of the image in pixels.
    """

    matrix: Array
    distortion: Array
    model: str
    size: tuple[int, int]

    def rays(self, points: Array) -> Array:
        """
        Return the directions of pixels in the optical frame: x right, y down, z = 1 ahead [N, 3].

        :param points: x and y of pixels [N, 2].
        """
        if not len(points):
            return np.empty((0, 3))
        undistort = cv2.fisheye.undistortPoints if self.model == _FISHEYE else cv2.undistortPoints
        flat = undistort(points[:, None].astype(float), self.matrix, self.distortion)
        return np.insert(flat[:, 0].astype(float), 2, 1.0, axis=1)

    def focal_lengths(self) -> tuple[float, float]:
        """Return by how many pixels a direction moves with its tangent, across and down."""
        return float(self.matrix[0, 0]), float(self.matrix[1, 1])

    def scaled(self, size: tuple[int, int]) -> Pinhole:
        """Return the same camera with images of another size, as if all were resized."""
        factors = np.array([*np.divide(size, self.size), 1.0])
        return Pinhole(self.matrix * factors[:, None], self.distortion, self.model, size)


def calibrated(info: CameraInfo) -> Pinhole:
    """
    Return the camera that a calibration describes.

    :raises CalibrationError: if it describes none.
    """
    matrix = np.array(info.k, float).reshape(3, 3)
    distortion = np.array(info.d, float)
    if not matrix.any():
        raise CalibrationError(
            "the camera is not calibrated (K is 0 in its CameraInfo); calibrate it and give its "
            "driver the file"
        )
    lengths = matrix[0, 0], matrix[1, 1]
    if not (
        np.isfinite(matrix).all() and np.isfinite(distortion).all() and min(lengths) > 0
    ) or not (info.width and info.height):
        raise CalibrationError(
            f"its CameraInfo describes no camera: {info.width} x {info.height} pixels, "
            f"K {matrix.reshape(-1).tolist()}, D {distortion.tolist()}"
        )
    if info.distortion_model not in _MODELS:
        raise CalibrationError(
            f"its CameraInfo has the distortion model {info.distortion_model!r}; "
            + one_of(info.distortion_model, _MODELS[1:])
        )
    if info.distortion_model == _FISHEYE and len(distortion) != 4:
        raise CalibrationError(
            f"its CameraInfo has {len(distortion)} numbers in D; {_FISHEYE} has 4"
        )
    if len(distortion) not in (0, 4, 5, 8, 12, 14):
        raise CalibrationError(
            f"its CameraInfo has {len(distortion)} numbers in D; there are 0, 4, 5, 8, 12 or 14"
        )
    return Pinhole(matrix, distortion, info.distortion_model, (info.width, info.height))
