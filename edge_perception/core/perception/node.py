"""The perception node: what one or several models see in the newest image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edge_perception.core import compressed
from edge_perception.core.environment import Environment
from edge_perception.core.faults import Faults
from edge_perception.core.freshness import AHEAD, LONG_AGO, OTHER_CLOCK
from edge_perception.core.image import frame, FrameError, Pixels
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Inputs,
    Level,
    NodeCore,
    Outputs,
    Port,
    Ports,
    Qos,
)
from edge_perception.core.pace import Pace
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.frozen import FrozenImages
from edge_perception.core.perception.models import Models
from edge_perception.core.perception.parameters import describe, PARAMETERS
from edge_perception.core.perception.publishing import lost_tracks, mask_image, to_messages
from edge_perception.core.perception.runner import View
from edge_perception.core.perception.stage import INPUTS
from edge_perception.core.perception.throughput import Throughput
from edge_perception.core.stamps import nanoseconds, SECOND, to_duration
from edge_perception.core.trust import trusting
from edge_perception.messages import Message
from edge_perception.messages.types import (
    CompressedImage,
    DetectionArray,
    Image,
    StageTime,
)
from edge_perception.runtime import BundleError

_TOO_LATE_MS = 500.0  # from the camera to the detections; above it, diagnostics warn

_IMAGE = Port("image", "sensor_msgs/msg/Image", "camera/image_raw", Qos.MATCHED)
_RELOAD = Port(
    "reload",
    "std_msgs/msg/Empty",
    "reload_models",
    optional=True,
    service="std_srvs/srv/Empty",
    occasional=True,
    expires=2.0,
)
_COMPRESSED = replace(_IMAGE, type="sensor_msgs/msg/CompressedImage", transport="compressed")
_OUTPUTS = (
    Port("detections", "edge_perception/msg/DetectionArray", "detections", sole=True),
    Port("masks", "sensor_msgs/msg/Image", "detections/masks", Qos.SENSOR_DATA),
    Port("status", "edge_perception/msg/PerceptionStatus", "perception_status"),
    Port("labels", "std_msgs/msg/String", "labels", Qos.LATCHED),
)


class PerceptionCore(NodeCore):
    """
    Run a compiled model, or a pipeline of several, on each image and publish what is seen.

    Header and frame_id of the results are those of the image. An image that can't be used is
    counted and reported, and gives no result: an empty result means that nothing is there. What a
    later stage of a pipeline could not add is missing in the result, which says so.
    """

    parameters = PARAMETERS
    inputs = (_IMAGE, _RELOAD, *INPUTS)
    outputs = _OUTPUTS

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._models: Models | None = None

    def ports(self, parameters: Parameters) -> Ports:
        """Choose the transport of the images, and what the stages ask for beside them."""
        compressed = parameters.text("image_transport") == "compressed"
        asked = (
            describe(parameters, trusting(self._environment, parameters).read_file).inputs
            if parameters.text("model")
            else ()
        )
        return Ports((_COMPRESSED if compressed else _IMAGE, _RELOAD, *asked), self.outputs)

    def configure(self, parameters: Parameters) -> Outputs:
        """Load the models, check that they fit, and give their labels to publish."""
        if not parameters.text("model"):
            raise ConfigurationError(
                "the parameter 'model' is empty; give the bundle that `edgec compile` wrote, "
                "e.g. model:=squeezenet1.1.edge"
            )
        self.close()
        is_compressed = parameters.text("image_transport") == "compressed"
        self._frame: Callable[[Any], Pixels] = compressed.frame if is_compressed else frame
        self._models = Models(parameters, self._environment)
        self._throughput = Throughput()
        self._faults = Faults()
        self._pace = Pace(parameters.number("rate"))
        self._frozen = FrozenImages(parameters.number("frozen_after"))
        return [("labels", self._models.labels())]

    def adapt(self, parameters: Parameters) -> None:
        """Report other detections from now on."""
        assert self._models is not None, "adapt() needs configure()"
        self._models.adapt(parameters)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Look at the newest image, if there is one; report the status once a second."""
        outputs: list[tuple[str, Message]] = []
        assert self._models is not None, "step() needs configure()"
        if self._models.exchange():
            outputs.append(("labels", self._models.labels()))
        if "reload" in inputs:
            self._models.load_again()
        self._models.pipeline.hear(inputs)
        if "image" in inputs and self._pace.admits(now):
            self._pace.advance(now)
            outputs += self._look(self._models, inputs["image"], now)
        status = self._throughput.report(self._models.name, self.traffic.get("image"), now)
        if status is not None:
            outputs.append(("status", status))
        return outputs

    def _look(self, models: Models, image: Image | CompressedImage, now: int) -> Outputs:
        """Run the models on an image."""
        clock = self._environment.monotonic
        begin = clock()
        waited = self._wait(image, now)
        if self._is_frozen(image, now):
            return []
        try:
            pixels = self._frame(image)
            header = image.header
            view = View(pixels, nanoseconds(header.stamp), header.frame_id)
            found, times = models.pipeline.run(view, begin - waited, now)
        except (FrameError, BundleError) as error:
            self._throughput.rejected += 1
            self._faults.report(now, Level.ERROR, "images", f"{self.topic('image')}: {error}")
            return []
        age = waited + clock() - begin
        self._throughput.result(now, age, times[0].milliseconds)
        width, height = pixels.size
        result = DetectionArray(
            header=image.header,
            model=models.name,
            image_width=width,
            image_height=height,
            detections=to_messages(found),
            lost=lost_tracks(found),
            stages=[StageTime("wait", waited / 1e6), *times],
            age=to_duration(age),
        )
        shown = found.masks is not None and found.boxes is not None and self.has_reader("masks")
        masks = [("masks", mask_image(found, image.header, pixels.size))] if shown else []
        return [("detections", result), *masks]

    def _is_frozen(self, image: Image | CompressedImage, now: int) -> bool:
        """Return whether an image must not be looked at, since it stays the same."""
        fault = self._frozen.look(np.frombuffer(image.data, np.uint8), now)
        if fault:
            level = Level.ERROR if self._frozen.withholds else Level.WARN
            self._faults.report(now, level, "images", f"{self.topic('image')}: {fault}")
        return bool(fault) and self._frozen.withholds

    def _wait(self, image: Image | CompressedImage, now: int) -> int:
        """Return how old the image is when work on it begins, 0 if that can't be known."""
        stamp = nanoseconds(image.header.stamp)
        if stamp == 0:
            fault = "the images carry no time (header.stamp is 0), so their age is unknown"
        elif stamp > now + AHEAD:
            fault = f"the images are stamped {(stamp - now) / SECOND:.3f} s in the future"
        elif stamp < now - LONG_AGO:
            ago = (now - stamp) / SECOND
            fault = f"the images are stamped {ago:.0f} s in the past, {OTHER_CLOCK}"
        else:
            return max(0, now - stamp)
        self._faults.report(
            now,
            Level.WARN,
            "time",
            f"{self.topic('image')}: {fault}; make the camera driver stamp them with the clock "
            "that this node uses (use_sim_time?)",
        )
        return 0

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report on the model, the images, their time, and the latency."""
        if self._models is None:
            return ()
        found = self._faults.current(now)
        shown = {
            "model": self._models.diagnostic(),
            "images": Diagnostic(
                Level.OK,
                "images",
                "images can be used" if self._throughput.processed else "no image came yet",
                {
                    "processed": str(self._throughput.processed),
                    "rejected": str(self._throughput.rejected),
                },
            ),
            "time": Diagnostic(Level.OK, "time", "the images carry a plausible time"),
            "latency": self._latency(now),
        }
        return [*({**shown, **found}).values(), *self._models.pipeline.diagnostics(now)]

    def _latency(self, now: int) -> Diagnostic:
        latency = self._throughput.latency(now)
        if not latency > _TOO_LATE_MS:
            return Diagnostic(Level.OK, "latency", "results are fresh")
        return Diagnostic(
            Level.WARN,
            "latency",
            f"5 % of the results are older than {latency:.0f} ms when they are published; use a "
            "faster model, more threads, or find what delays the images",
        )

    def close(self) -> None:
        """Free the models."""
        if self._models is not None:
            self._models.close()
            self._models = None
