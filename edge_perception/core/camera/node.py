"""The camera node: pictures of a device, a file, a folder or a test pattern as messages."""

from __future__ import annotations

from collections.abc import Sequence

from edge_perception.core.camera.calibration import Calibration, camera_info, read_calibration
from edge_perception.core.compressed import encode
from edge_perception.core.connection import Connection, IDLE, Patience
from edge_perception.core.health import Rate
from edge_perception.core.image import to_message
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Inputs,
    Level,
    Outputs,
    Port,
    Ports,
)
from edge_perception.core.pace import Pace
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.source import CameraRequest, Frame, NATIVE, Skipped
from edge_perception.core.source_core import SourceCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Header

_PATIENCE = Patience(
    "picture", 2 * SECOND, 10 * SECOND, "check its cable, power and USB bandwidth"
)
_NOT = "no"
_LARGEST = 16384
_REMEMBER_SKIPPED = 10 * SECOND
_SLOW = 0.8


_IMAGE = Port("image", "sensor_msgs/msg/Image", "camera/image_raw")
_COMPRESSED = Port(
    "compressed", "sensor_msgs/msg/CompressedImage", _IMAGE.topic, transport="compressed"
)
_CAMERA_INFO = Port("camera_info", "sensor_msgs/msg/CameraInfo", "camera/camera_info")


