"""The camera on the robot, for stages that need it: its calibration, and where it is mounted."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from edge_perception.core.geometry.frames import FixedFrames
from edge_perception.core.geometry.ground import Mounting
from edge_perception.core.geometry.pinhole import calibrated, Pinhole
from edge_perception.core.node import Port
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.perception.stage import CAMERA_INFO, Look, TF_STATIC
from edge_perception.decode import DecodeError
from edge_perception.messages.types import CameraInfo

_MOST = {"m": 100.0, "rad": math.pi}  # of the numbers that say where a camera is, by unit


def _number(name: str, unit: str, description: str) -> Parameter:
    most = _MOST[unit]
    return Parameter(name, 0.0, f"{description} [{unit}].", minimum=-most, maximum=most)


class MountedCamera:
    """
    What is known of the camera.

    :ivar base: the frame in which it is mounted.
    """

    parameters = (
        Parameter(
            "mounting",
            "options",
            "Where the camera's mounting is told: by these options, or by /tf_static.",
            choices=("options", "tf"),
        ),
        _number("height", "m", "Of the camera above the ground; 0: not known"),
        _number("x", "m", "Of the camera, ahead of the base's origin"),
        _number("y", "m", "Of the camera, to the left of it"),
        _number("roll", "rad", "Of the camera, about the axis ahead"),
        _number("pitch", "rad", "Of the camera, about the axis to the left: it looks down"),
        _number("yaw", "rad", "Of the camera, about the axis up"),
        Parameter("frame", "base_link", "The frame of the robot's base, on the ground."),
    )

    def __init__(self, options: Parameters) -> None:
        """Take the options."""
        self.base = options.text("frame")
        self._by_tf = options.text("mounting") == "tf"
        names = ("x", "y", "height", "roll", "pitch", "yaw")
        self._given = Mounting.at(*(options.number(name) for name in names))
        self._frames = FixedFrames()
        self._info: CameraInfo | None = None

    @property
    def stands_somewhere(self) -> bool:
        """Return whether it can be known how high above the ground it is."""
        return self._by_tf or self._given.height > 0

    @classmethod
    def inputs(cls, options: Parameters) -> tuple[Port, ...]:
        """Return what tells of it."""
        return (CAMERA_INFO, TF_STATIC) if options.text("mounting") == "tf" else (CAMERA_INFO,)

    def hear(self, inputs: Mapping[str, Any]) -> None:
        """Take what came."""
        self._info = inputs.get(CAMERA_INFO.name, self._info)
        for message in inputs.get(TF_STATIC.name, ()):
            self._frames.add(message)

    def camera(self, look: Look) -> Pinhole:
        """
        Return the camera that took an image.

        :raises DecodeError: if it isn't known.
        :raises CalibrationError: if it is not calibrated.
        """
        if self._info is None:
            raise DecodeError(f"nothing has come on {CAMERA_INFO.topic} yet")
        return calibrated(self._info).scaled(look.pixels.size)

    def mounting(self, look: Look) -> Mounting:
        """
        Return where the camera is that took an image.

        :raises DecodeError: if it isn't known.
        """
        if not self._by_tf:
            return self._given
        found = self._frames.placement(look.frame, self.base)
        if found is None:
            raise DecodeError(
                f"{TF_STATIC.topic} does not connect {look.frame!r}, the frame of the images, "
                f"with {self.base!r}; publish the robot's description (robot_state_publisher)"
            )
        return Mounting.placed(*found)
