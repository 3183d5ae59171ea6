"""Follow things from image to image: the same thing keeps its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_perception.core.node import ConfigurationError, Port
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.perception.mounted import MountedCamera
from edge_perception.core.perception.stage import Look, ODOMETRY, Setup, Stage
from edge_perception.core.rotation import matrix, Quaternion
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.core.tracking.camera_motion import homography
from edge_perception.core.tracking.track import Track as Followed
from edge_perception.core.tracking.tracker import Tracker, TrackerSettings
from edge_perception.core.tracking.turns import Orientations
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections, Indices, Lost, Tracked

_DEFAULTS = TrackerSettings()


def _share(name: str, default: float, description: str) -> Parameter:
    return Parameter(name, default, description, minimum=0.0, maximum=1.0)


class Track(Stage):
    """Give each thing with a box the number of its track, its age and its time to contact."""

    runs_model = False
    sees_nothing = True
    sees_stills = False
    parameters = (
        _share("high", _DEFAULTS.high, "The score from which a thing begins a track."),
        _share("low", _DEFAULTS.low, "The least score with which a thing goes on with one."),
        _share(
            "overlap",
            _DEFAULTS.overlap,
            "The least intersection over union of a box and where its track is expected.",
        ),
        Parameter(
            "patience",
            _DEFAULTS.patience / SECOND,
            "Seconds for which a thing that is not seen may come back as the same.",
            minimum=0.1,
            maximum=60.0,
        ),
        Parameter("most", _DEFAULTS.most, "Tracks at the same time.", minimum=1, maximum=1000),
        Parameter(
            "camera_motion",
            False,
            "Take into account how the robot turns, by the odometry.",
        ),
        *MountedCamera.parameters,
    )

    def __init__(self, setup: Setup) -> None:
        """Begin without tracks."""
        options = setup.options
        if options.number("low") > options.number("high"):
            raise ConfigurationError(
                f"the stage {setup.name} has a 'low' of {options.number('low'):g}, above its "
                f"'high' of {options.number('high'):g}"
            )
        self._tracker = Tracker(
            TrackerSettings(
                high=options.number("high"),
                low=options.number("low"),
                overlap=options.number("overlap"),
                patience=round(options.number("patience") * SECOND),
                most=options.integer("most"),
            )
        )
        self._restarted = ""
        self._camera = MountedCamera(options)
        self._turns = Orientations() if options.flag("camera_motion") else None
        self._before: Quaternion | None = None

    @classmethod
    def inputs(cls, options: Parameters) -> tuple[Port, ...]:
        """Return what tells how the camera turns, if that is asked for."""
        if not options.flag("camera_motion"):
            return ()
        return (*MountedCamera.inputs(options), ODOMETRY)

    def hear(self, inputs: Mapping[str, Any]) -> None:
        """Take what tells how the camera turns."""
        if self._turns is None:
            return
        self._camera.hear(inputs)
        for odometry in inputs.get(ODOMETRY.name, ()):
            turn = odometry.pose.pose.orientation
            self._turns.add(nanoseconds(odometry.header.stamp), (turn.x, turn.y, turn.z, turn.w))

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with their tracks; all are followed, in time for it or not."""
        if not look.stamp:
            raise DecodeError("the images carry no time (header.stamp is 0)")
        if found.boxes is None and len(found):
            raise DecodeError("the things have no boxes; tracks need a detector")
        boxes = found.boxes if found.boxes is not None else ()
        tracks = self._tracker.update(
            boxes, found.scores, found.labels, look.pixels.size, look.stamp, self._motion(look)
        )
        self._restarted = self._tracker.restarted or self._restarted
        lost = [
            Lost(one.number, one.label, one.box, one.age, one.unseen) for one in self._tracker.lost
        ]
        told = [None if one is None else _told(one) for one in tracks]
        return replace(found, tracks=told, lost=lost)

    def _motion(self, look: Look) -> npt.NDArray[np.float64] | None:
        """Return how the camera turned since the image before; None if that isn't known."""
        if self._turns is None:
            return None
        before, now = self._before, self._turns.at(look.stamp)
        self._before = now
        if before is None or now is None:
            return None
        turn = self._camera.mounting(look).turn
        rotation = turn.T @ matrix(now).T @ matrix(before) @ turn
        return homography(rotation, self._camera.camera(look).matrix)

    def values(self) -> Mapping[str, str]:
        """Return how many things are lost, and why the tracks last began anew."""
        return {
            "lost from sight": str(len(self._tracker.lost)),
            "began anew": self._restarted or "never",
        }


def _told(one: Followed) -> Tracked:
    """Return what is told of a track that is seen."""
    return Tracked(one.number, one.age, one.time_to_contact, one.growth, one.deviation)
