"""The annotation node: images with what was seen in them, for rviz and the like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_perception.core.decision import rules
from edge_perception.core.decision.zones import Plane, Zone
from edge_perception.core.environment import ReadFile
from edge_perception.core.faults import Faults
from edge_perception.core.image import FrameError, to_message
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Inputs,
    Level,
    NodeCore,
    Outputs,
    Port,
    Qos,
)
from edge_perception.core.pace import Pace
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.core.whole_file import FileError
from edge_perception.messages.types import Decision, DetectionArray, Image

Draw = Callable[
    [Image, DetectionArray, Decision | None, int, Sequence[Zone]], npt.NDArray[np.uint8]
]
"""Draws an image, its detections and the decision on it, at most so wide, with zones, as rgb8."""

_MOST_IMAGES = 32  # that wait for their detections
_MOST_BYTES = 64 << 20
_PATIENCE = SECOND // 20  # for the decision that follows detections


class AnnotateCore(NodeCore):
    """
    Draw what was seen into the image that it was seen in, while somebody looks.

    Detections belong to the image of the same time stamp. Without a reader, and between two
    pictures of the rate, nothing is drawn.
    """

    parameters = (
        Parameter("rate", 5.0, "Pictures per second, at most.", minimum=0.1, maximum=60.0),
        Parameter(
            "max_width",
            640,
            "Width in pixels to which larger images are scaled down; 0: none is.",
            minimum=0,
            maximum=16384,
        ),
        Parameter(
            "rules", "", "The decision's rule file, if the zones of the image shall be drawn."
        ),
    )
    inputs = (
        Port("image", "sensor_msgs/msg/Image", "camera/image_raw", Qos.SENSOR_DATA, queue=4),
        Port("detections", "edge_perception/msg/DetectionArray", "detections"),
        Port("decision", "edge_perception/msg/Decision", "decision", optional=True),
    )
    outputs = (Port("image", "sensor_msgs/msg/Image", "detections/image", Qos.SENSOR_DATA),)

    def __init__(self, draw: Draw, read_file: ReadFile) -> None:
        """
        Create the node.

        :param draw: makes the picture.
        :param read_file: reads the rules.
        """
        self._draw = draw
        self._read_file = read_file
        self._faults = Faults()

    def configure(self, parameters: Parameters) -> Outputs:
        """Take the parameters, and the zones of the rules."""
        self._zones = self._read_zones(parameters.text("rules"))
        self._pace = Pace(parameters.number("rate"))
        self._width = parameters.integer("max_width")
        self._images: dict[int, Image] = {}
        self._seen: DetectionArray | None = None
        self._seen_at = 0
        self._decision: Decision | None = None
        return ()

    def _read_zones(self, path: str) -> Sequence[Zone]:
        """Return the zones of the image that rules have."""
        if not path:
            return ()
        try:
            zones = rules.load(Path(path), self._read_file).zones.values()
        except FileError as error:
            raise ConfigurationError(f"the zones can't be drawn: {error}") from error
        return [zone for zone in zones if zone.plane is Plane.IMAGE]

    def period(self) -> float:
        """Return how long to wait for a decision."""
        return _PATIENCE / SECOND if self._seen is not None else 0.1

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Draw the newest image whose detections are known."""
        if not self.has_reader("image"):
            self._images.clear()
            self._seen = None
            return ()
        for image in inputs.get("image", ()):
            self._keep(image)
        if "detections" in inputs:
            self._seen, self._seen_at = inputs["detections"], now
        if "decision" in inputs:
            self._decision = inputs["decision"]
        if self._seen is None or self._pace.wait(now):
            return ()
        stamp = nanoseconds(self._seen.header.stamp)
        if stamp not in self._images:
            return ()
        decision = self._decision if self._is_on(stamp) else None
        if decision is None and 0 <= now - self._seen_at < _PATIENCE:
            return ()
        self._pace.advance(now)
        seen, self._seen = self._seen, None
        return self._picture(self._images[stamp], seen, decision, now)

    def _is_on(self, stamp: int) -> bool:
        """Return whether the newest decision is on the image of a time stamp."""
        decision = self._decision
        return decision is not None and nanoseconds(decision.header.stamp) == stamp

    def _keep(self, image: Image) -> None:
        """Keep an image until its detections come, and the newest ones only."""
        self._images[nanoseconds(image.header.stamp)] = image
        while len(self._images) > _MOST_IMAGES or (
            len(self._images) > 1
            and sum(len(one.data) for one in self._images.values()) > _MOST_BYTES
        ):
            del self._images[next(iter(self._images))]

    def _picture(
        self, image: Image, seen: DetectionArray, decision: Decision | None, now: int
    ) -> Outputs:
        try:
            pixels = self._draw(image, seen, decision, self._width, self._zones)
        except FrameError as error:
            self._faults.report(now, Level.ERROR, "images", f"{self.topic('image')}: {error}")
            return ()
        return [("image", to_message(pixels, "rgb8", image.header))]

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report images that can't be drawn."""
        fine = {"images": Diagnostic(Level.OK, "images", "can be drawn")}
        return list({**fine, **self._faults.current(now)}.values())
