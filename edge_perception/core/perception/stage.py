"""
A stage of perception: it takes what was found in an image so far, and adds to it.

A stage is a module of ``stages/`` with a class of that name, found by the kind that a pipeline's
description asks for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from edge_perception import decode
from edge_perception.core.environment import ReadFile
from edge_perception.core.image import Pixels
from edge_perception.core.node import Port, Qos
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.perception.model import RunnableModel
from edge_perception.decode.detections import Detections, Indices
from edge_perception.runtime.manifest import Model

CAMERA_INFO = Port(
    "camera_info",
    "sensor_msgs/msg/CameraInfo",
    "camera/camera_info",
    Qos.SENSOR_DATA,
    prompt=False,
)
ODOMETRY = Port(
    "odometry",
    "nav_msgs/msg/Odometry",
    "odometry/filtered",
    Qos.SENSOR_DATA,
    queue=200,
    prompt=False,
)
TF_STATIC = Port(
    "tf_static", "tf2_msgs/msg/TFMessage", "/tf_static", Qos.LATCHED, queue=100, prompt=False
)
DEPTH = Port("depth", "sensor_msgs/msg/Image", "depth/image", Qos.MATCHED, prompt=False)
INPUTS = (CAMERA_INFO, TF_STATIC, ODOMETRY, DEPTH)
"""What stages may ask for beside the image."""


@dataclass(frozen=True)
class Setup:
    """
    What a stage is made with.

    :ivar name: of the stage, which no other has.
    :ivar options: those that its class declares.
    :ivar model: loaded and tested; None if it runs none.
    :ivar before: the stages before it by name, in their order.
    :ivar after: what the models of the stages after it say of themselves.
    :ivar folder: from which files of its options are meant.
    :ivar read_file: reads them.
    """

    name: str
    options: Parameters
    model: RunnableModel | None = None
    before: Mapping[str, Stage] = field(default_factory=dict)
    after: Sequence[Model] = ()
    folder: Path = Path()
    read_file: ReadFile | None = None


@dataclass(frozen=True)
class Look:
    """
    An image that is looked at.

    :ivar pixels: of the image.
    :ivar lap: ends a part of the stage, and gives its name; times of parts are published of the
        first stage.
    :ivar stamp: when it was taken [ns]; 0 if that isn't known.
    :ivar frame: the camera's, that its header names.
    """

    pixels: Pixels
    lap: Callable[[str], None]
    stamp: int = 0
    frame: str = ""


class Stage(ABC):
    """
    Base of all stages.

    :cvar parameters: its options in a pipeline's description.
    :cvar runs_model: whether it needs one.
    :cvar may_ask: whether a server may be asked what its model says.
    :cvar sees_nothing: whether it also wants to know of images in which there is nothing.
    :cvar sees_stills: whether it makes something of a single picture, of which neither the time
        nor the camera is known.
    :ivar labels: all that it may call a thing; None if that is unknown.
    """

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    runs_model: ClassVar[bool] = True
    may_ask: ClassVar[bool] = False
    sees_nothing: ClassVar[bool] = False
    sees_stills: ClassVar[bool] = True
    labels: tuple[str, ...] | None = ()

    @abstractmethod
    def __init__(self, setup: Setup) -> None:
        """
        Take the options.

        :raises BundleError: if the model doesn't fit.
        :raises ConfigurationError: if an option can't be used.
        """

    def choose(self, found: Detections) -> Indices:
        """Return which of the things it has to look at, the most important first; here all."""
        return found.indices()

    @abstractmethod
    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """
        Return what was found with what the stage adds.

        :param chosen: the things that there is time for, out of `choose`.
        :raises BundleError: if the model fails.
        """

    @classmethod
    def inputs(cls, options: Parameters) -> tuple[Port, ...]:
        """Return which of `INPUTS` it needs; here none."""
        return ()

    def hear(self, inputs: Mapping[str, Any]) -> None:
        """Take what came on `INPUTS` since the last time; here it doesn't matter."""
        return

    def values(self) -> Mapping[str, str]:
        """Return what diagnostics show beside its state; here nothing."""
        return {}

    def adapt(self, options: decode.Options) -> None:
        """Take what the user chooses while the node works; here it doesn't matter."""
        return


def image_model(setup: Setup) -> tuple[RunnableModel, Model]:
    """
    Return the model of a stage, and its description.

    :raises DecodeError: if it takes no images.
    """
    assert setup.model is not None, "the stage declares that it runs a model"
    facts = setup.model.manifest.model
    if facts.preprocess is None:
        raise decode.DecodeError(
            f"the model {facts.name} takes no camera image: none of its inputs has a "
            "preprocessing; compile it again with one"
        )
    return setup.model, facts
