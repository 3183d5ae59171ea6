"""Video files, through OpenCV."""

from __future__ import annotations

import math
from pathlib import Path

from edge_perception.core.source import CameraRequest, Frame, Source, SourceError, SourceFinished
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.pixels import fit, opencv

_USUAL_RATE = 25.0


class Video:
    """Every picture of a file, in order, at the file's own rate unless paced otherwise."""

    live = False

    def __init__(self, path: Path, request: CameraRequest) -> None:
        self._path = path
        self._request = request
        self._cv2 = opencv()
        self._capture = self._cv2.VideoCapture(str(path))
        rate = self._capture.get(self._cv2.CAP_PROP_FPS)
        self.rate = rate if math.isfinite(rate) and 0 < rate <= 1000 else _USUAL_RATE
        self._position = 0
        if not self._capture.isOpened():
            raise SourceError(
                f"{path} can't be read as a video; check that it is one (ffprobe {path}), or "
                f"convert it: ffmpeg -i {path} -c:v mjpeg video.avi"
            )

    def describe(self) -> str:
        """Return the file, size and rate."""
        width = self._capture.get(self._cv2.CAP_PROP_FRAME_WIDTH)
        height = self._capture.get(self._cv2.CAP_PROP_FRAME_HEIGHT)
        return f"video {self._path}, {width:.0f}x{height:.0f}, {self.rate:.4g} pictures/s"

    def read(self, timeout: float) -> Frame:
        """Return the next picture, at once."""
        read, data = self._capture.read()
        if not read:
            if not self._position:
                raise SourceError(f"the video {self._path} has no picture that can be decoded")
            if not self._request.loop:
                raise SourceFinished
            self._rewind()
            return self.read(timeout)
        self._position += 1
        frame = Frame(data, "mono8" if data.ndim == 2 else "bgr8", f"picture {self._position}")
        return fit(frame, self._request)

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _rewind(self) -> None:
        # Opening anew works with every container; seeking does not.
        self._capture.release()
        self._capture = self._cv2.VideoCapture(str(self._path))
        self._position = 0


def _accepts(spec: str) -> bool:
    return Path(spec).is_file()


def _open(spec: str, request: CameraRequest) -> Source:
    return Video(Path(spec), request)


DRIVER = Driver("a video file", _accepts, _open)
