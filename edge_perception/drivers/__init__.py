"""Where hardware and files are touched."""

from __future__ import annotations

import os

from edge_perception.core.source import Request, Source, SourceError
from edge_perception.drivers import images, pattern, v4l2, video

DRIVERS = (pattern.DRIVER, v4l2.DRIVER, images.DRIVER, video.DRIVER)
"""All camera drivers; the first one that accepts a source opens it."""


def open_source(spec: str, request: Request | None = None) -> Source:
    """
    Open a camera, video file, picture, folder of pictures or test pattern.

    :param spec: e.g. "0", "/dev/video0", "drive.avi", "pictures/", "pattern:640x480".
    :param request: size, rate and encoding that are wanted.
    :raises SourceError: if it is none of these or can't be opened.
    """
    spec = os.path.expanduser(spec)
    for driver in DRIVERS:
        if driver.accepts(spec):
            return driver.open(spec, request or Request())
    forms = ", ".join(driver.form for driver in DRIVERS)
    raise SourceError(f"the camera source {spec!r} does not exist; give one of: {forms}")
