"""Camera calibrations, in the YAML that camera_calibration writes and camera_info reads."""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from edge_perception.core.environment import ReadFile
from edge_perception.core.node import ConfigurationError
from edge_perception.core.whole_file import FileError, read_whole
from edge_perception.messages.types import CameraInfo, Header

_LARGEST_FILE = 1 << 20
_DISTORTIONS = {"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}
"""Coefficients of each distortion model, as in sensor_msgs/distortion_models."""


@dataclass(frozen=True)
class Calibration:
    """What sensor_msgs/CameraInfo says of a camera; without a calibration all is empty or zero."""

    width: int = 0
    height: int = 0
    distortion_model: str = ""
    d: tuple[float, ...] = ()
    k: tuple[float, ...] = (0.0,) * 9
    r: tuple[float, ...] = (0.0,) * 9
    p: tuple[float, ...] = (0.0,) * 12


def read_calibration(url: str, read_file: ReadFile) -> Calibration:
    """
    Read a calibration file.

    :param url: a path, or file:// and an absolute path.
    :raises ConfigurationError: if it can't be read or is no calibration.
    """
    path = Path(url.removeprefix("file://"))
    try:
        content = yaml.safe_load(read_whole(path, _LARGEST_FILE, read_file).decode())
    except (FileError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(
            f"the calibration {path} can't be read ({' '.join(str(error).split())}); set "
            "camera_info_url to a file that camera_calibration wrote, or to nothing"
        ) from error
    try:
        return _parse(content)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigurationError(
            f"{path} is no camera calibration: {reason}; expected what camera_calibration writes"
        ) from error


def camera_info(
    calibration: Calibration, header: Header, width: int, height: int
) -> tuple[CameraInfo, str]:
    """
    Describe the camera that took a picture.

    :param header: of the picture.
    :param width: of the picture [pixel].
    :param height: of the picture [pixel].
    :returns: sensor_msgs/msg/CameraInfo, and what is wrong: a calibration for another size is
        worse than none.
    """
    problem = ""
    known = calibration
    if known.width and (known.width, known.height) != (width, height):
        problem = (
            f"the calibration is for {known.width}x{known.height} pictures, but they are "
            f"{width}x{height}, so camera info is published uncalibrated; calibrate for this "
            "size, or set width and height"
        )
        known = Calibration()
    info = CameraInfo(
        header=header,
        width=width,
        height=height,
        distortion_model=known.distortion_model,
        d=np.array(known.d),
        k=np.array(known.k),
        r=np.array(known.r),
        p=np.array(known.p),
    )
    return info, problem


def _parse(content: Any) -> Calibration:
    if not isinstance(content, dict):
        raise TypeError("it is no YAML mapping")
    model = content["distortion_model"]
    if model not in _DISTORTIONS:
        raise ValueError(f"distortion_model is {model!r}, expected {', '.join(_DISTORTIONS)}")
    width, height = content["image_width"], content["image_height"]
    if not all(isinstance(number, int) and number > 0 for number in (width, height)):
        raise ValueError(f"its size is {width!r} x {height!r}, expected positive integers")
    k = _matrix(content, "camera_matrix", 9)
    if k[0] <= 0 or k[4] <= 0:
        raise ValueError("camera_matrix has no positive focal lengths")
    return Calibration(
        width,
        height,
        distortion_model=model,
        d=_matrix(content, "distortion_coefficients", _DISTORTIONS[model]),
        k=k,
        r=_matrix(content, "rectification_matrix", 9),
        p=_matrix(content, "projection_matrix", 12),
    )


def _matrix(content: dict[str, Any], key: str, size: int) -> tuple[float, ...]:
    data = content[key]["data"]
    numbers = tuple(float(number) for number in data)
    if len(numbers) != size or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{key} has {len(numbers)} numbers, expected {size} finite ones")
    return numbers
