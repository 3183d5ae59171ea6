"""Where hardware and files are touched."""

from __future__ import annotations

from edge_perception.core.source import CameraRequest, Source
from edge_perception.drivers import images, pattern, v4l2, video
from edge_perception.drivers.driver import choose

DRIVERS = (pattern.DRIVER, v4l2.DRIVER, images.DRIVER, video.DRIVER)
"""All camera drivers; the first one that accepts a source opens it."""


def open_source(spec: str, request: CameraRequest | None = None) -> Source:
    """
    Open a camera, video file, picture, folder of pictures or test pattern.

    :param spec: e.g. "0", "/dev/video0", "drive.avi", "pictures/", "pattern:640x480".
    :param request: size, rate and encoding that are wanted.
    :raises SourceError: if it is none of these or can't be opened.
    """
    return choose(DRIVERS, "camera", spec, request or CameraRequest())
