"""
A vector that tells things apart, e.g. faces: the same thing has near ones.

Parameters in the manifest: ``output`` (default: the first one); ``unit``, whether the vector is
scaled to length 1, so that distances are comparable (default: yes); ``distance``, the greatest
cosine distance of two vectors of the same thing (default: 0.5); ``template``, x and y of each
landmark of the thing as the model expects to see it, as fractions of its input's sides (default:
the five points of a face of InsightFace's models).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_perception.decode import Decode, finite, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.parameters import Parameters
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_SMALLEST = np.float32(1e-12)
_FACE = (38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041)
"""Eyes, tip of the nose, corners of the mouth in 112 x 112 pixels: InsightFace's `arcface_dst`."""
TEMPLATE = tuple(value / 112 for value in _FACE)
KIND = "embedding"


@dataclass(frozen=True)
class Space:
    """
    How the vectors of a model are compared.

    :ivar distance: the greatest cosine distance (0: the same, 1: nothing in common) of the same
        thing.
    :ivar template: x and y of each landmark in what the model is shown, as fractions of its sides.
    """

    distance: float = 0.5
    template: tuple[float, ...] = TEMPLATE


def space(model: Described) -> Space:
    """
    Return how a model's vectors are compared; that of models of faces if the model doesn't say.

    :raises DecodeError: if what it says can't be.
    """
    return _space(Parameters(model)) if model.decoder.kind == KIND else Space()


def _space(given: Parameters) -> Space:
    usual = Space()
    return Space(
        given.number("distance", usual.distance, 0, 2),
        given.numbers("template", usual.template),
    )


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder; the options do not matter to it.

    :raises DecodeError: if it has no such output.
    """
    given = Parameters(model)
    output = given.output("output")
    is_unit = given.flag("unit", True)
    _space(given)
    given.check()
    label = model.labels[0] if model.labels else output.name

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        vector = finite(output.name, tensors[output.name])[None]
        if is_unit:
            vector = vector / max(_SMALLEST, np.abs(vector).max())  # whose squares are finite
            vector = vector / max(_SMALLEST, np.linalg.norm(vector))
        return Detections(
            (label,), np.full(1, -1, np.int32), np.ones(1, np.float32), embeddings=vector
        )

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take one vector of a usual length, if there are no labels."""
    if len(signature.outputs) != 1 or signature.labels or signature.image is None:
        return None
    (output,) = signature.outputs
    if output.shape not in [(1, length) for length in (128, 256, 512)]:
        return None
    if signature.is_probability(output.name):
        return None
    parameters = {"output": output.name}
    return Decoder(KIND, parameters, f"a vector of {output.shape[1]} numbers, no labels")
