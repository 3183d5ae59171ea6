"""
A stage of perception: it takes what was found in an image so far, and adds to it.

A stage is a module of ``stages/`` with a class of that name, found by the kind that a pipeline's
description asks for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from edge_perception import decode
from edge_perception.core.environment import ReadFile
from edge_perception.core.image import Pixels
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.perception.model import RunnableModel
from edge_perception.decode.detections import Detections, Indices
from edge_perception.runtime.manifest import Model


@dataclass(frozen=True)
class Setup:
    """
    What a stage is made with.

    :ivar name: of the stage, which no other has.
    :ivar options: those that its class declares.
    :ivar model: loaded and tested; None if it runs none.
    :ivar before: the stages before it.
    :ivar folder: from which files of its options are meant.
    :ivar read_file: reads them.
    """

    name: str
    options: Parameters
    model: RunnableModel | None = None
    before: Sequence[Stage] = ()
    folder: Path = Path()
    read_file: ReadFile | None = None


@dataclass(frozen=True)
class Look:
    """
    An image that is looked at.

    :ivar pixels: of the image.
    :ivar lap: ends a part of the stage whose time is published by itself, and gives its name.
    """

    pixels: Pixels
    lap: Callable[[str], None]


class Stage(ABC):
    """
    Base of all stages.

    :cvar parameters: its options in a pipeline's description.
    :cvar runs_model: whether it needs one.
    :ivar labels: all that it may call a thing; None if that is unknown.
    """

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    runs_model: ClassVar[bool] = True
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
