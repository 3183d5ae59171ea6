"""The parameters of the perception node, and what they ask for."""

from __future__ import annotations

from edge_perception import decode
from edge_perception.core.environment import ReadFile
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.perception import description
from edge_perception.core.perception.description import Description
from edge_perception.core.perception.model import ModelRequest
from edge_perception.core.trust import ALLOW_DOWNGRADE, TRUSTED_KEYS
from edge_perception.core.whole_file import FileError

PARAMETERS = (
    Parameter(
        "image_transport",
        "raw",
        "How images come: raw, or compressed (JPEG, PNG) on the topic's image_raw/compressed.",
        choices=("raw", "compressed"),
        read_only=True,
    ),
    Parameter(
        "model",
        "",
        "The bundle (NAME.edge) that edgec compiled, or a description (NAME.yaml) of a "
        "pipeline of several.",
    ),
    TRUSTED_KEYS,
    ALLOW_DOWNGRADE,
    Parameter(
        "threads",
        0,
        "Threads that run the models; 0: one per processor. Perception nodes of one process "
        "that want as many, on the same processors, share them.",
        minimum=0,
        maximum=64,
    ),
    Parameter(
        "processors",
        [-1],
        "Numbers of the processors that the threads may use; -1: every one.",
    ),
    Parameter(
        "priority",
        0,
        "Of the models that share threads, the one with the highest goes first.",
        minimum=-1000,
        maximum=1000,
    ),
    Parameter(
        "rate",
        0.0,
        "The most images a second that are looked at; 0: as many as there is time for.",
        minimum=0.0,
        maximum=1000.0,
    ),
    Parameter(
        "frozen_after",
        0.0,
        "Seconds after which images that stay the same to the last bit give no results any more: "
        "the camera is frozen. 0: they do, as pictures and simulated cameras may be so, and "
        "diagnostics warn.",
        minimum=0.0,
        maximum=60.0,
    ),
    Parameter(
        "variant",
        "",
        "Instruction set of the library to use, e.g. 'avx2'; empty: the best one.",
    ),
    Parameter(
        "min_score",
        0.0,
        "Detections with a lower score are left out; 0: as the bundle says.",
        minimum=0.0,
        maximum=1.0,
        live=True,
    ),
    Parameter(
        "top",
        0,
        "The greatest number of detections; 0: as the bundle says.",
        minimum=0,
        maximum=1000,
        live=True,
    ),
)


def describe(parameters: Parameters, read_file: ReadFile) -> Description:
    """
    Return the pipeline that is asked for; of a single model, if that is.

    :raises ConfigurationError: if its description can't be used.
    """
    path = parameters.text("model")
    model = ModelRequest(
        path,
        parameters.integer("threads"),
        tuple(number for number in parameters.integers("processors") if number >= 0),
        parameters.text("variant"),
        parameters.integer("priority"),
    )
    if not description.is_one(path):
        return description.of_one(model)
    try:
        return description.load(model, read_file)
    except FileError as error:
        raise ConfigurationError(f"the pipeline can't be used: {error}") from error


def options_of(parameters: Parameters) -> decode.Options:
    """Return what detectors shall report."""
    return decode.Options(parameters.number("min_score"), parameters.integer("top"))
