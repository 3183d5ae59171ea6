"""How a camera that turns moves what it sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def homography(rotation: Array, intrinsics: Array) -> Array:
    """
    Return where the points of the image before are in this one, however far they are [3, 3].

    :param rotation: from directions in the camera's frame before to those in its frame now [3, 3].
    :param intrinsics: the matrix K of sensor_msgs/msg/CameraInfo [3, 3].
    """
    moved: Array = intrinsics @ rotation @ np.linalg.inv(intrinsics)
    return moved
