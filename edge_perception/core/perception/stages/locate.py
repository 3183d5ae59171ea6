"""Tell where things are: on the ground, or by a depth image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edge_perception.core.geometry.depth import depth_of, metres
from edge_perception.core.geometry.ground import Deviations, Ground, Place
from edge_perception.core.node import ConfigurationError, Port
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.perception.mounted import MountedCamera
from edge_perception.core.perception.stage import DEPTH, Look, Setup, Stage
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections, Floats, Indices, Placed
from edge_perception.messages.types import Image

_EDGE = 2.0  # pixels from the lower edge of the image within which a box is cut off
_APART = SECOND // 5  # nanoseconds between an image and a depth image that go together


def _error(name: str, default: float, most: float, description: str) -> Parameter:
    return Parameter(name, default, description, minimum=0.0, maximum=most)


class Locate(Stage):
    """Give each thing with a box its place in the frame of the robot's base."""

    runs_model = False
    sees_stills = False
    parameters = (
        *MountedCamera.parameters,
        _error("height_deviation", 0.02, 1.0, "How sure the height is [m]."),
        _error("angle_deviation", 0.0175, 1.0, "How sure roll and pitch are in motion [rad]."),
        _error("pixel_deviation", 3.0, 100.0, "How sure the lower edge of a box is [pixel]."),
        Parameter("depth", False, "Take distances from the topic of depth images, too."),
    )

    @classmethod
    def inputs(cls, options: Parameters) -> tuple[Port, ...]:
        """Return what tells of the camera, and depth images if they are asked for."""
        depth = (DEPTH,) if options.flag("depth") else ()
        return (*MountedCamera.inputs(options), *depth)

    def __init__(self, setup: Setup) -> None:
        """Take where the camera is."""
        options = setup.options
        self._camera = MountedCamera(options)
        names = ("pixel_deviation", "angle_deviation", "height_deviation")
        self._deviations = Deviations(*(options.number(name) for name in names))
        self._uses_depth = options.flag("depth")
        self._depth: Image | None = None
        if not (self._camera.stands_somewhere or self._uses_depth):
            raise ConfigurationError(
                f"the stage {setup.name} knows neither the camera's height nor depths: give the "
                "height of the camera above the ground, mounting: tf, or depth: true"
            )

    def hear(self, inputs: Mapping[str, Any]) -> None:
        """Take what tells of the camera, and depth images."""
        self._camera.hear(inputs)
        self._depth = inputs.get(DEPTH.name, self._depth)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with their places."""
        if found.boxes is None:
            raise DecodeError("the things have no boxes; places need a detector")
        ground = Ground(self._camera.camera(look), self._camera.mounting(look), self._deviations)
        boxes = found.boxes[chosen]
        places = self._on_ground(ground, boxes, look.pixels.size)
        if self._uses_depth:
            near = self._by_depth(ground, boxes, look)
            places = [by_depth or other for by_depth, other in zip(near, places, strict=True)]
        said: list[Placed | None] = [None] * len(found)
        for index, place in zip(chosen.tolist(), places, strict=True):
            said[index] = place
        return replace(found, places=said)

    def _on_ground(
        self, ground: Ground, boxes: Floats, size: tuple[int, int]
    ) -> Sequence[Placed | None]:
        """Return where things stand; None for those whose feet aren't seen."""
        if not self._camera.stands_somewhere:
            return [None] * len(boxes)
        feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)
        seen = boxes[:, 3] < size[1] - _EDGE
        places = ground.places(feet)
        return [
            self._placed(place, 0.0, "ground") if place and whole else None
            for place, whole in zip(places, seen, strict=True)
        ]

    def _by_depth(self, ground: Ground, boxes: Floats, look: Look) -> Sequence[Placed | None]:
        """Return where things are by the depth image."""
        image = self._depth
        if image is None or abs(nanoseconds(image.header.stamp) - look.stamp) > _APART:
            return [None] * len(boxes)
        depths = metres(image)
        factors = np.divide(depths.shape[::-1], look.pixels.size)
        scaled = boxes * np.concatenate([factors, factors])
        measured = [depth_of(depths, tuple(box)) for box in scaled.tolist()]
        middles = np.stack(
            [(boxes[:, 0] + boxes[:, 2]) / 2, 0.25 * boxes[:, 1] + 0.75 * boxes[:, 3]], axis=1
        )
        places = ground.at_depth(middles, measured)
        return [one and self._placed(*one, "depth") for one in places]

    def _placed(self, place: Place, z: float, source: str) -> Placed:
        rows = place.covariance.reshape(-1).tolist()
        position = (place.x, place.y, z)
        return Placed(self._camera.base, position, tuple(rows), place.deviation, source)
