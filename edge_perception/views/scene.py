"""What a robot saw, decided and said, as a recording of the viewer rerun (extra ``view``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from edge_perception import messages
from edge_perception.core import image
from edge_perception.core.image import FrameError
from edge_perception.core.stamps import SECOND
from edge_perception.messages import Message
from edge_perception.messages.types import (
    CompressedImage,
    Decision,
    DetectionArray,
    DiagnosticArray,
    Image,
    Odometry,
    PoseStamped,
)
from edge_perception.views.annotation import rgb
from edge_perception.views.picture import action_color

_APPLICATION = "edge_perception"
_TIMELINE = "time"
_CAMERA, _SEEN = "camera", "camera/seen"
_DECISION, _REASON = "decision/action", "decision/reason"
_PATH, _ROBOT = "ground/path", "ground/robot"
_DIAGNOSTICS = "diagnostics"
_JPEG = 80
_LEVELS = {0: "INFO", 1: "WARN", 2: "ERROR", 3: "WARN"}
_STRIDE = 0.05
"""Metres between two points of a path that are drawn."""
_TOGETHER = SECOND
"""Of what goes to a file, at most this [ns] of pictures comes before what belongs to them."""
_STRIP = 100
"""Points that are drawn anew with each that follows; those before them stay as they are."""


class Scene:
    """Makes such a recording, message by message."""

    def __init__(self, place: Path | str) -> None:
        """
        Begin.

        :param place: a file (.rrd), or the address of a viewer that is running, or will soon.
        :raises OSError: if the file can't be written.
        """
        self._stream = rr.RecordingStream(_APPLICATION)
        self._is_file = isinstance(place, Path)
        self._flushed = 0
        if isinstance(place, Path):
            self._stream.save(place, default_blueprint=_layout())
        else:
            self._stream.connect_grpc(place, default_blueprint=_layout())
        self._said: dict[str, int] = {}
        self._states: dict[str, str] = {}
        self._colors: dict[str, int] = {}  # by state
        self._paths: dict[str, list[tuple[float, float, float]]] = {}
        self._show: Mapping[str, Callable[[str, Any], None]] = {
            "sensor_msgs/msg/Image": self._image,
            "sensor_msgs/msg/CompressedImage": self._compressed,
            "edge_perception/msg/DetectionArray": self._detections,
            "edge_perception/msg/Decision": self._decision,
            "nav_msgs/msg/Odometry": self._odometry,
            "geometry_msgs/msg/PoseStamped": self._pose,
            "diagnostic_msgs/msg/DiagnosticArray": self._diagnostics,
        }

    def show(self, time: int, topic: str, kind: str, data: bytes) -> None:
        """
        Add a message, if it is of a type that is shown.

        :param time: when it was recorded [ns].
        """
        if self.shows(kind):
            try:
                message = messages.deserialize(data, messages.get(kind))
            except messages.MessageError:
                return  # who checks the bag says so
            self.add(time, topic, message)

    def shows(self, kind: str) -> bool:
        """Tell whether messages of a type are shown."""
        return kind in self._show

    def add(self, time: int, topic: str, message: Message) -> None:
        """
        Add a message of a type that is shown.

        :param time: when it came [ns].
        """
        if self._is_file and time - self._flushed >= _TOGETHER:
            self._stream.flush()
            self._flushed = time
        self._stream.set_time(_TIMELINE, timestamp=time / SECOND)
        try:
            self._show[message.__msgtype__](topic.strip("/"), message)
        except FrameError:
            return  # the node that reads it says so

    def close(self) -> None:
        """
        End it.

        :raises RuntimeError: if the file can't be written, or the viewer is gone.
        """
        self._stream.flush()
        self._stream.disconnect()

    def _log(self, entity: str, what: Any) -> None:
        self._stream.log(entity, what)

    def _image(self, topic: str, message: Image) -> None:
        if message.encoding in image.ENCODINGS:  # others, such as depth, are no picture
            self._log(f"{_CAMERA}/{topic}", rr.Image(rgb(message)).compress(jpeg_quality=_JPEG))

    def _compressed(self, topic: str, message: CompressedImage) -> None:
        kind = "image/png" if "png" in message.format else "image/jpeg"
        self._log(
            f"{_CAMERA}/{topic}",
            rr.EncodedImage(contents=bytes(message.data), media_type=kind),
        )

    def _detections(self, topic: str, message: DetectionArray) -> None:
        boxes = [one for one in message.detections if one.has_box]
        self._log(
            _SEEN,
            rr.Boxes2D(
                mins=[(one.x, one.y) for one in boxes],
                sizes=[(one.width, one.height) for one in boxes],
                labels=[f"{one.label} {one.score:.2f}" for one in boxes],
            ),
        )

    def _decision(self, topic: str, message: Decision) -> None:
        state = f"{message.action} (safe)" if message.safe else message.action
        if state != self._states.get(topic):
            self._states[topic] = state
            self._colors[state] = _number(action_color(message.action, message.safe))
            states = rr.StateConfiguration(
                values=list(self._colors),
                colors=np.array(list(self._colors.values()), np.uint32),
            )
            self._stream.log(_DECISION, states, static=True)
            self._log(_DECISION, rr.StateChange(state=state))
            self._log(_REASON, rr.TextLog(f"{state}: {message.reason}", level="INFO"))

    def _odometry(self, topic: str, message: Odometry) -> None:
        self._go(topic, message.pose.pose.position)

    def _pose(self, topic: str, message: PoseStamped) -> None:
        self._go(topic, message.pose.position)

    def _go(self, topic: str, place: Any) -> None:
        path = self._paths.setdefault(topic, [])
        point = (place.x, place.y, place.z)
        if path and np.hypot(point[0] - path[-1][0], point[1] - path[-1][1]) < _STRIDE:
            return
        path.append(point)
        color = np.array([_number(action_color(topic))], np.uint32)
        self._log(f"{_ROBOT}/{topic}", rr.Points3D([point], radii=0.1, colors=color))
        if len(path) > 1:
            part, place = divmod(len(path) - 1, _STRIP)
            strip = path[part * _STRIP : part * _STRIP + place + 1]
            self._log(f"{_PATH}/{topic}/{part}", rr.LineStrips3D([strip], colors=color))

    def _diagnostics(self, topic: str, message: DiagnosticArray) -> None:
        for one in message.status:
            if self._said.get(one.name, 0) != one.level:
                self._said[one.name] = one.level
                text = f"{one.name}: {one.message}"
                self._log(_DIAGNOSTICS, rr.TextLog(text, level=_LEVELS.get(one.level, "WARN")))


def _layout() -> Any:
    """Return what is shown where."""
    return rrb.Blueprint(
        rrb.Vertical(
            rrb.Horizontal(
                rrb.Spatial2DView(origin=_CAMERA, name="camera"),
                rrb.Spatial3DView(origin="ground", name="path"),
            ),
            rrb.StateTimelineView(origin=_DECISION, name="decision"),
            rrb.TextLogView(contents=[_REASON, _DIAGNOSTICS], name="said"),
            row_shares=[4, 1, 2],
        ),
        collapse_panels=True,
    )


def _number(color: str) -> int:
    """Return "#rrggbb" as RGBA."""
    return int(color[1:] + "ff", 16)