class CameraCore(SourceCore[Frame]):
    """Publishes pictures and camera info, whatever the source does."""

    parameters = (
        Parameter(
            "source",
            "0",
            "Camera number or /dev path, video file, picture, folder or glob of pictures, or "
            "pattern:WIDTHxHEIGHT.",
        ),
        Parameter(
            "rate",
            0.0,
            "Pictures per second; 0: the source's own (a video: as filmed, a folder: 2).",
            minimum=0.0,
            maximum=1000.0,
        ),
        Parameter("loop", True, "Begin a file or folder again after its last picture."),
        Parameter(
            "width",
            0,
            "Width of the pictures in pixels, together with height; 0: the source's own.",
            minimum=0,
            maximum=_LARGEST,
        ),
        Parameter(
            "height",
            0,
            "Height of the pictures in pixels, together with width; 0: the source's own.",
            minimum=0,
            maximum=_LARGEST,
        ),
        Parameter(
            "encoding",
            NATIVE,
            "Encoding of the published pictures; native: the source's own, without conversion.",
            choices=(NATIVE, "rgb8", "bgr8", "mono8"),
        ),
        Parameter(
            "compressed",
            _NOT,
            "Publish the pictures compressed, too, on the image topic's /compressed.",
            choices=(_NOT, "jpeg", "png"),
        ),
        Parameter(
            "jpeg_quality", 80, "Quality of these if they are JPEG.", minimum=1, maximum=100
        ),
        Parameter(
            "frame_id",
            "camera_optical_frame",
            "The camera's optical frame as in REP-103: z forward, x right, y down.",
        ),
        Parameter(
            "camera_info_url",
            "",
            "Calibration file of camera_calibration, a path or file:// URL; empty: uncalibrated.",
        ),
        Parameter(
            "wait_for_source",
            False,
            "Start even if the source can't be opened yet, and wait for it.",
        ),
    )

    outputs = (_IMAGE, _CAMERA_INFO, _COMPRESSED)

    def ports(self, parameters: Parameters) -> Ports:
        """Leave the compressed pictures out unless they are wanted."""
        if parameters.text("compressed") == _NOT:
            return Ports(outputs=(_IMAGE, _CAMERA_INFO))
        return Ports(outputs=self.outputs)

    def configure(self, parameters: Parameters) -> Outputs:
        """
        Open the source and read the calibration.

        :raises ConfigurationError: if either can't be done, or the size is incomplete.
        """
        request = CameraRequest(
            width=parameters.integer("width"),
            height=parameters.integer("height"),
            rate=parameters.number("rate"),
            encoding=parameters.text("encoding"),
            loop=parameters.flag("loop"),
        )
        if bool(request.width) != bool(request.height):
            raise ConfigurationError(
                f"the size {request.width}x{request.height} is incomplete; set both width and "
                "height, or neither"
            )
        url = parameters.text("camera_info_url")
        self._calibration = (
            read_calibration(url, self._environment.read_file) if url else Calibration()
        )
        self._miscalibrated = ""
        self._frame_id = parameters.text("frame_id")
        self._source_name = self.hardware = parameters.text("source")
        self._compress = parameters.text("compressed")
        self._quality = parameters.integer("jpeg_quality")
        self._wanted_rate = request.rate
        self._pace = Pace(request.rate)
        self._measured = Rate(seconds=5)
        self._ahead: Frame | None = None
        self._lost = self._skipped = 0
        self._skipped_at: int | None = None
        self._skipped_why = ""
        self._format = ""
        connection = self._connect(
            lambda: self._environment.open_camera(self._source_name, request),
            _PATIENCE,
            may_wait=parameters.flag("wait_for_source"),
        )
        self._adopt_rate(connection)
        return ()

    def period(self) -> float:
        """Return the time until the next picture of a file is due; a device is waited for."""
        return min(self._pace.wait(self._now), IDLE) if self._ahead else super().period()

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Publish a picture, if there is one and it is due."""
        self._now = now
        if self._connection is None:
            return ()
        if self._ahead:
            if self._pace.wait(now) > 0:
                return ()
            due, self._ahead = self._ahead, None
            return self._publish(due, now)
        begin = self._environment.monotonic()
        frame = self._read(self._connection, now)
        source = self._connection.source
        if source and not source.live:
            # read ahead, so that the time it takes to decode a file makes no picture old or late
            self._ahead = frame
            self._now += self._environment.monotonic() - begin
            return ()
        return self._publish(frame, now) if frame else ()

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report the source and the calibration."""
        if self._connection is None:
            return ()
        source = self._diagnose_source(
            "pictures",
            f"{self._source()}: {self._format or 'no picture yet'}",
            self._warning(now),
            {
                "rate": f"{self._measured.per_second(now):.2f}",
                "lost": str(self._lost),
                "skipped": str(self._skipped),
            },
        )
        calibration = (
            Diagnostic(Level.ERROR, "calibration", self._miscalibrated)
            if self._miscalibrated
            else Diagnostic(
                Level.OK,
                "calibration",
                "calibrated" if self._calibration.width else "uncalibrated",
            )
        )
        return source, calibration

    def _read(self, connection: Connection[Frame], now: int) -> Frame | None:
        """Read a picture; one that can't be used is noted."""
        before = connection.source
        got = connection.read(now)
        if connection.source is not before:
            self._adopt_rate(connection)
        if not isinstance(got, Skipped):
            return got
        self._skipped += 1
        self._skipped_at = now
        self._skipped_why = f"{got.name}: {got.reason}"
        return None

    def _adopt_rate(self, connection: Connection[Frame]) -> None:
        """Keep the rate that is wanted, or a file's own."""
        source = connection.source
        if source and not source.live and not self._wanted_rate:
            self._pace = Pace(source.rate)

    def _publish(self, frame: Frame, now: int) -> Outputs:
        self._lost += frame.lost
        stamp = now if frame.stamp is None else frame.stamp
        if not self._pace.admits(stamp):
            return ()
        self._pace.advance(stamp)
        self._published += 1
        self._measured.add(now, self._published)
        height, width = frame.data.shape[:2]
        self._format = f"{width}x{height} {frame.encoding}"
        header = Header(stamp=to_time(stamp), frame_id=self._frame_id)
        image = to_message(frame.data, frame.encoding, header)
        info, self._miscalibrated = camera_info(self._calibration, header, width, height)
        published = [("image", image), ("camera_info", info)]
        if self._compress != _NOT:
            published.append((_COMPRESSED.name, encode(image, self._compress, self._quality)))
        return published

    def _warning(self, now: int) -> str:
        """Return what is not as it should be although pictures come; empty if nothing."""
        if self._skipped_at is not None and 0 <= now - self._skipped_at < _REMEMBER_SKIPPED:
            return f"a picture was left out: {self._skipped_why}"
        rate = self._measured.per_second(now)
        if 0 < rate < _SLOW * self._wanted_rate:
            return (
                f"{self._source()} gives {rate:.3g} pictures/s, {self._wanted_rate:.3g} are "
                "wanted; lower the rate or size, or give the camera more light"
            )
        return ""
