"""
A vector that tells things apart, e.g. faces: the same thing has near ones.

Parameters in the manifest: ``output`` (default: the first one); ``unit``, whether the vector is
scaled to length 1, so that distances are comparable (default: yes).
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, finite, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.parameters import Parameters
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_SMALLEST = np.float32(1e-12)


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder; the options do not matter to it.

    :raises DecodeError: if it has no such output.
    """
    given = Parameters(model)
    output = given.output("output")
    is_unit = given.flag("unit", True)
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
    return Decoder("embedding", parameters, f"a vector of {output.shape[1]} numbers, no labels")
